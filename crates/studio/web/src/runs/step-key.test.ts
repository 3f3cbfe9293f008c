import { expect, test } from "vitest";
import { ownPath, readKey, stepsAround, withoutPart } from "./step-key";

test("a key is a path with the indices taken out", () => {
  expect(readKey("steps/2/each/4/steps/0@input")).toMatchObject({
    places: [{ path: "steps/2/each/#/steps/0", indices: [4] }],
    part: "input",
  });
  expect(readKey("steps/3").places).toEqual([{ path: "steps/3", indices: [] }]);
  expect(readKey("on_error/0/then/1").places[0]?.path).toBe("on_error/0/then/1");
  expect(withoutPart("steps/1@wait")).toBe("steps/1");
});

test("what was called has a place of its own, and calls and loops are scopes", () => {
  const key = readKey("steps/3/each/2/steps/0/call/steps/6/on_error/user_exists/0");
  expect(key.places).toEqual([
    { path: "steps/3/each/#/steps/0", indices: [2] },
    { path: "steps/6/on_error/user_exists/0", indices: [] },
  ]);
  expect(key.scopes.map((scope) => [scope.kind, scope.key, scope.index])).toEqual([
    ["loop", "steps/3", null],
    ["iteration", "steps/3/each/2", 2],
    ["call", "steps/3/each/2/steps/0", null],
  ]);
  expect(ownPath("steps/3/each/2/steps/0/call/steps/6")).toBe("steps/3/each/#/steps/0");
});

test("names that are words of the language are names", () => {
  expect(readKey("steps/0/parallel/call/0/cases/each/1/on_error/0").places[0]?.path).toBe(
    "steps/0/parallel/call/0/cases/each/1/on_error/0",
  );
  expect(readKey("steps/0/on_error/*/0/each/7/steps/1").places[0]).toEqual({
    path: "steps/0/on_error/*/0/each/#/steps/1",
    indices: [7],
  });
});

test("the steps around a step are those that are in the flow", () => {
  const steps = new Set(["steps/0", "steps/0/then/1", "steps/0/then/1/each/#/steps/0"]);
  expect(stepsAround("steps/0/then/1/each/#/steps/0", steps)).toEqual(["steps/0/then/1", "steps/0"]);
});
