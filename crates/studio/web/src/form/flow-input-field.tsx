// One field of a flow's input.
import { useId } from "react";
import { Icon } from "../ui/icon";
import { FieldFrame } from "./field-frame";
import { useForm } from "./form-context";
import { pointer } from "./pointer";
import { isObject, shown } from "./schema";
import { PickCheck, PickSelect } from "./picks";
import { TextInput } from "./text-input";
import { readJson, readNumber } from "./value-text";

const TYPES = ["string", "integer", "number", "boolean", "object", "array"];
const FORMATS = ["email", "uri", "uuid", "date", "date-time", "time", "hostname", "ipv4", "ipv6"];

interface FlowInputFieldProps {
  readonly name: string;
  /** A type's name, a schema, or nothing. */
  readonly written: unknown;
  readonly taken: readonly string[];
}

export function FlowInputField({ name, written, taken }: FlowInputFieldProps) {
  const form = useForm();
  const id = useId();
  const at = pointer("/input", name);
  const schema: Readonly<Record<string, unknown>> = isObject(written) ? written : typeof written === "string" ? { type: written } : {};
  const type = typeof schema["type"] === "string" ? schema["type"] : "";
  // `email: string` is short for its type; the server writes it out when more is said.
  const write = (key: string, value: unknown): Promise<boolean> => {
    if (key === "type" && typeof written === "string" && value !== undefined) return form.set(at, value);
    if (value !== undefined) return form.set(pointer(at, key), value);
    return isObject(written) && key in written ? form.remove(pointer(at, key)) : Promise.resolve(true);
  };
  const rename = (text: string): Promise<boolean> => {
    const to = text.trim();
    return to === "" || to === name || taken.includes(to) ? Promise.resolve(false) : form.rename(at, to);
  };
  const pick = (key: string, values: readonly string[], value: string, none: string) => (
    <div className="form-field">
      <label htmlFor={`${id}-${key}`}>{key}</label>
      <PickSelect id={`${id}-${key}`} value={value} onPick={(picked) => write(key, picked === "" ? undefined : picked)}>
        <option value="">{none}</option>
        {(values.includes(value) || value === "" ? values : [value, ...values]).map((one) => (
          <option key={one}>{one}</option>
        ))}
      </PickSelect>
    </div>
  );
  const number = (key: string) => <SmallField key={key} label={key} value={schema[key]} read={(text) => readNumber(text, true)} onWrite={(value) => write(key, value)} />;
  const isChoice = Array.isArray(schema["enum"]);

  return (
    <>
      <FieldFrame label="name" help="Its uses follow.">
        {(ids) => <TextInput id={ids.control} aria-describedby={ids.describedBy} className="code-input" waitsForEnd value={name} onCommit={rename} />}
      </FieldFrame>
      <div className="form-row">
        {pick("type", TYPES, type, "any")}
        {type === "string" && pick("format", FORMATS, typeof schema["format"] === "string" ? schema["format"] : "", "any text")}
      </div>
      <SmallField label="description" value={schema["description"]} onWrite={(value) => write("description", value)} />
      {(type === "string" || type === "" || isChoice) && (
        <SmallField
          label="enum"
          placeholder="free, pro"
          value={isChoice ? (schema["enum"] as readonly unknown[]).map(shown).join(", ") : undefined}
          read={(text) => ({ value: text.split(",").map((one) => one.trim()).filter((one) => one !== "") })}
          onWrite={(value) => write("enum", value)}
        />
      )}
      {type === "string" && (
        <>
          <div className="form-row">{["minLength", "maxLength"].map(number)}</div>
          <SmallField label="pattern" value={schema["pattern"]} onWrite={(value) => write("pattern", value)} />
        </>
      )}
      {(type === "integer" || type === "number") && <div className="form-row">{["minimum", "maximum"].map(number)}</div>}
      <SmallField
        label="default"
        value={schema["default"]}
        read={type === "string" || type === "" ? (text) => ({ value: text }) : readJson}
        onWrite={(value) => write("default", value)}
      />
      <PickCheck
        isOn={schema["required"] !== false && schema["default"] === undefined}
        isFixed={schema["default"] !== undefined}
        onPick={(isOn) => write("required", isOn ? undefined : false)}
      >
        required
      </PickCheck>
      <PickCheck isOn={schema["secret"] === true} onPick={(isOn) => write("secret", isOn ? true : undefined)}>
        secret
      </PickCheck>
      {!form.isReadOnly && (
        <button type="button" className="button" data-kind="danger" onClick={() => void form.remove(at)}>
          <Icon name="delete" size={15} /> Remove {name}
        </button>
      )}
    </>
  );
}

interface SmallFieldProps {
  readonly label: string;
  readonly value: unknown;
  readonly placeholder?: string;
  readonly read?: (text: string) => { readonly value: unknown } | { readonly problem: string };
  readonly onWrite: (value: unknown) => Promise<boolean>;
}

function SmallField({ label, value, placeholder = "", read, onWrite }: SmallFieldProps) {
  const { store } = useForm();
  const commit = (text: string): Promise<boolean> => {
    if (text.trim() === "") return value === undefined ? Promise.resolve(true) : onWrite(undefined);
    const found = read ? read(text) : { value: text };
    if ("value" in found) return onWrite(found.value);
    store.setNotice(`${label}: ${found.problem}`);
    return Promise.resolve(false);
  };
  return (
    <FieldFrame label={label}>
      {(ids) => <TextInput id={ids.control} placeholder={placeholder} value={value === undefined || value === null ? "" : shown(value)} onCommit={commit} />}
    </FieldFrame>
  );
}
