import { describe, expect, it } from "vitest";
import { type Entry, grouped, matching } from "./catalogue";

function entry(name: string, group: string, summary: string, lacks: string | null = null): Entry {
  return { key: name, name, group, summary, docs: summary, icon: "action", step: { action: name }, lacks };
}

const ENTRIES = [
  entry("if", "Flow", "Goes one of two ways."),
  entry("auth0.update_user", "Auth0", "Changes a user."),
  entry("auth0.create_user", "Auth0", "Makes a user."),
  entry("log.write", "Log", "Writes a line; what a user sees not."),
];

function names(query: string): string[] {
  return matching(ENTRIES, query).map((found) => found.name);
}

describe("the catalogue", () => {
  it("finds by all words, names before summaries", () => {
    expect(names("user")).toEqual(["auth0.update_user", "auth0.create_user", "log.write"]);
    expect(names("create user")).toEqual(["auth0.create_user"]);
    expect(names("create")).toEqual(["auth0.create_user"]);
    expect(names("if")).toEqual(["if"]);
    expect(names("nothing")).toEqual([]);
  });

  it("offers what lacks a connection behind what does not", () => {
    const entries = [entry("okta.get_user", "Okta", "Gets a user.", "okta"), ...ENTRIES];
    expect(matching(entries, "user").map((found) => found.name)).toEqual(["auth0.update_user", "auth0.create_user", "log.write", "okta.get_user"]);
  });

  it("stands in groups, in their order", () => {
    expect(grouped(ENTRIES).map(([group, members]) => [group, members.length])).toEqual([
      ["Flow", 1],
      ["Auth0", 2],
      ["Log", 1],
    ]);
  });
});
