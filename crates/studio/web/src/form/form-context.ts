// What the fields of a form share: the step that they are of, and how they are written.
import { createContext, useContext, useMemo } from "react";
import { get, post } from "../api/client";
import type { Diagnostic, FunctionInfo, Scope } from "../api/types";
import type { DocumentStore } from "../document/store";

export interface Form {
  readonly store: DocumentStore;
  /** The step's path; empty for the flow itself. */
  readonly step: string;
  readonly isReadOnly: boolean;
  readonly lastRun: string | null;
  readonly findings: readonly Diagnostic[];
  readonly set: (key: string, value: unknown) => Promise<boolean>;
  readonly remove: (key: string) => Promise<boolean>;
  readonly rename: (key: string, to: string) => Promise<boolean>;
}

const FormContext = createContext<Form | null>(null);

export const FormProvider = FormContext.Provider;

/** The form around a field. */
export function useForm(): Form {
  const form = useContext(FormContext);
  if (form === null) throw new Error("a field stands outside of a form");
  return form;
}

interface FormOf {
  readonly store: DocumentStore;
  readonly step: string;
  readonly isReadOnly: boolean;
  readonly lastRun: string | null;
  readonly findings: readonly Diagnostic[];
}

export function useFormOf({ store, step, isReadOnly, lastRun, findings }: FormOf): Form {
  return useMemo(
    () => ({
      store,
      step,
      isReadOnly,
      lastRun,
      findings,
      set: (key, value) => store.edit({ edit: "set", step, key, value }),
      remove: (key) => store.edit({ edit: "remove", step, key }),
      rename: (key, to) => store.edit({ edit: "rename", step, key, to }),
    }),
    [store, step, isReadOnly, lastRun, findings],
  );
}

// —— what expressions can name

const scopes = new WeakMap<DocumentStore, { readonly key: string; readonly scope: Promise<Scope | null> }>();

/** What expressions of a step can name, in the text as it is now; null where the server does not say. */
export function scopeOf({ store, step }: Form): Promise<Scope | null> {
  const { text, path } = store.snapshot();
  const key = `${step}\n${text}`;
  const known = scopes.get(store);
  if (known?.key === key) return known.scope;
  const scope = post("/api/document/scope", { body: { path, text, step } }).catch(() => {
    scopes.delete(store);
    return null;
  });
  scopes.set(store, { key, scope });
  return scope;
}

let functions: Promise<ReadonlyMap<string, FunctionInfo>> | null = null;

/** All functions of expressions, by name. */
export function allFunctions(): Promise<ReadonlyMap<string, FunctionInfo>> {
  functions ??= get("/api/functions").then(
    (all) => new Map(all.map((one) => [one.name, one])),
    () => {
      functions = null;
      return new Map<string, FunctionInfo>();
    },
  );
  return functions;
}
