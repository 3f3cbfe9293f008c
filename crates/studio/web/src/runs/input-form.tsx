// The fields of what a flow takes.
import { useId } from "react";
import { Icon } from "../ui/icon";
import { type FormInput, type FormValues, textOf } from "./input-fields";

interface InputFormProps {
  readonly inputs: readonly FormInput[];
  readonly values: FormValues;
  readonly errors: ReadonlyMap<string, string>;
  readonly onChange: (values: FormValues) => void;
}

export function InputForm({ inputs, values, errors, onChange }: InputFormProps) {
  return (
    <div className="run-fields">
      {inputs.map((input) => (
        <Field
          key={input.name}
          input={input}
          value={values[input.name] ?? ""}
          error={errors.get(input.name)}
          onChange={(value) => onChange({ ...values, [input.name]: value })}
        />
      ))}
    </div>
  );
}

interface FieldProps {
  readonly input: FormInput;
  readonly value: string;
  readonly error: string | undefined;
  readonly onChange: (value: string) => void;
}

function Field({ input, value, error, onChange }: FieldProps) {
  const id = useId();
  const hint = [input.type, input.description].filter(Boolean).join(" – ");
  return (
    <div className="field">
      <label htmlFor={id}>
        {input.name}
        {!input.isRequired && <span className="field-aside"> may be left out</span>}
      </label>
      <Control
        input={input}
        value={value}
        onChange={onChange}
        attributes={{
          id,
          "aria-describedby": `${id}-hint${error === undefined ? "" : ` ${id}-error`}`,
          "aria-invalid": error !== undefined,
          "aria-required": input.isRequired,
        }}
      />
      {error !== undefined && (
        <p id={`${id}-error`} className="field-error">
          <Icon name="error" size={14} />
          {error}
        </p>
      )}
      <p id={`${id}-hint`} className="field-hint">
        {hint}
      </p>
    </div>
  );
}

interface ControlProps {
  readonly input: FormInput;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly attributes: {
    readonly id: string;
    readonly "aria-describedby": string;
    readonly "aria-invalid": boolean;
    readonly "aria-required": boolean;
  };
}

function Control({ input, value, onChange, attributes }: ControlProps) {
  const standard = input.standard === null ? "" : `${input.standard} (default)`;
  switch (input.control) {
    case "choice":
      return (
        <select {...attributes} value={value} onChange={(event) => onChange(event.target.value)}>
          <option value="">{standard === "" ? (input.isRequired ? "choose one" : "left out") : standard}</option>
          {input.options.map((option) => (
            <option key={textOf(option)} value={textOf(option)}>
              {textOf(option)}
            </option>
          ))}
        </select>
      );
    case "text":
    case "json":
      return (
        <textarea
          {...attributes}
          className={input.control === "json" ? "run-json" : undefined}
          rows={1}
          spellCheck={false}
          placeholder={standard || (input.control === "json" ? "JSON" : "")}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      );
    default:
      return (
        <input
          {...attributes}
          type={input.control === "password" ? "password" : input.inputType}
          inputMode={input.control === "number" ? "decimal" : undefined}
          autoComplete={input.control === "password" ? "new-password" : "off"}
          placeholder={standard}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      );
  }
}
