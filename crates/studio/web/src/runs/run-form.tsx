// The form that a run is started with.
import { useEffect, useId, useRef, useState } from "react";
import type { FlowHead } from "../api/types";
import { Icon } from "../ui/icon";
import { type FormInput, type FormValues, readInput, valuesOf } from "./input-fields";
import { InputForm } from "./input-form";
import { rememberedInput } from "./remembered";
import { NO_REQUEST, type RequestTexts } from "./request-fields";
import { RequestForm } from "./request-form";
import type { StartPhase } from "./start-run";

export interface RunFormValues {
  readonly fields: FormValues;
  readonly request: RequestTexts;
}

export function startValues(flow: string): RunFormValues {
  return { fields: rememberedInput(flow), request: NO_REQUEST };
}

const PHASES: Readonly<Record<StartPhase, string>> = {
  saving: "Saving …",
  waiting: "Waiting until it is served …",
  starting: "Starting …",
};

interface RunFormProps {
  readonly head: FlowHead | null;
  readonly inputs: readonly FormInput[];
  readonly values: RunFormValues;
  readonly errors: ReadonlyMap<string, string>;
  readonly problem: string | null;
  readonly phase: StartPhase | null;
  readonly note: string | null;
  /** Of the text. */
  readonly mistakes: number;
  readonly isRunning: boolean;
  readonly onChange: (values: RunFormValues) => void;
  readonly onSend: () => void;
}

export function RunForm(props: RunFormProps) {
  const { head, inputs, values, errors, problem, phase, note, mistakes, isRunning, onChange, onSend } = props;
  const [isJson, setJson] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (errors.size > 0) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [errors]);
  const isRefused = head === null || mistakes > 0;
  return (
    <form
      ref={form}
      className="run-form"
      aria-label="Input of the run"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!isRefused) onSend();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        event.stopPropagation();
        if (!isRefused && phase === null) onSend();
      }}
    >
      {inputs.length > 0 && (
        <div className="run-form-head">
          <h3>Input</h3>
          <button type="button" className="link" aria-pressed={isJson} onClick={() => setJson(!isJson)}>
            {isJson ? "As fields" : "As JSON"}
          </button>
        </div>
      )}
      {isJson ? (
        <JsonInput inputs={inputs} values={values.fields} onChange={(fields) => onChange({ ...values, fields })} />
      ) : (
        <InputForm inputs={inputs} values={values.fields} errors={errors} onChange={(fields) => onChange({ ...values, fields })} />
      )}
      {head !== null && inputs.length === 0 && <p className="empty">The flow takes no input.</p>}
      {head?.reads_request === true && (
        <RequestForm route={head.route} texts={values.request} onChange={(request) => onChange({ ...values, request })} />
      )}
      {problem !== null && (
        <p className="field-error" role="alert">
          <Icon name="error" size={16} />
          {problem}
        </p>
      )}
      {isRefused ? (
        <p className="field-hint">
          {head === null ? "The text cannot be read: it cannot run." : `${mistakes === 1 ? "A mistake keeps" : `${mistakes} mistakes keep`} it from running.`}
        </p>
      ) : (
        note !== null && <p className="field-hint">{note}</p>
      )}
      <div className="run-form-buttons">
        <button type="submit" className="button" data-kind="primary" disabled={isRefused || phase !== null}>
          <Icon name="run" /> {isRunning ? "Run once more" : "Run"}
        </button>
        <span role="status" className="field-hint">
          {phase === null ? "" : PHASES[phase]}
        </span>
      </div>
    </form>
  );
}

interface JsonInputProps {
  readonly inputs: readonly FormInput[];
  readonly values: FormValues;
  readonly onChange: (values: FormValues) => void;
}

/** All fields as one text; secrets stay in their fields. */
function JsonInput({ inputs, values, onChange }: JsonInputProps) {
  const id = useId();
  const open = inputs.filter((input) => !input.isSecret);
  const [text, setText] = useState(() => JSON.stringify(readInput(open, values).input, null, 2));
  const [problem, setProblem] = useState<string | null>(null);
  return (
    <div className="field">
      <label htmlFor={id}>Input as JSON, without secrets</label>
      <textarea
        id={id}
        className="run-json"
        rows={8}
        spellCheck={false}
        value={text}
        aria-invalid={problem !== null}
        onChange={(event) => {
          setText(event.target.value);
          try {
            const input: unknown = JSON.parse(event.target.value);
            const secrets = Object.fromEntries(inputs.filter((one) => one.isSecret).map((one) => [one.name, values[one.name] ?? ""]));
            onChange({ ...valuesOf(open, input), ...secrets });
            setProblem(null);
          } catch {
            setProblem("This is not JSON.");
          }
        }}
      />
      {problem !== null && <p className="field-error">{problem}</p>}
    </div>
  );
}
