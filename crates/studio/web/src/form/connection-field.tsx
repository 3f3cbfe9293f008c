// Which connection of the workspace a step uses.
import type { StepForm } from "../api/types";
import { FieldFrame } from "./field-frame";
import { findingsAt } from "./findings-at";
import { useForm } from "./form-context";
import { isObject } from "./schema";

export function ConnectionField({ form }: { readonly form: StepForm }) {
  const { set, remove, findings, isReadOnly } = useForm();
  const written = isObject(form.value) ? form.value["connection"] : undefined;
  const given = typeof written === "string" ? written : "";
  const own = findingsAt(findings, "/connection");
  if (form.connections.length === 0 && given === "" && own.length === 0) return null;
  const [only] = form.connections;
  const names = given === "" || form.connections.includes(given) ? form.connections : [given, ...form.connections];
  return (
    <FieldFrame label="connection of the workspace" isRequired={form.needs_connection} findings={own}>
      {(ids) => (
        <select
          id={ids.control}
          aria-describedby={ids.describedBy}
          aria-invalid={own.length > 0}
          value={given}
          disabled={isReadOnly}
          onChange={(event) => void (event.target.value === "" ? remove("/connection") : set("/connection", event.target.value))}
        >
          {(!form.needs_connection || given === "") && (
            <option value="">{form.needs_connection ? "Choose one …" : only === undefined ? "Not set" : `The one that fits (${only})`}</option>
          )}
          {names.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      )}
    </FieldFrame>
  );
}
