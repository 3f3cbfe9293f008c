import { expect, test } from "vitest";
import type { LiveRecord } from "./records";
import { RecordReader } from "./records";
import { paintRun } from "./paint-run";

const at = (ms: number): string => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();
const started = (key: string, attempt: number, ms: number, effect = "idempotent"): LiveRecord => ({
  record: "started",
  key,
  attempt,
  at: at(ms),
  action: "test.act",
  effect,
  input: [{ of: key }, "digest"],
});
const ended = (key: string, attempt: number, ms: number, Ok: unknown = 1): LiveRecord => ({
  record: "finished",
  key,
  attempt,
  at: at(ms),
  verb: "action",
  outcome: { Ok: { shown: Ok } },
});
const failed = (key: string, attempt: number, ms: number, isTriedAgain: boolean): LiveRecord => ({
  record: "finished",
  key,
  attempt,
  at: at(ms),
  verb: "action",
  outcome: { Err: { shown: { code: "x", retry_in: isTriedAgain ? { secs: 1, nanos: 0 } : null } } },
});
const sleeping = (key: string, attempt: number, ms: number, until: number): LiveRecord => ({
  record: "sleeping",
  key,
  attempt,
  at: at(ms),
  until: at(until),
});

const PATHS = new Set(["steps/0", "steps/1", "steps/1/each/#/steps/0", "steps/1/each/#/steps/1", "steps/2", "steps/2/then/0"]);

function paint(records: readonly LiveRecord[], status: "running" | "sleeping" | "in_doubt" | "cancelled" = "running") {
  const reader = new RecordReader();
  for (const record of records) reader.take(record);
  const { steps } = paintRun("run", reader.steps(status), PATHS, null, false);
  return Object.fromEntries([...steps].map(([path, { state, note }]) => [path, note === undefined ? state : `${state}: ${note}`]));
}

test("a step lights up when it begins and says how long it took", () => {
  expect(paint([started("steps/0", 1, 0)])).toEqual({ "steps/0": "running" });
  expect(paint([started("steps/0", 1, 0), ended("steps/0", 1, 12)])).toEqual({ "steps/0": "taken: 12 ms" });
  expect(paint([started("steps/0", 1, 0), failed("steps/0", 1, 12, false)])).toEqual({ "steps/0": "failed: 12 ms" });
});

test("attempts are counted, in the pause between them too", () => {
  const first = [started("steps/0", 1, 0), failed("steps/0", 1, 5, true)];
  expect(paint(first)).toEqual({ "steps/0": "retrying: attempt 1" });
  expect(paint([...first, sleeping("steps/0@retry", 2, 6, 1000)], "sleeping")).toEqual({ "steps/0": "retrying: attempt 1" });
  const second = [...first, started("steps/0", 2, 1000)];
  expect(paint(second)).toEqual({ "steps/0": "retrying: attempt 2" });
  expect(paint([...second, ended("steps/0", 2, 1010)])).toEqual({ "steps/0": "taken: attempt 2" });
});

test("iterations count together, and the loop goes on as long as one of them does", () => {
  const one = [started("steps/1/each/0/steps/0", 1, 0), ended("steps/1/each/0/steps/0", 1, 10)];
  expect(paint([...one, started("steps/1/each/1/steps/0", 1, 10)])).toEqual({
    "steps/1": "running",
    "steps/1/each/#/steps/0": "running: 2×, 10 ms",
  });
  expect(paint([...one, started("steps/1/each/1/steps/0", 1, 15), failed("steps/1/each/1/steps/0", 1, 20, false)])).toMatchObject({
    "steps/1": "taken",
    "steps/1/each/#/steps/0": "failed: 2×, 15 ms",
  });
});

test("a called flow lights up the step that calls it", () => {
  expect(paint([started("steps/1/each/0/steps/1/call/steps/2/then/0", 1, 0)])).toEqual({
    "steps/1": "running",
    "steps/1/each/#/steps/1": "running",
  });
  expect(paint([sleeping("steps/2/then/0/call/steps/4@wait", 1, 0, 5000)], "sleeping")).toEqual({
    "steps/2/then/0": "sleeping",
    "steps/2": "sleeping",
  });
});

test("what was dropped by an operator begins anew, and what nobody knows is in doubt", () => {
  const lost = started("steps/0", 1, 0, "once");
  expect(paint([lost], "in_doubt")).toEqual({ "steps/0": "in_doubt" });
  expect(paint([lost], "cancelled")).toEqual({ "steps/0": "missed: broken off" });
  const again: LiveRecord[] = [lost, { record: "dropped", at: at(5), keys: ["steps/0"] }, { record: "resumed", at: at(5), attempt: 2 }];
  expect(paint([...again, started("steps/0", 1, 10, "once"), ended("steps/0", 1, 12)])).toEqual({ "steps/0": "taken: 2 ms" });
});

test("where the server has found the exact path, it says what else ran and what did not", () => {
  const reader = new RecordReader();
  reader.take(started("steps/1/each/0/steps/0", 1, 0));
  reader.take(ended("steps/1/each/0/steps/0", 1, 3));
  const exact = {
    steps: { "steps/0": true, "steps/1": true, "steps/1/each/#/steps/0": true, "steps/2": false },
    ways: [{ path: "steps/1", way: "body", taken: true }],
  };
  const painted = paintRun("run", reader.steps("succeeded"), PATHS, exact, true);
  expect(painted.steps.get("steps/0")).toEqual({ state: "taken" });
  expect(painted.steps.get("steps/2")).toEqual({ state: "missed" });
  expect(painted.steps.get("steps/1/each/#/steps/0")).toEqual({ state: "taken", note: "3 ms" });
  expect(paintRun("run", reader.steps("running"), PATHS, exact, false).steps.has("steps/2")).toBe(false);
  expect([...painted.ways]).toEqual([["steps/1 body", true]]);
});
