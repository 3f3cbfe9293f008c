// What a flow takes: its fields, each a small JSON Schema.
import { useState } from "react";
import type { InputField } from "../api/types";
import { IconButton } from "../ui/icon-button";
import { Icon } from "../ui/icon";
import { FieldFrame } from "./field-frame";
import { FlowInputField } from "./flow-input-field";
import { Fold } from "./fold";
import { useForm } from "./form-context";
import { pointer } from "./pointer";
import { isObject, schemaOf, typeWord } from "./schema";

interface FlowInputProps {
  readonly fields: readonly InputField[];
  readonly written: unknown;
}

export function FlowInput({ fields, written }: FlowInputProps) {
  const { set, isReadOnly } = useForm();
  const [name, setName] = useState("");
  const own = isObject(written) ? written : {};
  const names = Object.keys(own);
  const trimmed = name.trim();
  const canAdd = /^[A-Za-z_][\w-]*$/.test(trimmed) && !names.includes(trimmed);
  const add = async (): Promise<void> => {
    if (canAdd && (await set(pointer("/input", trimmed), { type: "string" }))) setName("");
  };
  return (
    <fieldset className="form-part">
      <legend>Input</legend>
      {names.length === 0 && <p className="field-help">It takes nothing.</p>}
      {names.map((one) => (
        <Fold key={one} title={<Summary name={one} field={fields.find((field) => field.name === one)} />}>
          <FlowInputField name={one} written={own[one]} taken={names} />
        </Fold>
      ))}
      {!isReadOnly && (
        <FieldFrame label="New field">
          {(ids) => (
            <div className="field-add">
              <input
                id={ids.control}
                type="text"
                autoComplete="off"
                spellCheck={false}
                placeholder="like email"
                value={name}
                onChange={(event) => setName(event.target.value)}
                onKeyDown={(event) => event.key === "Enter" && void add()}
              />
              <IconButton icon="plus" label="Add the field" disabled={!canAdd} onClick={() => void add()} />
            </div>
          )}
        </FieldFrame>
      )}
    </fieldset>
  );
}

function Summary({ name, field }: { readonly name: string; readonly field: InputField | undefined }) {
  return (
    <span className="input-summary">
      <code>{name}</code>
      {field && <small>{typeWord(schemaOf(field.schema))}</small>}
      {field?.secret === true && <Icon name="key" size={13} />}
      {field?.required === false && <small>optional</small>}
    </span>
  );
}
