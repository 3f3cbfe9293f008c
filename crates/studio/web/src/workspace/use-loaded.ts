// What a page reads from the server when it is opened, and anew when the workspace changes.
import { useCallback, useEffect, useState } from "react";
import { messageOf } from "../api/problem";
import { workspaceStore } from "../shell/workspace-store";

export interface Loaded<T> {
  readonly value: T | null;
  readonly problem: string | null;
  readonly again: () => void;
}

/** `read` must be the same function from one rendering to the next. */
export function useLoaded<T>(read: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [value, setValue] = useState<T | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  const again = useCallback(() => setRound((now) => now + 1), []);
  useEffect(() => workspaceStore.onChange(again), [again]);
  useEffect(() => {
    const life = new AbortController();
    read(life.signal).then(
      (value) => {
        if (life.signal.aborted) return;
        setValue(value);
        setProblem(null);
      },
      (error: unknown) => {
        if (!life.signal.aborted) setProblem(messageOf(error));
      },
    );
    return () => life.abort();
  }, [read, round]);
  return { value, problem, again };
}
