// A value as JSON, for what has no form of its own. Templates stand in its texts.
import { useState } from "react";
import { FieldFrame } from "./field-frame";
import { type FieldProps, useWrite } from "./field-props";
import { findingsAt } from "./findings-at";
import { useForm } from "./form-context";
import { textOf } from "./schema";
import { TemplateInput } from "./template-input";
import { fieldText, readJson } from "./value-text";

export function JsonField(props: FieldProps) {
  const { label, at, schema, value, isRequired = false, isSecret = false } = props;
  const { findings } = useForm();
  const write = useWrite(props);
  const [problem, setProblem] = useState<string | null>(null);
  const own = findingsAt(findings, at);

  const commit = async (text: string): Promise<boolean> => {
    if (text.trim() === "") {
      setProblem(null);
      return value === undefined || write(undefined);
    }
    const read = readJson(text);
    setProblem("problem" in read ? read.problem : null);
    // What is no JSON stays in the field, and the flow as it is.
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
    >
      {(ids) => (
        <TemplateInput
          value={value === undefined ? "" : typeof value === "string" ? JSON.stringify(value) : value === null ? "null" : fieldText(value)}
          labelledBy={ids.label}
          describedBy={ids.describedBy}
          isMultiline
          isRequired={isRequired}
          isInvalid={problem !== null}
          placeholder="JSON"
          onCommit={commit}
        />
      )}
    </FieldFrame>
  );
}
