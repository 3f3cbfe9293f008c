// The keys that any step can have: `if`, `timeout`, `retry`, `secret`.
import { Field } from "./field";
import { FieldFrame } from "./field-frame";
import { findingsAt } from "./findings-at";
import { Fold } from "./fold";
import { useForm } from "./form-context";
import { isObject, type Schema } from "./schema";
import { TextInput } from "./text-input";

interface CommonFieldsProps {
  readonly written: Readonly<Record<string, unknown>>;
  /** The keys of the verb's own fields. */
  readonly taken: readonly string[];
}

const IF: Schema = { type: "string", description: "The step runs where this is true." };
const SECRET: Schema = { type: "boolean", default: false, description: "The result is masked wherever it would be written." };

export function CommonFields({ written, taken }: CommonFieldsProps) {
  const { findings } = useForm();
  const hasIf = !taken.includes("/if");
  const given = ["if", "timeout", "retry", "secret"].filter((key) => key in written && !(key === "if" && !hasIf));
  const isBad = given.some((key) => findingsAt(findings, `/${key}`).length > 0);
  return (
    <Fold
      key={isBad ? "bad" : "good"}
      isOpenAtFirst={isBad || given.length > 0}
      title={given.length === 0 ? "Condition, timeout, retry" : `Condition, timeout, retry (${given.join(", ")})`}
    >
      {hasIf && <Field label="if" at="/if" schema={IF} value={written["if"]} isExpression />}
      <DurationField label="timeout" at="/timeout" value={written["timeout"]} help="Longest time for the step, all attempts together: `200ms`, `30s`, `5m`." />
      <RetryFields retry={written["retry"]} />
      <Field label="secret" at="/secret" schema={SECRET} value={written["secret"]} />
    </Fold>
  );
}

interface DurationFieldProps {
  readonly label: string;
  readonly at: string;
  readonly value: unknown;
  readonly help?: string;
  readonly placeholder?: string;
}

/** A plain text that is written as it is. */
export function DurationField({ label, at, value, help, placeholder = "" }: DurationFieldProps) {
  const { findings, set, remove } = useForm();
  const own = findingsAt(findings, at);
  return (
    <FieldFrame label={label} help={help ?? null} findings={own}>
      {(ids) => (
        <TextInput
          id={ids.control}
          aria-describedby={ids.describedBy}
          aria-invalid={own.length > 0}
          placeholder={placeholder}
          value={typeof value === "string" ? value : value === undefined || value === null ? "" : String(value)}
          onCommit={(text) => (text.trim() === "" ? (value === undefined ? Promise.resolve(true) : remove(at)) : set(at, text.trim()))}
        />
      )}
    </FieldFrame>
  );
}

const ATTEMPTS: Schema = { type: "integer", description: "How often it is tried, the first time included." };
const CODES: Schema = { type: "array", items: { type: "string" }, description: "Only these errors; all passing ones where none is named." };

/** `retry: 5` is short for its attempts; the server writes it out when more is said. */
function RetryFields({ retry }: { readonly retry: unknown }) {
  const { set, remove } = useForm();
  const isMap = isObject(retry);
  const own = isMap ? retry : {};
  const attempts = isMap ? own["attempts"] : (retry ?? undefined);
  // The short form is the value of `retry` itself.
  const short = isMap || retry === undefined ? {} : { onChange: (value: unknown) => (value === undefined ? remove("/retry") : set("/retry", value)) };
  const text: Schema = { type: "string" };
  return (
    <fieldset className="field-inside retry">
      <legend>retry</legend>
      <div className="form-row">
        <Field label="attempts" at={isMap || retry === undefined ? "/retry/attempts" : "/retry"} schema={ATTEMPTS} value={attempts} {...short} />
        <Field label="delay" at="/retry/delay" schema={{ ...text, description: "Before the second attempt; doubles from there." }} value={own["delay"]} />
      </div>
      <Field label="max_delay" at="/retry/max_delay" schema={text} value={own["max_delay"]} />
      <Field label="codes" at="/retry/codes" schema={CODES} value={own["codes"]} />
    </fieldset>
  );
}
