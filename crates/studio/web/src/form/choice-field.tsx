// A value out of a few; or an expression that gives one.
import { useState } from "react";
import { FieldFrame } from "./field-frame";
import { type FieldProps, useWrite } from "./field-props";
import { findingsAt } from "./findings-at";
import { useForm } from "./form-context";
import { PickSelect } from "./picks";
import { Preview } from "./preview";
import { choicesOf, placeholderOf, shown, textOf } from "./schema";
import { TemplateInput } from "./template-input";
import { fieldText } from "./value-text";

const NONE = "none";
const EXPRESSION = "expression";

export function ChoiceField(props: FieldProps) {
  const { label, at, schema, value, isRequired = false, isSecret = false } = props;
  const { findings } = useForm();
  const write = useWrite(props);
  const [wantsExpression, setWantsExpression] = useState(false);
  const choices = choicesOf(schema);
  const index = choices.findIndex((choice) => choice.value === value);
  const isOther = value !== undefined && index < 0;
  const own = findingsAt(findings, at);
  const fallback = placeholderOf(schema);

  const choose = (chosen: string): Promise<boolean> => {
    setWantsExpression(chosen === EXPRESSION);
    if (chosen === NONE) return value === undefined ? Promise.resolve(true) : write(undefined);
    return chosen === EXPRESSION ? Promise.resolve(true) : write(choices[Number(chosen)]?.value);
  };

  const select = (describedBy: string | undefined) => (
    <PickSelect
      aria-label={`${label}: value or expression`}
      aria-describedby={describedBy}
      aria-invalid={own.some((finding) => finding.severity === "error")}
      value={wantsExpression || isOther ? EXPRESSION : index < 0 ? NONE : String(index)}
      onPick={choose}
    >
      {((!isRequired && props.keepsEmpty !== true) || index < 0) && <option value={NONE}>{fallback === "" ? "Not set" : `Not set (${fallback})`}</option>}
      {choices.map((choice, position) => (
        <option key={position} value={String(position)} title={choice.about}>
          {choice.label}
        </option>
      ))}
      <option value={EXPRESSION}>Expression …</option>
    </PickSelect>
  );

  return (
    <FieldFrame
      label={label}
      kind="group"
      help={textOf(schema, "description")}
      isRequired={isRequired}
      isSecret={isSecret}
      findings={own}
      actions={props.actions}
      after={isOther && <Preview value={value} />}
    >
      {(ids) => (
        <>
          {select(ids.describedBy)}
          {(wantsExpression || isOther) && (
            <TemplateInput
              value={isOther ? (typeof value === "string" ? value : shown(value)) : fieldText(undefined)}
              labelledBy={ids.label}
              describedBy={ids.describedBy}
              isInvalid={own.length > 0}
              placeholder="{{ … }}"
              onCommit={(text) => (text === "" ? Promise.resolve(true) : write(text))}
            />
          )}
        </>
      )}
    </FieldFrame>
  );
}
