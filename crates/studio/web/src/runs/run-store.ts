// One run as it is known now: live while it goes on, whole when it has ended. `useSyncExternalStore` reads it.
import { useEffect, useMemo, useSyncExternalStore } from "react";
import { get } from "../api/client";
import { follow, type ServerEvent } from "../api/events";
import { messageOf } from "../api/problem";
import type { AdminSchemas, Run, RunPicture, RunStep, RunSummary } from "../api/types";
import { isUnfinished, type LiveRecord, RecordReader } from "./records";

export interface RunSnapshot {
  readonly summary: RunSummary | null;
  /** The run as the server shows it: what it has recorded while it goes on is in `steps` only. */
  readonly run: Run | null;
  readonly steps: readonly RunStep[];
  readonly events: readonly AdminSchemas["TimelineEvent"][];
  readonly picture: RunPicture | null;
  readonly problem: string | null;
}

/** Whether a run has ended and has been read since: only then is it known what has not run. */
export function isWhole({ summary, run }: RunSnapshot): boolean {
  return summary !== null && run !== null && !isUnfinished(summary.status) && !isUnfinished(run.run.status);
}

const NOTHING: RunSnapshot = { summary: null, run: null, steps: [], events: [], picture: null, problem: null };

export class RunStore {
  readonly id: string;
  #snapshot: RunSnapshot = NOTHING;
  #life: AbortController | null = null;
  #reader = new RecordReader();
  #frame: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(id: string) {
    this.id = id;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): RunSnapshot => this.#snapshot;

  /** Reads the run, and follows it until it has ended, or until what is returned is called. */
  start(): () => void {
    this.stop();
    const life = new AbortController();
    this.#life = life;
    this.#reader = new RecordReader();
    this.#live(life.signal).catch((error: unknown) => {
      if (!life.signal.aborted) this.#set({ problem: messageOf(error) });
    });
    return () => this.stop();
  }

  /** Ends what was started last: `start` may have been called again since. */
  stop(): void {
    this.#life?.abort();
    this.#life = null;
    clearTimeout(this.#frame);
    this.#frame = undefined;
  }

  async #live(signal: AbortSignal): Promise<void> {
    await this.#read(signal);
    const status = this.#snapshot.summary?.status;
    if (status === undefined || !isUnfinished(status)) return;
    const isOver = (): boolean => !isUnfinished(this.#snapshot.summary?.status ?? "running");
    await follow(`/api/runs/${encodeURIComponent(this.id)}/events`, (event) => this.#take(event, signal), signal, isOver);
    if (signal.aborted) return;
    clearTimeout(this.#frame);
    this.#frame = undefined;
    await this.#read(signal);
  }

  async #read(signal: AbortSignal): Promise<void> {
    const run = await get("/api/runs/{id}", { params: { id: this.id }, signal });
    if (signal.aborted) return;
    const { steps, events } = run.timeline;
    const whole = { run, steps, events, problem: null };
    // A picture of before would say that what has run since has not: both are shown at once.
    if (this.#snapshot.picture === null) this.#set({ ...whole, summary: run.run });
    else this.#set({ summary: run.run });
    const picture = await this.#readPicture(signal);
    if (!signal.aborted) this.#set({ ...whole, picture: picture ?? this.#snapshot.picture });
  }

  /** Without a picture the steps are there all the same. */
  async #readPicture(signal: AbortSignal): Promise<RunPicture | null> {
    return get("/api/runs/{id}/picture", { params: { id: this.id }, signal }).catch(() => null);
  }

  #take(event: ServerEvent, signal: AbortSignal): void {
    if (event.event === "record") {
      this.#reader.take(JSON.parse(event.data) as LiveRecord);
    } else if (event.event === "status") {
      const summary = JSON.parse(event.data) as RunSummary;
      this.#set({ summary, problem: null });
      if (summary.status === "sleeping") {
        void this.#readPicture(signal).then((picture) => picture !== null && !signal.aborted && this.#set({ picture }));
      }
    }
    // Many records come at once: they are shown once, and the less often the more steps there are.
    this.#frame ??= setTimeout(() => {
      this.#frame = undefined;
      if (signal.aborted) return;
      const status = this.#snapshot.summary?.status ?? "running";
      this.#set({ steps: this.#reader.steps(status), events: this.#reader.events() });
    }, 40 + this.#snapshot.steps.length / 10);
  }

  #set(change: Partial<RunSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    for (const listener of this.#listeners) listener();
  }
}

const NONE = new RunStore("");

/** A run, followed as long as the component is there. */
export function useRun(id: string | null): { readonly store: RunStore; readonly shown: RunSnapshot } {
  const store = useMemo(() => (id === null ? NONE : new RunStore(id)), [id]);
  useEffect(() => (store === NONE ? undefined : store.start()), [store]);
  return { store, shown: useSyncExternalStore(store.subscribe, store.snapshot) };
}
