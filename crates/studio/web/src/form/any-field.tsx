// A value that can be written in several ways: as a text, as fields, as a list, as JSON. What stands in the flow is shown as it is;
// another way is chosen before something is written in it.
import { useState } from "react";
import type { FieldProps } from "./field-props";
import { useForm } from "./form-context";
import { JsonField } from "./json-field";
import { ListField } from "./list-field";
import { MapField } from "./map-field";
import { type FieldKind, isObject } from "./schema";
import { TextField } from "./text-field";

type Manner = "text" | "fields" | "list" | "json";

const LABELS: Readonly<Record<Manner, string>> = { text: "Text", fields: "Fields", list: "List", json: "JSON" };

/** Maps and lists deeper than this are written as JSON. */
const DEEPEST = 3;

export function AnyField({ kind, ...props }: FieldProps & { readonly kind: FieldKind }) {
  const { value, label, depth = 0 } = props;
  const { isReadOnly } = useForm();
  const [chosen, setChosen] = useState<Manner | null>(null);
  const written = mannerOf(value, depth);
  const manner = chosen ?? written ?? (kind === "fields" || kind === "list" ? kind : "text");
  const manners: readonly Manner[] = kind === "fields" ? ["fields", "text", "json"] : kind === "list" ? ["list", "text", "json"] : ["text", "fields", "list", "json"];
  const choice = !isReadOnly && (
    <select
      className="field-manner"
      aria-label={`How ${label} is written`}
      value={manner}
      onChange={(event) => setChosen(manners.find((one) => one === event.target.value) ?? null)}
    >
      {(manners.includes(manner) ? manners : [manner, ...manners]).map((one) => (
        <option key={one} value={one}>
          {one === "text" && (kind === "fields" || kind === "list") ? "Expression" : LABELS[one]}
        </option>
      ))}
    </select>
  );
  const actions = (
    <>
      {choice}
      {props.actions}
    </>
  );
  // Written another way, what stands there is replaced.
  const own = { ...props, actions, value: manner === written || manner === "json" ? value : undefined };
  switch (manner) {
    case "text":
      return <TextField {...own} type="string" />;
    case "fields":
      return <MapField {...own} />;
    case "list":
      return <ListField {...own} />;
    case "json":
      return <JsonField {...own} />;
  }
}

/** How a value is shown; null where there is none yet. */
function mannerOf(value: unknown, depth: number): Manner | null {
  if (value === undefined) return null;
  if (typeof value === "string") return "text";
  if (isObject(value)) return depth < DEEPEST ? "fields" : "json";
  if (Array.isArray(value)) return depth < DEEPEST ? "list" : "json";
  return "json";
}
