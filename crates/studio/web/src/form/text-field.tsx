// Texts, numbers and expressions: anything that is typed, templates included.
import { useState } from "react";
import { FieldFrame } from "./field-frame";
import { type FieldProps, useWrite } from "./field-props";
import { findingsAt } from "./findings-at";
import { useForm } from "./form-context";
import { Preview } from "./preview";
import { fieldKind, placeholderOf, textOf, typeOf } from "./schema";
import { TemplateInput } from "./template-input";
import { fieldText, hasTemplate, readNumber } from "./value-text";

export function TextField(props: FieldProps) {
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
