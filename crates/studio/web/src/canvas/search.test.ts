import { describe, expect, it } from "vitest";
import type { OutlineStep } from "../api/types";
import { found } from "./search";

const TEXT = "- id: user\n  action: auth0.create_user\n  then:\n    - respond: { body: Quota }\n";

function step(path: string, title: string, id: string | null, from: number, to: number): OutlineStep {
  return { path, title, id, kind: "action", list: "steps", index: 0, from, to };
}

const STEPS = [
  step("steps/0", "create user", "user", 2, TEXT.length),
  step("steps/0/then/0", "respond 200", null, TEXT.indexOf("respond"), TEXT.length),
];

function paths(query: string): string[] {
  return found(STEPS, TEXT, query).map((step) => step.path);
}

describe("a search", () => {
  it("finds titles, ids and what is written", () => {
    expect(paths("CREATE")).toEqual(["steps/0"]);
    expect(paths("user create")).toEqual(["steps/0"]);
    expect(paths("auth0.create")).toEqual(["steps/0"]);
  });

  it("finds a step by what is its own, not by what is inside", () => {
    expect(paths("quota")).toEqual(["steps/0/then/0"]);
  });

  it("finds nothing for nothing", () => {
    expect(paths("  ")).toEqual([]);
    expect(paths("nowhere")).toEqual([]);
  });
});
