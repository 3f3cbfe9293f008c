// Which connection of the workspace a step uses.
import type { StepForm } from "../api/types";
import { FieldFrame } from "./field-frame";
import { findingsAt } from "./findings-at";
import { useForm } from "./form-context";
import { PickSelect } from "./picks";
import { isObject } from "./schema";

export function ConnectionField({ form }: { readonly form: StepForm }) {
  const { set, remove, findings } = useForm();
  const written = isObject(form.value) ? form.value["connection"] : undefined;
  const given = typeof written === "string" ? written : "";
  const own = findingsAt(findings, "/connection");
  if (form.connections.length === 0 && given === "" && own.length === 0) return null;
  const [only] = form.connections;
  const names = given === "" || form.connections.includes(given) ? form.connections : [given, ...form.connections];
  return (
    <FieldFrame label="connection of the workspace" isRequired={form.needs_connection} findings={own}>
      {(ids) => (
        <PickSelect
          id={ids.control}
          aria-describedby={ids.describedBy}
          aria-invalid={own.length > 0}
          value={given}
          onPick={(picked) => (picked === "" ? remove("/connection") : set("/connection", picked))}
        >
          {(!form.needs_connection || given === "") && (
            <option value="">{form.needs_connection ? "Choose one …" : only === undefined ? "Not set" : `The one that fits (${only})`}</option>
          )}
          {names.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </PickSelect>
      )}
    </FieldFrame>
  );
}
