import { expect, test } from "vitest";
import type { RunStep } from "../api/types";
import { between, type LiveRecord, RecordReader } from "./records";
import recorded from "./testdata/retried-and-resumed.json";

// What a server recorded, and the steps that it made of that: waits, a loop that calls a flow, three attempts, and all three
// again after an operator let the run go on.
const records = recorded.records as unknown as LiveRecord[];
const timeline = recorded.timeline as unknown as { steps: RunStep[]; events: unknown[] };

/** Durations have the server's nanoseconds: here microseconds are enough. */
function rounded(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) => (key === "duration_ms" && typeof inner === "number" ? Math.round(inner * 100) : inner)),
  );
}

test("records become the steps that the server makes of them", () => {
  const reader = new RecordReader();
  for (const record of records) reader.take(record);
  expect(rounded(reader.steps("failed"))).toEqual(rounded(timeline.steps));
  expect(reader.events()).toEqual(timeline.events);
});

test("at each moment a step stands as it does then", () => {
  const reader = new RecordReader();
  const seen = records.map((record) => {
    reader.take(record);
    const step = reader.steps("running").find((one) => one.key === "steps/3" && one.state !== "dropped");
    return step === undefined ? null : `${step.state} ${step.attempts.length}`;
  });
  expect(seen.slice(10, 21)).toEqual([
    "running 1",
    "running 1",
    "sleeping 1",
    "running 1",
    "running 2",
    "running 2",
    "sleeping 2",
    "running 2",
    "running 3",
    "failed 3",
    null,
  ]);
});

test("what goes on when a run has ended was broken off, or is in doubt", () => {
  const reader = new RecordReader();
  const at = "2026-01-01T00:00:00Z";
  reader.take({ record: "started", key: "steps/0", attempt: 1, at, action: "a", effect: "once", input: null });
  reader.take({ record: "started", key: "steps/1", attempt: 1, at, action: "a", effect: "read", input: null });
  const states = (status: "in_doubt" | "cancelled" | "running"): string[] => reader.steps(status).map((step) => step.state);
  expect(states("running")).toEqual(["running", "running"]);
  expect(states("in_doubt")).toEqual(["in_doubt", "dropped"]);
  expect(states("cancelled")).toEqual(["dropped", "dropped"]);
  reader.take({ record: "withdrawn", key: "steps/0", attempt: 1, at });
  expect(states("in_doubt")).toEqual(["dropped", "dropped"]);
});

test("microseconds are not lost, and a clock that was set back counts nothing", () => {
  expect(between("2026-01-01T00:00:00.000100Z", "2026-01-01T00:00:01.000350999Z")).toBe(1000.25);
  expect(between("2026-01-01T00:00:01Z", "2026-01-01T00:00:00Z")).toBe(0);
});
