// Something that is asked of the server by a button: one at a time, with what went wrong.
import { useCallback, useEffect, useRef, useState } from "react";
import { messageOf } from "../api/problem";

export interface Task {
  readonly isBusy: boolean;
  readonly problem: string | null;
  /** Whether it was done. */
  readonly run: (work: () => Promise<void>) => Promise<boolean>;
}

export function useTask(): Task {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const isThere = useRef(true);
  useEffect(() => {
    isThere.current = true;
    return () => {
      isThere.current = false;
    };
  }, []);
  const run = useCallback(async (work: () => Promise<void>) => {
    setBusy(true);
    setProblem(null);
    try {
      await work();
      return true;
    } catch (error) {
      if (isThere.current) setProblem(messageOf(error));
      return false;
    } finally {
      if (isThere.current) setBusy(false);
    }
  }, []);
  return { isBusy, problem, run };
}
