import { expect, test } from "vitest";
import type { Diagnostic } from "../api/types";
import { byFile, count } from "./problem-groups";

const finding = (path: string, severity: "error" | "warning", from: number): Diagnostic => ({ path, severity, from }) as Diagnostic;
const ALL = [finding("b", "warning", 5), finding("c", "error", 9), finding("b", "warning", 1), finding("a", "warning", 0), finding("c", "warning", 2)];

test("files with errors stand first, findings in the order of the text", () => {
  const files = byFile(ALL, "all").map(({ path, findings }) => [path, findings.map((one) => one.from)]);
  expect(files).toEqual([
    ["c", [2, 9]],
    ["a", [0]],
    ["b", [1, 5]],
  ]);
  expect(byFile(ALL, "error")).toHaveLength(1);
  expect(count(ALL)).toEqual({ errors: 1, warnings: 4 });
});
