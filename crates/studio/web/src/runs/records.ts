// What a run records, as it happens, as its steps: the same as the server makes of a run that it shows (`Timeline`), for one
// that still goes on.
import type { AdminSchemas, RunStatus, RunStep } from "../api/types";
import { withoutPart } from "./step-key";

type Attempt = AdminSchemas["Attempt"];
type RunEvent = AdminSchemas["TimelineEvent"];

/** A record with all that it may have. */
export interface LiveRecord {
  readonly record: AdminSchemas["Record"]["record"];
  readonly at: string;
  readonly key?: string;
  readonly keys?: readonly string[];
  readonly attempt?: number;
  readonly action?: string;
  readonly effect?: string;
  readonly input?: readonly unknown[] | null;
  readonly verb?: string;
  readonly outcome?: { readonly Ok?: { readonly shown: unknown }; readonly Err?: { readonly shown: unknown } };
  readonly until?: string;
}

type Draft<T> = { -readonly [K in keyof T]: T[K] };

const UNFINISHED: readonly RunStatus[] = ["queued", "running", "sleeping"];

export function isUnfinished(status: RunStatus): boolean {
  return UNFINISHED.includes(status);
}

/** Milliseconds between two times, to the microsecond. `Date` keeps milliseconds only. */
export function between(from: string, to: string): number {
  return Math.max(0, micros(to) - micros(from)) / 1000;
}

function micros(time: string): number {
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? "";
  return Math.floor(Date.parse(time) / 1000) * 1_000_000 + Number(`${fraction}000000`.slice(0, 6));
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

export class RecordReader {
  readonly #steps: Draft<RunStep>[] = [];
  readonly #events: RunEvent[] = [];
  /** The steps that count, by key. */
  readonly #known = new Map<string, Draft<RunStep>>();

  take(record: LiveRecord): void {
    const { key, at } = record;
    const number = record.attempt ?? 1;
    if (record.record === "resumed") {
      this.#events.push({ event: "resumed", at, attempt: number });
      return;
    }
    if (record.record === "dropped") {
      const keys = record.keys ?? [];
      for (const dropped of keys) {
        const step = this.#known.get(withoutPart(dropped));
        this.#known.delete(withoutPart(dropped));
        if (step) step.state = "dropped";
      }
      this.#events.push({ event: "dropped", at, keys: [...keys] });
      return;
    }
    if (key === undefined) return;
    const step = this.#step(withoutPart(key), at);
    const part = key.slice(withoutPart(key).length + 1);
    switch (record.record) {
      case "started":
        step.verb = "action";
        step.action = record.action ?? null;
        step.effect = record.effect ?? null;
        if (record.input) step.input = record.input[0];
        step.sleeps_until = null;
        attemptOf(step, number).started_at ??= at;
        break;
      case "withdrawn":
        step.attempts = step.attempts.filter((attempt) => attempt.number !== number);
        break;
      case "sleeping":
        step.sleeps_until = record.until ?? null;
        // The pause before an attempt belongs to the one that failed.
        if (part === "retry") attemptOf(step, Math.max(1, number - 1)).next_at = record.until ?? null;
        else {
          step.verb = "wait";
          attemptOf(step, number).started_at ??= at;
        }
        break;
      case "woken":
        if (part !== "retry") {
          step.verb = "wait";
          endAttempt(attemptOf(step, number), at);
          end(step, at, "finished");
        }
        step.sleeps_until = null;
        this.#events.push({ event: "woken", at, key });
        break;
      case "finished":
        step.verb = record.verb ?? step.verb;
        finish(step, part, number, at, record.outcome ?? {});
        break;
    }
  }

  /** The steps as they stand while the run stands so. */
  steps(status: RunStatus): RunStep[] {
    return this.#steps.map((step) => {
      if (step.state !== "running") return { ...step };
      const isLost =
        step.effect === "once" && step.attempts.some((attempt) => attempt.started_at !== null && attempt.ended_at === null);
      const state = isUnfinished(status)
        ? step.sleeps_until !== null
          ? "sleeping"
          : "running"
        : status === "in_doubt" && isLost
          ? "in_doubt"
          : "dropped";
      return { ...step, state };
    });
  }

  events(): RunEvent[] {
    return [...this.#events];
  }

  #step(key: string, at: string): Draft<RunStep> {
    const known = this.#known.get(key);
    if (known) return known;
    const step: Draft<RunStep> = {
      key,
      verb: null,
      action: null,
      effect: null,
      state: "running",
      started_at: at,
      ended_at: null,
      duration_ms: null,
      sleeps_until: null,
      attempts: [],
      input: null,
      output: null,
      error: null,
      values: [],
    };
    this.#known.set(key, step);
    this.#steps.push(step);
    return step;
  }
}

function attemptOf(step: Draft<RunStep>, number: number): Attempt {
  const known = step.attempts.find((attempt) => attempt.number === number);
  if (known) return known;
  const attempt: Attempt = { number, started_at: null, ended_at: null, duration_ms: null, error: null, next_at: null };
  step.attempts = [...step.attempts, attempt].sort((a, b) => a.number - b.number);
  return attempt;
}

function endAttempt(attempt: Attempt, at: string): void {
  attempt.ended_at = at;
  attempt.duration_ms = attempt.started_at === null ? null : between(attempt.started_at, at);
}

function end(step: Draft<RunStep>, at: string, state: RunStep["state"]): void {
  step.state = state;
  step.ended_at = at;
  step.duration_ms = between(step.started_at, at);
}

function finish(
  step: Draft<RunStep>,
  part: string,
  number: number,
  at: string,
  outcome: NonNullable<LiveRecord["outcome"]>,
): void {
  const isAction = step.verb === "action";
  if (isAction && part === "") {
    const attempt = attemptOf(step, number);
    endAttempt(attempt, at);
    if (outcome.Err) {
      attempt.error = outcome.Err.shown;
      step.error = outcome.Err.shown;
      // One that is tried again has not ended.
      const retry = field(outcome.Err.shown, "retry_in");
      if (retry === undefined || retry === null) end(step, at, "failed");
    } else {
      step.output = outcome.Ok?.shown ?? null;
      step.error = null;
      end(step, at, "finished");
    }
    return;
  }
  // A recorded value stands beside the texts that `mask` was called with for it.
  const shown = outcome.Ok?.shown ?? null;
  const inner = field(shown, "value");
  const value = inner === undefined ? shown : inner;
  const error = outcome.Err?.shown ?? null;
  // Without an action, or a sleep, behind it, the value is what the step does.
  const isAll = !isAction && step.verb !== "wait";
  if (isAll) step.output = outcome.Err ? null : value;
  if (isAll || outcome.Err) {
    step.error = error;
    end(step, at, outcome.Err ? "failed" : "finished");
  }
  if (part !== "") step.values = [...step.values, { part, at, value: outcome.Err ? null : value, error }];
}
