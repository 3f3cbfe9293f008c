// One value of the flow in a form: the control that its schema asks for.
import { type ReactNode, useState } from "react";
import { ChoiceField } from "./choice-field";
import { FieldFrame } from "./field-frame";
import { findingsAt } from "./findings-at";
import { useForm } from "./form-context";
import { JsonField } from "./json-field";
import { ListField } from "./list-field";
import { MapField } from "./map-field";
import { Preview } from "./preview";
import { fieldKind, isObject, placeholderOf, type Schema, textOf, typeOf } from "./schema";
import { TemplateInput } from "./template-input";
import { fieldText, hasTemplate, readNumber } from "./value-text";

export interface FieldProps {
  readonly label: string;
  /** JSON Pointer within the step. */
  readonly at: string;
  readonly schema: Schema;
  /** The server's word for the type, where it has one. */
  readonly type?: string;
  /** As it is written; undefined where it is not. */
  readonly value: unknown;
  readonly isRequired?: boolean;
  /** Whether an empty text is a value: the item of a list stays where it is. */
  readonly keepsEmpty?: boolean;
  readonly isSecret?: boolean;
  readonly isHtml?: boolean;
  readonly isExpression?: boolean;
  /** How deep it lies in lists and maps. */
  readonly depth?: number;
  readonly actions?: ReactNode;
  /** Writes it another way than under its own key. */
  readonly onChange?: (value: unknown) => Promise<boolean>;
}

/** Maps and lists deeper than this are written as JSON. */
const DEEPEST = 3;

export function Field(props: FieldProps) {
  const { schema, value, isExpression = false, depth = 0 } = props;
  const kind = fieldKind(schema, isExpression, props.type);
  // What is written decides where it is not of the schema's kind.
  if (isObject(value)) return depth < DEEPEST ? <MapField {...props} /> : <JsonField {...props} />;
  if (Array.isArray(value)) return depth < DEEPEST ? <ListField {...props} /> : <JsonField {...props} />;
  const isText = typeof value === "string";
  switch (kind) {
    case "choice":
      return <ChoiceField {...props} />;
    case "fields":
      return isText ? <TextField {...props} /> : depth < DEEPEST ? <MapField {...props} /> : <JsonField {...props} />;
    case "list":
      return isText ? <TextField {...props} /> : depth < DEEPEST ? <ListField {...props} /> : <JsonField {...props} />;
    case "any":
      return <AnyField {...props} />;
    default:
      return <TextField {...props} />;
  }
}

/** Writes a value; none removes the key. */
export function useWrite({ at, onChange }: Pick<FieldProps, "at" | "onChange">): (value: unknown) => Promise<boolean> {
  const { set, remove } = useForm();
  return onChange ?? ((value) => (value === undefined ? remove(at) : set(at, value)));
}

/** Texts, numbers and expressions. */
function TextField(props: FieldProps) {
  const { label, at, schema, value, isRequired = false, isSecret = false, isExpression = false } = props;
  const { findings } = useForm();
  const write = useWrite(props);
  const [problem, setProblem] = useState<string | null>(null);
  const [typed, setTyped] = useState<string | null>(null);
  const kind = fieldKind(schema, isExpression, props.type);
  const own = findingsAt(findings, at);
  const text = fieldText(value);

  const commit = async (next: string): Promise<boolean> => {
    setTyped(null);
    if (next === "" && !isRequired && props.keepsEmpty !== true) {
      setProblem(null);
      return value === undefined || write(undefined);
    }
    if (kind !== "number") return write(next);
    const read = readNumber(next, typeOf(schema) === "integer");
    setProblem("problem" in read ? read.problem : null);
    return "problem" in read ? true : write(read.value);
  };

  return (
    <FieldFrame
      label={label}
      kind="editor"
      help={textOf(schema, "description")}
      isRequired={isRequired}
      isSecret={isSecret}
      problem={problem}
      findings={own}
      actions={props.actions}
      after={<Preview value={typed ?? text} isExpression={isExpression} />}
    >
      {(ids) => (
        <TemplateInput
          value={text}
          labelledBy={ids.label}
          describedBy={ids.describedBy}
          isExpression={isExpression}
          isMultiline={props.isHtml === true || text.includes("\n")}
          isRequired={isRequired}
          isInvalid={problem !== null || own.some((finding) => finding.severity === "error")}
          placeholder={placeholderOf(schema)}
          onCommit={commit}
          onType={(next) => setTyped(hasTemplate(next) || isExpression ? next : null)}
        />
      )}
    </FieldFrame>
  );
}

type Manner = "text" | "fields" | "list" | "json";

const MANNERS: readonly { readonly manner: Manner; readonly label: string }[] = [
  { manner: "text", label: "Text" },
  { manner: "fields", label: "Fields" },
  { manner: "list", label: "List" },
  { manner: "json", label: "JSON" },
];

/** A value of any type: one chooses how to write it. */
function AnyField(props: FieldProps) {
  const { value, label } = props;
  const { isReadOnly } = useForm();
  const [manner, setManner] = useState<Manner>(value === undefined || value === null || typeof value === "string" ? "text" : "json");
  const choice = !isReadOnly && (
    <select className="field-manner" aria-label={`How ${label} is written`} value={manner} onChange={(event) => setManner(mannerOf(event.target.value))}>
      {MANNERS.map((one) => (
        <option key={one.manner} value={one.manner}>
          {one.label}
        </option>
      ))}
    </select>
  );
  const own = { ...props, actions: <>{choice}{props.actions}</> };
  switch (manner) {
    case "text":
      return <TextField {...own} type="string" />;
    case "fields":
      return <MapField {...own} value={undefined} />;
    case "list":
      return <ListField {...own} value={undefined} />;
    case "json":
      return <JsonField {...own} />;
  }
}

function mannerOf(text: string): Manner {
  return MANNERS.find((one) => one.manner === text)?.manner ?? "text";
}
