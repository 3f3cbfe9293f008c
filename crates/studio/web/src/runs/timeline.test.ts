import { expect, test } from "vitest";
import type { RunStep } from "../api/types";
import { timelineRows, timeOf, timeScale } from "./timeline";

const BEGIN = Date.UTC(2026, 0, 1);
const at = (ms: number): string => new Date(BEGIN + ms).toISOString();

function step(key: string, from: number, to: number | null, more: Partial<RunStep> = {}): RunStep {
  const times = { started_at: at(from), ended_at: to === null ? null : at(to), duration_ms: to === null ? null : to - from };
  return {
    key,
    verb: "action",
    action: "test.act",
    effect: "read",
    state: to === null ? "running" : "finished",
    sleeps_until: null,
    attempts: [{ number: 1, error: null, next_at: null, ...times }],
    input: null,
    output: null,
    error: null,
    values: [],
    ...times,
    ...more,
  };
}

const rowsOf = (steps: readonly RunStep[]) => timelineRows(steps, new Map([["steps/0", "Users"]]), BEGIN + 1000);

test("loops, iterations and calls stand around what happened in them", () => {
  const rows = rowsOf([
    step("steps/0/each/0/steps/0", 0, 10),
    step("steps/0/each/1/steps/0", 5, 20),
    step("steps/0/each/0/steps/1/call/steps/2", 10, 30),
    step("steps/1", 30, null),
  ]);
  expect(rows.map((row) => `${"  ".repeat(row.depth)}${row.kind} ${row.title}`)).toEqual([
    "loop Users",
    "  iteration [0]",
    "    step test.act",
    "    call called flow",
    "      step test.act",
    "  iteration [1]",
    "    step test.act",
    "step test.act",
  ]);
  expect(rows[0]?.span).toEqual({ from: BEGIN, to: BEGIN + 30 });
  expect(rows[0]?.inside).toBe(2);
  expect(rows[4]?.path).toBe("steps/0/each/#/steps/1");
  expect(rows.at(-1)?.span.to).toBe(BEGIN + 1000);
});

test("attempts are at work, the pauses between them and waits sleep", () => {
  const retried = step("steps/0", 0, 130, {
    attempts: [
      { number: 1, started_at: at(0), ended_at: at(10), duration_ms: 10, error: { code: "x" }, next_at: at(110) },
      { number: 2, started_at: at(110), ended_at: at(130), duration_ms: 20, error: null, next_at: null },
    ],
  });
  const [row, wait] = rowsOf([retried, step("steps/1", 130, null, { verb: "wait" })]);
  expect(row?.work.map((span) => [span.from - BEGIN, span.to - BEGIN, span.isFailed])).toEqual([
    [0, 10, true],
    [110, 130, false],
  ]);
  expect(row?.sleeps.map((span) => [span.from - BEGIN, span.to - BEGIN])).toEqual([[10, 110]]);
  expect(wait?.work).toEqual([]);
  expect(wait?.sleeps).toEqual([{ from: BEGIN + 130, to: BEGIN + 1000 }]);
});

test("days of sleep do not hide milliseconds of work, and the order of time is kept", () => {
  const day = 86_400_000;
  const rows = rowsOf([step("steps/0", 0, 10), step("steps/1", 10, 10 + day, { verb: "wait" }), step("steps/2", 10 + day, 20 + day)]);
  const scale = timeScale(rows, { from: BEGIN, to: BEGIN + day + 20 });
  expect(scale.isShortened).toBe(true);
  expect(scale.at(BEGIN)).toBe(0);
  expect(scale.at(BEGIN + 10)).toBeCloseTo(0.06);
  expect(scale.at(BEGIN + 10 + day)).toBeCloseTo(0.94);
  expect(scale.at(BEGIN + 20 + day)).toBe(1);
  let last = 0;
  for (let time = BEGIN - 5; time < BEGIN + day + 30; time += day / 97) {
    expect(scale.at(time)).toBeGreaterThanOrEqual(last);
    last = scale.at(time);
  }
});

test("a scale without length, or without work, does not fail", () => {
  expect(timeScale([], { from: BEGIN, to: BEGIN }).at(BEGIN)).toBe(0);
  const rows = rowsOf([step("steps/1", 0, 100, { verb: "wait" })]);
  expect(timeScale(rows, { from: BEGIN, to: BEGIN + 100 }).at(BEGIN + 50)).toBeCloseTo(0.5);
});

test("microseconds count", () => {
  expect(timeOf("2026-01-01T00:00:00.000250Z") - BEGIN).toBeCloseTo(0.25, 3);
  expect(timeOf("2026-01-01T00:00:00.5Z") - BEGIN).toBe(500);
});
