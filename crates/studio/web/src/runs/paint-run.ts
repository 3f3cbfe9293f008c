// A run on the picture of its flow: which steps ran and how they ended, from what was recorded, and the exact path where the
// server has found it.
import type { Paint, PaintedStep, StepState } from "../document/paint";
import { wayKey } from "../document/paint";
import type { PartCoverage, RunStep } from "../api/types";
import { readKey, stepsAround } from "./step-key";
import { durationText } from "./times";

/** The state of a step in words and for the picture. */
export function stateOf(step: RunStep): StepState {
  switch (step.state) {
    case "finished":
      return "taken";
    case "failed":
      return "failed";
    case "running":
      return attemptNumber(step) > 1 || isPaused(step) ? "retrying" : "running";
    case "sleeping":
      return isPaused(step) ? "retrying" : "sleeping";
    case "in_doubt":
      return "in_doubt";
    case "dropped":
      return "missed";
  }
}

/** Which attempt goes on, or was the last one. */
export function attemptNumber(step: RunStep): number {
  return step.attempts.at(-1)?.number ?? 1;
}

/** Whether it waits for its next attempt. */
function isPaused(step: RunStep): boolean {
  const last = step.attempts.at(-1);
  return step.ended_at === null && last !== undefined && last.error !== null && last.ended_at !== null;
}

/** The steps that count: of those with one key the last; what an operator had done again stands before it. */
export function countingSteps(steps: readonly RunStep[]): RunStep[] {
  return [...new Map(steps.map((step) => [step.key, step])).values()];
}

/** What wins where a step has run several times: what still goes on, then how the last one ended. */
const GOES_ON: readonly StepState[] = ["sleeping", "running", "retrying", "in_doubt"];

/** The state of several steps together, the last one last. */
export function togetherOf(states: readonly StepState[]): StepState {
  const going = states.filter((state) => GOES_ON.includes(state));
  const best = going.sort((a, b) => GOES_ON.indexOf(b) - GOES_ON.indexOf(a))[0];
  return best ?? states.at(-1) ?? "missed";
}

function noteOf(steps: readonly RunStep[], state: StepState): string | undefined {
  const last = steps.at(-1);
  if (last === undefined) return undefined;
  if (state === "retrying") return `attempt ${attemptNumber(last)}`;
  if (state === "missed") return "broken off";
  const took = steps.reduce((sum, step) => sum + (step.duration_ms ?? 0), 0);
  const isOver = steps.some((step) => step.duration_ms !== null);
  if (!isOver) return undefined;
  const tries = attemptNumber(last);
  // There is room for two words.
  if (steps.length === 1 && tries > 1) return `attempt ${tries}`;
  return (steps.length > 1 ? `${steps.length}×, ` : "") + durationText(took);
}

/**
 * `paths` are the steps of the flow; `isOver` says whether what has not run will not run. What happens in a called flow is painted on the step that calls it; what happens inside a
 * step, like a loop, lets that step go on.
 */
export function paintRun(
  title: string,
  steps: readonly RunStep[],
  paths: ReadonlySet<string>,
  exact: PartCoverage | null,
  isOver: boolean,
): Paint {
  const painted = new Map<string, PaintedStep>();
  const ways = new Map<string, boolean>();
  for (const [path, ran] of Object.entries(exact?.steps ?? {})) {
    if (ran || isOver) painted.set(path, { state: ran ? "taken" : "missed" });
  }
  for (const { path, way, taken } of exact?.ways ?? []) if (taken || isOver) ways.set(wayKey(path, way), taken);

  const byPath = new Map<string, RunStep[]>();
  const called = new Map<string, RunStep[]>();
  for (const step of countingSteps(steps)) {
    const { places } = readKey(step.key);
    const own = places[0]?.path;
    if (own === undefined) continue;
    const group = places.length > 1 ? called : byPath;
    grow(group, own, step);
  }
  const around = new Map<string, StepState[]>();
  const inside = (path: string, states: readonly StepState[]): void => {
    for (const outer of stepsAround(path, paths)) for (const state of states) grow(around, outer, state);
  };
  for (const [path, group] of byPath) {
    const states = group.map(stateOf);
    const state = togetherOf(states);
    const note = noteOf(group, state);
    painted.set(path, note === undefined ? { state } : { state, note });
    inside(path, states);
  }
  for (const [path, group] of called) {
    const states = group.map(stateOf);
    if (!byPath.has(path)) painted.set(path, { state: enclosing(states, painted.get(path)) });
    inside(path, states);
  }
  for (const [path, states] of around) {
    if (!byPath.has(path)) painted.set(path, { state: enclosing(states, painted.get(path)) });
  }
  return { title, steps: painted, ways };
}

function grow<T>(groups: Map<string, T[]>, name: string, one: T): void {
  const group = groups.get(name);
  if (group === undefined) groups.set(name, [one]);
  else group.push(one);
}

/** The state of a step by what happened inside: it goes on as long as that does; that it failed is said where it failed. */
function enclosing(inside: readonly StepState[], exact: PaintedStep | undefined): StepState {
  const state = togetherOf(inside);
  if (state === "in_doubt" || state === "sleeping") return state;
  if (GOES_ON.includes(state)) return "running";
  return exact?.state === "missed" ? "missed" : "taken";
}
