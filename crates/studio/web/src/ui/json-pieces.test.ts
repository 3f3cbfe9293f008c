import { expect, test } from "vitest";
import { entriesOf, summaryOf } from "./json-pieces";

test("no more entries are taken than are asked for", () => {
  expect(entriesOf({ a: 1, b: 2, c: 3 }, 2)).toEqual([
    ["a", 1],
    ["b", 2],
  ]);
  expect(entriesOf(["x", "y"], 9)).toEqual([
    ["0", "x"],
    ["1", "y"],
  ]);
});

test("a summary stays short", () => {
  expect(summaryOf({ a: "x".repeat(9999), b: [1], c: {}, d: null, e: 5 }, false)).toBe(
    `{ a: "${"x".repeat(23)}…", b: […], c: {}, d: null, … } 5 fields`,
  );
  expect(summaryOf([1], true)).toBe("1 item");
});
