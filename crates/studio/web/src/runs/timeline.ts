// The steps of a run as rows of a timeline: loops, their iterations and calls around what happened in them; and where in time
// each stands.
import type { RunStep } from "../api/types";
import type { StepState } from "../document/paint";
import { stateOf, togetherOf } from "./paint-run";
import { readKey } from "./step-key";

export interface Span {
  /** Milliseconds since the epoch, with fractions. */
  readonly from: number;
  readonly to: number;
}

export interface TimelineRow {
  readonly id: string;
  readonly kind: "step" | "loop" | "iteration" | "call";
  readonly title: string;
  readonly depth: number;
  /** The rows around it, the outermost first. */
  readonly around: readonly string[];
  /** The path, in the flow of the run, of the card that it belongs to. */
  readonly path: string;
  readonly step: RunStep | null;
  readonly state: StepState;
  readonly span: Span;
  /** When it was at work, call by call. */
  readonly work: readonly (Span & { readonly isFailed: boolean })[];
  /** When it slept. */
  readonly sleeps: readonly Span[];
  /** How many rows stand right inside. */
  readonly inside: number;
}

/** Milliseconds since the epoch, to the microsecond. */
export function timeOf(time: string): number {
  const fraction = /\.\d{3}(\d{1,3})/.exec(time)?.[1] ?? "";
  return Date.parse(time) + Number(`${fraction}000`.slice(0, 3)) / 1000;
}

function pieces(step: RunStep, span: Span, now: number): Pick<TimelineRow, "work" | "sleeps"> {
  if (step.verb === "wait") return { work: [], sleeps: [span] };
  const work: (Span & { isFailed: boolean })[] = [];
  const sleeps: Span[] = [];
  step.attempts.forEach((attempt, index) => {
    const from = timeOf(attempt.started_at ?? step.started_at);
    const next = step.attempts[index + 1];
    const isLast = next === undefined;
    const to = attempt.ended_at !== null ? timeOf(attempt.ended_at) : isLast ? span.to : from;
    work.push({ from, to: Math.max(from, to), isFailed: attempt.error !== null && attempt.error !== undefined });
    if (attempt.ended_at === null) return;
    const resumed = next?.started_at ?? null;
    if (resumed !== null) sleeps.push({ from: to, to: timeOf(resumed) });
    else if (isLast && step.ended_at === null) sleeps.push({ from: to, to: now });
  });
  if (work.length === 0) work.push({ ...span, isFailed: step.state === "failed" });
  return { work, sleeps };
}

/** `titles` are those of the steps of the run's flow, by path; what was called tells its actions. `now` ends what goes on. */
export function timelineRows(steps: readonly RunStep[], titles: ReadonlyMap<string, string>, now: number): TimelineRow[] {
  interface Group {
    row: TimelineRow;
    readonly children: (TimelineRow | Group)[];
    readonly states: StepState[];
  }
  const top: (TimelineRow | Group)[] = [];
  const groups = new Map<string, Group>();
  steps.forEach((step, index) => {
    const key = readKey(step.key);
    const own = key.places[0]?.path ?? step.key;
    const from = timeOf(step.started_at);
    const span = { from, to: Math.max(from, step.ended_at !== null ? timeOf(step.ended_at) : step.state === "dropped" ? from : now) };
    const state = stateOf(step);
    let list = top;
    const around: string[] = [];
    for (const scope of key.scopes) {
      // After an operator had it done again, the same place comes a second time: it is the same row.
      const id = `${scope.kind} ${scope.key}`;
      let group = groups.get(id);
      if (group === undefined) {
        const place = scope.places.length === 1 ? titles.get(scope.places[0]?.path ?? "") : undefined;
        const title =
          scope.kind === "iteration" ? `[${scope.index}]` : (place ?? (scope.kind === "call" ? "called flow" : "for each"));
        const row: TimelineRow = {
          id,
          kind: scope.kind,
          title,
          depth: around.length,
          around: [...around],
          path: scope.places[0]?.path ?? own,
          step: null,
          state,
          span,
          work: [],
          sleeps: [],
          inside: 0,
        };
        group = { row, children: [], states: [] };
        groups.set(id, group);
        list.push(group);
      }
      group.states.push(state);
      const before = group.row.span;
      group.row = { ...group.row, span: { from: Math.min(before.from, span.from), to: Math.max(before.to, span.to) } };
      around.push(id);
      list = group.children;
    }
    const title = (key.places.length === 1 ? titles.get(own) : undefined) ?? step.action ?? step.verb ?? step.key;
    const row = { id: `${step.key} ${index}`, kind: "step" as const, title, depth: around.length, around, path: own };
    list.push({ ...row, step, state, span, ...pieces(step, span, now), inside: 0 });
  });
  const rows: TimelineRow[] = [];
  const write = (list: readonly (TimelineRow | Group)[]): void => {
    for (const one of list) {
      if (!("children" in one)) rows.push(one);
      else {
        rows.push({ ...one.row, state: outcomeOf(one.states), inside: one.children.length });
        write(one.children);
      }
    }
  };
  write(top);
  return rows;
}

function outcomeOf(states: readonly StepState[]): StepState {
  const state = togetherOf(states);
  return state === "retrying" ? "running" : state;
}

export interface Scale {
  /** From 0 to 1. */
  readonly at: (time: number) => number;
  /** Whether stretches in which nothing was at work are drawn shorter than they were. */
  readonly isShortened: boolean;
}

/** The room that a stretch of work has at the least, and all of them together. */
const ROOM_OF_ONE = 0.06;
const ROOM_OF_ALL = 0.5;

/** A scale of time on which stretches without work leave some room to those with it: days of sleep do not hide milliseconds. */
export function timeScale(rows: readonly TimelineRow[], whole: Span): Scale {
  const clip = (time: number): number => Math.min(Math.max(time, whole.from), whole.to);
  const work = rows
    .flatMap((row) => row.work)
    .map(({ from, to }) => ({ from: clip(from), to: clip(to) }))
    .sort((a, b) => a.from - b.from);
  const busy: { from: number; to: number }[] = [];
  for (const span of work) {
    const last = busy.at(-1);
    if (last !== undefined && span.from <= last.to) last.to = Math.max(last.to, span.to);
    else busy.push({ ...span });
  }
  const length = whole.to - whole.from;
  const worked = busy.reduce((sum, span) => sum + span.to - span.from, 0);
  const idle = length - worked;
  const room = Math.min(ROOM_OF_ALL, busy.length * ROOM_OF_ONE);
  const factor = worked > 0 && worked < length * room ? (worked * (1 - room)) / room / idle : 1;
  // What lies before each stretch of work, drawn.
  const marks: { readonly time: number; readonly drawn: number }[] = [{ time: whole.from, drawn: 0 }];
  let [time, drawn] = [whole.from, 0];
  const go = (to: number, by: number): void => {
    drawn += (to - time) * by;
    time = to;
    marks.push({ time, drawn });
  };
  for (const span of busy) {
    go(span.from, factor);
    go(span.to, 1);
  }
  go(whole.to, factor);
  const total = drawn;
  const at = (when: number): number => {
    if (total <= 0) return 0;
    const wanted = clip(when);
    let [low, high] = [0, marks.length - 1];
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if ((marks[middle]?.time ?? 0) <= wanted) low = middle;
      else high = middle;
    }
    const [a, b] = [marks[low], marks[high]];
    if (a === undefined || b === undefined) return 0;
    const share = b.time > a.time ? (wanted - a.time) / (b.time - a.time) : 1;
    return (a.drawn + share * (b.drawn - a.drawn)) / total;
  };
  return { at, isShortened: factor < 1 };
}
