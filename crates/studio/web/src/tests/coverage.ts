// What of a flow its tests have run: on the picture, and in numbers.
import type { PartCoverage } from "../api/types";
import { type Paint, wayKey } from "../document/paint";

export function coveragePaint(coverage: PartCoverage): Paint {
  return {
    title: "coverage",
    steps: new Map(Object.entries(coverage.steps).map(([path, ran]) => [path, { state: ran ? "taken" : "missed" }])),
    ways: new Map(coverage.ways.map(({ path, way, taken }) => [wayKey(path, way), taken])),
  };
}

export interface CoverageNumbers {
  readonly steps: number;
  readonly ran: number;
  /** Ways out of decisions, and into handlers. That a step is followed by the next one is none. */
  readonly ways: number;
  readonly taken: number;
  /** Of steps and ways together; whole only where nothing is missing. */
  readonly percent: number;
}

const NO_CHOICE = ["next", "body"];

export function coverageNumbers({ steps, ways }: PartCoverage): CoverageNumbers {
  const ran = Object.values(steps);
  const choices = ways.filter(({ way }) => !NO_CHOICE.includes(way) && !way.startsWith("branch:"));
  const count = { steps: ran.length, ran: ran.filter(Boolean).length, ways: choices.length, taken: choices.filter((one) => one.taken).length };
  const all = count.steps + count.ways;
  const done = count.ran + count.taken;
  return { ...count, percent: all === 0 || done === all ? 100 : Math.min(99, Math.round((done / all) * 100)) };
}
