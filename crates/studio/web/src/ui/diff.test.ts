import { expect, test } from "vitest";
import { diffLines } from "./diff";

const sides = (before: string, after: string): [string, string] => {
  const lines = diffLines(before, after);
  const side = (other: string): string =>
    lines
      .filter((line) => line.kind !== other)
      .map((line) => line.text)
      .join("\n");
  return [side("added"), side("removed")];
};

test("a difference holds both texts, and no more than it must", () => {
  const cases = [
    ["", ""],
    ["a\nb\nc", "a\nc"],
    ["a\nb", "b\na"],
    ["a\na\na", "a\na"],
    ["x", "y\nx\nz"],
  ] as const;
  for (const [before, after] of cases) expect(sides(before, after)).toEqual([before, after]);
  expect(diffLines("a\nb\nc\nd", "a\nx\nc\nd").filter((line) => line.kind !== "same")).toHaveLength(2);
});
