import { expect, test } from "vitest";
import type { Connection } from "../api/types";
import { readUser, TARGETS, targetText } from "./connection-words";

test("who needs a scope is a flow, with the action that it calls", () => {
  expect(readUser("import-user (auth0.create_user)")).toEqual({ flow: "import-user", action: "auth0.create_user" });
  expect(readUser("import-user")).toEqual({ flow: "import-user", action: null });
});

test("an emulated tenant is never told like a real one", () => {
  expect(TARGETS.emulated.label).not.toBe(TARGETS.real.label);
  expect(targetText({ target: "real", url: "https://a.eu.auth0.com" } as Connection)).toContain("https://a.eu.auth0.com");
  expect(targetText({ target: "emulated", url: null } as Connection)).toMatch(/No real user/);
});
