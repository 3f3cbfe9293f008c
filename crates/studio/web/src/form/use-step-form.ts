// The form of a step, asked anew when the text or the selection changes. The one before stays while the next is on its way.
import { useEffect, useRef, useState } from "react";
import { post } from "../api/client";
import { ApiProblem, messageOf } from "../api/problem";
import type { StepForm } from "../api/types";
import type { DocumentStore } from "../document/store";

export interface LoadedForm {
  readonly form: StepForm | null;
  readonly problem: string | null;
  /** Whether the form is not yet that of the step and the text. */
  readonly isLoading: boolean;
}

const PAUSE = 80;
const AGAIN = 1000;
const NOTHING: LoadedForm = { form: null, problem: null, isLoading: true };

export function useStepForm(store: DocumentStore, step: string, text: string): LoadedForm {
  const [loaded, setLoaded] = useState<LoadedForm>(NOTHING);
  const last = useRef<string | null>(null);

  useEffect(() => {
    const asked = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const isOther = last.current !== step;
    last.current = step;
    setLoaded((now) => (now.isLoading ? now : { ...now, isLoading: true }));
    const ask = async (): Promise<void> => {
      try {
        const form = await post("/api/document/step", { body: { path: store.path, text, step }, signal: asked.signal });
        if (!asked.signal.aborted) setLoaded({ form, problem: null, isLoading: false });
      } catch (error) {
        if (asked.signal.aborted) return;
        // While the server is away what is known stays; it is asked until it is there again.
        if (error instanceof ApiProblem && error.isOffline) {
          timer = setTimeout(() => void ask(), AGAIN);
          return;
        }
        setLoaded((now) => ({ form: isOther ? null : now.form, problem: messageOf(error), isLoading: false }));
      }
    };
    timer = setTimeout(() => void ask(), isOther ? 0 : PAUSE);
    return () => {
      clearTimeout(timer);
      asked.abort();
    };
  }, [store, step, text]);

  return loaded;
}
