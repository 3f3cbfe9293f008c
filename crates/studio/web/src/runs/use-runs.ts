// The list of runs: pages by cursor, looked at anew while one of them goes on.
import { useCallback, useEffect, useRef, useState } from "react";
import { get } from "../api/client";
import { ApiProblem, messageOf } from "../api/problem";
import type { RunSummary } from "../api/types";
import { type RunFilters, queryOf } from "./filters";
import { isUnfinished } from "./records";

export interface RunList {
  readonly runs: readonly RunSummary[] | null;
  readonly next: string | null;
  readonly problem: { readonly code: string; readonly message: string } | null;
  readonly isLoading: boolean;
}

/** While a run goes on, and while none does. */
const REFRESH = 2000;
const LOOK = 10_000;
const NOTHING: RunList = { runs: null, next: null, problem: null, isLoading: true };

function problemOf(error: unknown): RunList["problem"] {
  return { code: error instanceof ApiProblem ? error.code : "unknown", message: messageOf(error) };
}

/** A run's newest summary in its place; new ones in front. */
export function mergeRuns(known: readonly RunSummary[], fresh: readonly RunSummary[]): RunSummary[] {
  const byId = new Map(fresh.map((run) => [run.id, run]));
  const ids = new Set(known.map((run) => run.id));
  return [...fresh.filter((run) => !ids.has(run.id)), ...known.map((run) => byId.get(run.id) ?? run)];
}

export function useRuns(filters: RunFilters): RunList & { readonly more: () => void; readonly again: () => void } {
  const [list, setList] = useState<RunList>(NOTHING);
  const [round, setRound] = useState(0);
  const life = useRef<AbortController | null>(null);
  const key = JSON.stringify(queryOf(filters));

  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    life.current = controller;
    setList((now) => ({ ...now, isLoading: true }));
    const query = JSON.parse(key) as ReturnType<typeof queryOf>;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let pause = LOOK;
    const read = async (isFirst: boolean): Promise<void> => {
      try {
        // A page looks at a bounded number of runs: it may be empty, and yet have a next one.
        let page = await get("/api/runs", { query, signal });
        for (let pages = 0; isFirst && page.runs.length === 0 && page.next !== null && pages < 20; pages += 1) {
          page = await get("/api/runs", { query: { ...query, cursor: page.next }, signal });
        }
        if (signal.aborted) return;
        pause = page.runs.some((run) => isUnfinished(run.status)) ? REFRESH : LOOK;
        setList((now) =>
          isFirst || now.runs === null
            ? { runs: page.runs, next: page.next, problem: null, isLoading: false }
            : { ...now, runs: mergeRuns(now.runs, page.runs), problem: null },
        );
      } catch (error) {
        if (signal.aborted) return;
        setList((now) => ({ ...now, problem: problemOf(error), isLoading: false }));
      }
      if (!signal.aborted) timer = setTimeout(() => void again(), pause);
    };
    const again = async (): Promise<void> => {
      // Nothing is asked for while nobody looks.
      if (document.visibilityState === "visible") await read(false);
      else timer = setTimeout(() => void again(), REFRESH);
    };
    void read(true);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [key, round]);

  const more = useCallback(() => {
    const signal = life.current?.signal;
    if (list.next === null || list.isLoading || signal === undefined) return;
    setList((now) => ({ ...now, isLoading: true }));
    const query = { ...(JSON.parse(key) as ReturnType<typeof queryOf>), cursor: list.next };
    get("/api/runs", { query, signal }).then(
      (page) => {
        if (signal.aborted) return;
        setList((now) => ({ ...now, runs: [...(now.runs ?? []), ...page.runs], next: page.next, isLoading: false }));
      },
      (error: unknown) => {
        if (!signal.aborted) setList((now) => ({ ...now, problem: problemOf(error), isLoading: false }));
      },
    );
  }, [key, list.next, list.isLoading]);

  useEffect(() => refreshOlder(list.runs, life.current?.signal, setList), [list.runs]);
  return { ...list, more, again: useCallback(() => setRound((now) => now + 1), []) };
}

/** Runs beyond the first page that go on are asked for one by one. */
function refreshOlder(
  runs: readonly RunSummary[] | null,
  signal: AbortSignal | undefined,
  setList: (change: (now: RunList) => RunList) => void,
): (() => void) | undefined {
  const older = (runs ?? []).slice(50).filter((run) => isUnfinished(run.status)).slice(0, 10);
  if (older.length === 0 || signal === undefined) return undefined;
  const timer = setTimeout(() => {
    for (const { id } of older) {
      get("/api/runs/{id}", { params: { id }, signal }).then(
        ({ run }) => setList((now) => ({ ...now, runs: now.runs?.map((one) => (one.id === id ? run : one)) ?? null })),
        () => undefined,
      );
    }
  }, REFRESH * 2);
  return () => clearTimeout(timer);
}
