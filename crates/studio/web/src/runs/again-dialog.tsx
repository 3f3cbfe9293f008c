// Starts a run once more with the input of another one. What was masked has to be put in again.
import { useEffect, useMemo, useState } from "react";
import { get, post } from "../api/client";
import { messageOf } from "../api/problem";
import type { FlowHead, Run } from "../api/types";
import { go } from "../shell/router";
import { Dialog } from "../ui/dialog";
import { errorsByField, formInputs, isMasked, readInput, valuesOf } from "./input-fields";
import { NO_REQUEST } from "./request-fields";
import { requestOf } from "./request-fields";
import { RunForm, type RunFormValues } from "./run-form";
import { inputErrors, start, untilServing } from "./start-run";

interface AgainDialogProps {
  readonly run: Run;
  readonly path: string;
  readonly onClose: () => void;
}

export function AgainDialog({ run, path, onClose }: AgainDialogProps) {
  const [head, setHead] = useState<FlowHead | null>(null);
  const [mistakes, setMistakes] = useState(0);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const life = new AbortController();
    const read = async (): Promise<void> => {
      const file = await get("/api/files/{path}", { params: { path }, signal: life.signal });
      const document = await post("/api/document", { body: { path, text: file.text }, signal: life.signal });
      setMistakes(document.diagnostics.filter((finding) => finding.severity === "error").length);
      setHead(document.flow);
    };
    read().catch((error: unknown) => {
      if (!life.signal.aborted) setProblem(messageOf(error));
    });
    return () => life.abort();
  }, [path]);
  return (
    <Dialog title={`Run ${run.run.flow} again`} onClose={onClose}>
      <p>
        The flow runs as it is on disk now.
        {isMasked(run.input) && " What was masked in the input of the run has to be put in again."}
      </p>
      {head === null ? (
        <p className="empty" role={problem === null ? undefined : "alert"}>
          {problem ?? "Reading the flow …"}
        </p>
      ) : (
        <Form head={head} mistakes={mistakes} input={run.input} path={path} />
      )}
    </Dialog>
  );
}

interface FormProps {
  readonly head: FlowHead;
  readonly mistakes: number;
  readonly input: unknown;
  readonly path: string;
}

function Form({ head, mistakes, input, path }: FormProps) {
  const inputs = useMemo(() => formInputs(head.input), [head.input]);
  const [values, setValues] = useState<RunFormValues>(() => ({ fields: valuesOf(inputs, input), request: NO_REQUEST }));
  const [errors, setErrors] = useState<ReadonlyMap<string, string>>(new Map());
  const [problem, setProblem] = useState<string | null>(null);
  const [isStarting, setStarting] = useState(false);
  const send = async (): Promise<void> => {
    const read = readInput(inputs, values.fields);
    setErrors(read.errors);
    setProblem(null);
    if (read.errors.size > 0) return;
    setStarting(true);
    try {
      const request = head.reads_request ? requestOf(values.request) : undefined;
      await untilServing(path);
      const id = await start(head.name, { input: read.input, keep: true, ...(request === undefined ? {} : { request }) });
      go({ page: "run", id });
    } catch (error) {
      const { byField, others } = errorsByField(inputs, inputErrors(error));
      setErrors(byField);
      setProblem(others.length > 0 ? others.join("; ") : byField.size > 0 ? "The input does not fit." : messageOf(error));
      setStarting(false);
    }
  };
  return (
    <RunForm
      head={head}
      inputs={inputs}
      values={values}
      errors={errors}
      problem={problem}
      phase={isStarting ? "starting" : null}
      note={null}
      mistakes={mistakes}
      isRunning={false}
      onChange={(next) => {
        setValues(next);
        setErrors(new Map());
      }}
      onSend={() => void send()}
    />
  );
}
