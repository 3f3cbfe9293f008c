import { expect, test } from "vitest";
import { coverageNumbers, coveragePaint } from "./coverage";

const PART = {
  steps: { "steps/0": true, "steps/0/then/0": false, "steps/1": true },
  ways: [
    { path: "steps/0", way: "then", taken: false },
    { path: "steps/0", way: "else", taken: true },
    { path: "steps/0", way: "next", taken: true },
  ],
};

test("coverage counts steps and choices", () => {
  expect(coverageNumbers(PART)).toEqual({ steps: 3, ran: 2, ways: 2, taken: 1, percent: 60 });
  expect(coverageNumbers({ steps: {}, ways: [] }).percent).toBe(100);
  const nearly = { steps: Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`steps/${n}`, n > 0])), ways: [] };
  expect(coverageNumbers(nearly).percent).toBe(99);
});

test("coverage paints what ran and what did not", () => {
  const paint = coveragePaint(PART);
  expect(paint.steps.get("steps/0/then/0")).toEqual({ state: "missed" });
  expect(paint.ways.get("steps/0 then")).toBe(false);
  expect(paint.ways.get("steps/0 else")).toBe(true);
});
