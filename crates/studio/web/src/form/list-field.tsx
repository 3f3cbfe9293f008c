// A list: an item below the other.
import { IconButton } from "../ui/icon-button";
import { Icon } from "../ui/icon";
import { Field } from "./field";
import { FieldFrame } from "./field-frame";
import { type FieldProps, useWrite } from "./field-props";
import { findingsAt } from "./findings-at";
import { useForm } from "./form-context";
import { pointer } from "./pointer";
import { itemsOf, propertiesOf, requiredOf, type Schema, textOf, typeOf } from "./schema";

export function ListField(props: FieldProps) {
  const { label, at, schema, value, isRequired = false, isSecret = false, depth = 0 } = props;
  const form = useForm();
  const write = useWrite(props);
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  const own = findingsAt(form.findings, at).filter((finding) => finding.key === at);
  const itemSchema = itemsOf(schema);
  const add = (): void => {
    const item = emptyItem(itemSchema);
    void (Array.isArray(value) && props.onChange === undefined ? form.set(pointer(at, "-"), item) : write([...items, item]));
  };
  const without = (index: number): unknown[] => items.filter((_, position) => position !== index);

  return (
    <FieldFrame
      label={label}
      kind="group"
      help={textOf(schema, "description")}
      isRequired={isRequired}
      isSecret={isSecret}
      findings={own}
      actions={props.actions}
    >
      {() => (
        <div className="field-inside">
          {items.map((item, index) => (
            <Field
              key={index}
              label={`${label} ${index + 1}`}
              at={pointer(at, index)}
              schema={{ ...itemSchema, description: undefined }}
              value={item}
              keepsEmpty
              depth={depth + 1}
              {...(props.onChange === undefined ? {} : { onChange: (next: unknown) => write(items.with(index, next)) })}
              actions={
                !form.isReadOnly && (
                  <IconButton
                    icon="delete"
                    label={`Remove ${label} ${index + 1}`}
                    onClick={() => void (props.onChange === undefined ? form.remove(pointer(at, index)) : write(without(index)))}
                  />
                )
              }
            />
          ))}
          {!form.isReadOnly && (
            <button type="button" className="button field-more" onClick={add}>
              <Icon name="plus" size={15} /> Add to {label}
            </button>
          )}
        </div>
      )}
    </FieldFrame>
  );
}

/** A new item, with the keys that it must have. */
function emptyItem(schema: Schema): unknown {
  switch (typeOf(schema)) {
    case "object": {
      const required = requiredOf(schema);
      return Object.fromEntries(propertiesOf(schema).flatMap(([name, own]) => (required.has(name) ? [[name, emptyItem(own)]] : [])));
    }
    case "array":
      return [];
    case "integer":
    case "number":
      return 0;
    case "boolean":
      return false;
    default:
      return "";
  }
}
