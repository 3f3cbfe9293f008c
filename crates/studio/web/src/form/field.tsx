// One value of the flow in a form: the control that its schema asks for.
import { AnyField } from "./any-field";
import { ChoiceField } from "./choice-field";
import type { FieldProps } from "./field-props";
import { fieldKind, isObject } from "./schema";
import { TextField } from "./text-field";

export function Field(props: FieldProps) {
  const { schema, value, isExpression = false } = props;
  const kind = fieldKind(schema, isExpression, props.type);
  // What is written decides where it is not of the schema's kind.
  const isNested = isObject(value) || Array.isArray(value);
  if (kind === "choice" && !isNested) return <ChoiceField {...props} />;
  if ((kind === "text" || kind === "number" || kind === "expression") && !isNested) return <TextField {...props} />;
  return <AnyField {...props} kind={kind} />;
}
