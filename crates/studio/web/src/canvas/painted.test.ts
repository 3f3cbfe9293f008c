import { describe, expect, it } from "vitest";
import type { Paint } from "../document/paint";
import { paintedOf } from "./painted";
import { allVerbs } from "./testing/pictures";

const PAINT: Paint = {
  title: "run",
  steps: new Map([
    ["steps/0", { state: "taken" }],
    ["steps/0/then/0", { state: "missed" }],
    ["steps/1", { state: "taken" }],
    ["steps/1/cases/de/0", { state: "taken", note: "2 ms" }],
    ["steps/1/cases/fr/0", { state: "missed" }],
    ["steps/1/default/0", { state: "missed" }],
    ["steps/2", { state: "taken" }],
    ["steps/2/parallel/mail/0", { state: "taken" }],
    ["steps/2/parallel/mail/0/on_error/timeout/0", { state: "missed" }],
    ["steps/2/parallel/mail/0/on_error/rate_limited/0", { state: "missed" }],
    ["steps/2/parallel/audit/0", { state: "taken" }],
    ["steps/3", { state: "failed" }],
  ]),
  ways: new Map([
    ["steps/1 case:0", true],
    ["steps/1 case:1", false],
    ["steps/1 default", false],
  ]),
};

describe("a painted picture", () => {
  const painted = paintedOf(allVerbs, PAINT);

  it("has begun where a step ran", () => {
    expect(painted.cards.get("trigger")?.state).toBe("taken");
  });

  it("tells the end of a parallel from what leads to it", () => {
    expect(painted.cards.get("join:steps/2")?.state).toBe("taken");
  });

  it("has not gone on behind a failure", () => {
    expect(painted.cards.get("end")?.state).toBe("missed");
  });

  it("paints the ways that are told", () => {
    expect(painted.ways.get("steps/1 case:0")).toBe(true);
    expect(painted.ways.get("steps/1 case:1")).toBe(false);
  });

  it("keeps what is noted of a step", () => {
    expect(painted.cards.get("steps/1/cases/de/0")).toEqual({ state: "taken", note: "2 ms" });
  });
});
