// Starts a run of the open flow and shows it live.
import { useEffect, useMemo, useRef, useState } from "react";
import { messageOf } from "../api/problem";
import type { Paint } from "../document/paint";
import type { DocumentStore } from "../document/store";
import { useDocument } from "../document/use-document";
import { useWorkspace } from "../shell/workspace-store";
import { IconButton } from "../ui/icon-button";
import { errorsByField, formInputs, readInput } from "./input-fields";
import { paintRun } from "./paint-run";
import { isUnfinished } from "./records";
import { rememberInput } from "./remembered";
import { requestOf } from "./request-fields";
import { RunForm, type RunFormValues, startValues } from "./run-form";
import { RunProgress } from "./run-progress";
import { useRun, isWhole } from "./run-store";
import { inputErrors, NotStarted, startRun, type StartPhase } from "./start-run";
import "./runs.css";

interface RunPanelProps {
  readonly store: DocumentStore;
  readonly onPaint: (paint: Paint | null) => void;
  /** A run has ended: its values can be previewed. */
  readonly onRun: (id: string) => void;
  readonly onClose: () => void;
}

const NO_ERRORS: ReadonlyMap<string, string> = new Map();

export function RunPanel({ store, onPaint, onRun, onClose }: RunPanelProps) {
  const shown = useDocument(store);
  const { workspace } = useWorkspace();
  const head = shown.document?.flow ?? null;
  const inputs = useMemo(() => formInputs(head?.input ?? []), [head?.input]);
  const [values, setValues] = useState<RunFormValues>(() => startValues(store.path));
  const [errors, setErrors] = useState(NO_ERRORS);
  const [problem, setProblem] = useState<string | null>(null);
  const [phase, setPhase] = useState<StartPhase | null>(null);
  const [started, setStarted] = useState<{ readonly id: string; readonly text: string } | null>(null);
  const { store: runStore, shown: run } = useRun(started?.id ?? null);
  const isOpen = useRef(true);
  useEffect(() => {
    isOpen.current = true;
    return () => {
      isOpen.current = false;
    };
  }, []);

  const isOther = started !== null && started.text !== shown.text;
  const paths = useMemo(() => new Set(shown.document?.steps.map((step) => step.path)), [shown.document]);
  const status = run.summary?.status;
  const isOver = status !== undefined && !isUnfinished(status);
  const hasAll = isWhole(run);
  useEffect(() => {
    if (started === null || isOther || status === undefined) onPaint(null);
    else onPaint(paintRun(`run ${started.id}`, run.steps, paths, run.picture?.path ?? null, hasAll));
  }, [started, isOther, status, run.steps, run.picture, paths, hasAll, onPaint]);
  useEffect(() => () => onPaint(null), [onPaint]);
  useEffect(() => {
    if (started !== null && isOver) onRun(started.id);
  }, [started, isOver, onRun]);

  const send = async (): Promise<void> => {
    if (head === null || phase !== null) return;
    const read = readInput(inputs, values.fields);
    setErrors(read.errors);
    setProblem(null);
    if (read.errors.size > 0) return;
    rememberInput(store.path, inputs, values.fields);
    const request = head.reads_request ? requestOf(values.request) : undefined;
    try {
      const id = await startRun({
        store,
        flow: head.name,
        body: { input: read.input, keep: true, ...(request === undefined ? {} : { request }) },
        isReadOnly: workspace !== null && !workspace.is_writable,
        onPhase: (next) => isOpen.current && setPhase(next),
      });
      if (isOpen.current) setStarted({ id, text: store.snapshot().text });
    } catch (error) {
      if (!isOpen.current) return;
      const { byField, others } = errorsByField(inputs, inputErrors(error));
      setErrors(byField);
      const word = byField.size > 0 && others.length === 0 ? "The input does not fit." : messageOf(error);
      setProblem(others.length > 0 ? others.join("; ") : error instanceof NotStarted ? error.message : word);
    } finally {
      if (isOpen.current) setPhase(null);
    }
  };

  return (
    <div className="run-panel">
      <header className="drawer-head">
        <h2>Run</h2>
        <IconButton icon="close" label="Close the run panel" onClick={onClose} />
      </header>
      <div className="run-columns">
        <RunForm
          head={head}
          inputs={inputs}
          values={values}
          errors={errors}
          problem={problem}
          phase={phase}
          note={noteOf(shown.isDirty, workspace !== null && !workspace.is_writable)}
          mistakes={shown.document?.diagnostics.filter((finding) => finding.severity === "error").length ?? 0}
          isRunning={status !== undefined && !isOver}
          onChange={(next) => {
            setValues(next);
            setErrors(NO_ERRORS);
          }}
          onSend={() => void send()}
        />
        {started !== null && (
          <RunProgress key={started.id} store={store} runStore={runStore} run={run} isOther={isOther} />
        )}
      </div>
    </div>
  );
}

function noteOf(isDirty: boolean, isReadOnly: boolean): string | null {
  if (!isDirty) return null;
  return isReadOnly
    ? "Files cannot be changed from here: what runs is the file on disk, not the text as it is here."
    : "The text is not saved: it is saved before it runs.";
}
