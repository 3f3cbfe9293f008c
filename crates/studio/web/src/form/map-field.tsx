// A map: its known keys as fields, and keys of one's own.
import { useEffect, useRef, useState } from "react";
import { IconButton } from "../ui/icon-button";
import { Field } from "./field";
import { FieldFrame } from "./field-frame";
import { type FieldProps, useWrite } from "./field-props";
import { findingsAt } from "./findings-at";
import { useForm } from "./form-context";
import { KeyName } from "./key-name";
import { pointer } from "./pointer";
import { additionalOf, isObject, propertiesOf, requiredOf, textOf } from "./schema";

export function MapField(props: FieldProps) {
  const { label, at, schema, value, isRequired = false, isSecret = false, depth = 0 } = props;
  const form = useForm();
  const write = useWrite(props);
  const given = isObject(value) ? value : {};
  const known = new Map(propertiesOf(schema));
  const required = requiredOf(schema);
  const additional = additionalOf(schema);
  const names = [...new Set([...Object.keys(given), ...[...known.keys()].filter((name) => required.has(name))])];
  const unused = [...known.keys()].filter((name) => !names.includes(name));
  const shownKeys = names.map((name) => pointer(at, name));
  const own = findingsAt(form.findings, at).filter((finding) => !shownKeys.some((key) => finding.key === key || finding.key?.startsWith(`${key}/`)));

  // One goes on in the field of a key that was just added.
  const inside = useRef<HTMLDivElement>(null);
  const added = useRef<string | null>(null);
  useEffect(() => {
    if (added.current === null || !names.includes(added.current)) return;
    const field = inside.current?.children[names.indexOf(added.current)];
    added.current = null;
    // Its editor may be made anew at once.
    setTimeout(() => field?.querySelector<HTMLElement>(".cm-content, select:not(.field-manner), input")?.focus());
  });

  // Where there is no map yet, the first key makes one.
  const add = (name: string): Promise<boolean> => {
    added.current = name;
    const empty = emptyOf(known.get(name)?.["type"]);
    return isObject(value) && props.onChange === undefined ? form.set(pointer(at, name), empty) : write({ ...given, [name]: empty });
  };

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
        <div className="field-inside" ref={inside}>
          {names.map((name) => (
            <Field
              key={name}
              label={name}
              at={pointer(at, name)}
              schema={known.get(name) ?? additional ?? {}}
              value={given[name]}
              isRequired={required.has(name)}
              depth={depth + 1}
              {...(props.onChange === undefined ? {} : { onChange: (next: unknown) => write(withKey(given, name, next)) })}
              actions={
                !form.isReadOnly &&
                name in given && (
                  <>
                    {!known.has(name) && <KeyName name={name} taken={names} onRename={(to) => form.rename(pointer(at, name), to)} />}
                    <IconButton icon="delete" label={`Remove ${name}`} onClick={() => void form.remove(pointer(at, name))} />
                  </>
                )
              }
            />
          ))}
          {!form.isReadOnly && (additional !== null || unused.length > 0) && (
            <AddKey label={label} unused={unused} taken={names} isFree={additional !== null} onAdd={add} />
          )}
        </div>
      )}
    </FieldFrame>
  );
}

function withKey(given: Readonly<Record<string, unknown>>, name: string, value: unknown): Record<string, unknown> {
  const { [name]: _, ...rest } = given;
  return value === undefined ? rest : { ...given, [name]: value };
}

/** What a new key holds until it is filled in. */
function emptyOf(type: unknown): unknown {
  return type === "object" ? {} : type === "array" ? [] : type === "boolean" ? false : type === "integer" || type === "number" ? 0 : "";
}

interface AddKeyProps {
  readonly label: string;
  readonly unused: readonly string[];
  readonly taken: readonly string[];
  readonly isFree: boolean;
  readonly onAdd: (name: string) => Promise<boolean>;
}

function AddKey({ label, unused, taken, isFree, onAdd }: AddKeyProps) {
  const [name, setName] = useState("");
  const trimmed = name.trim();
  const canAdd = trimmed !== "" && !taken.includes(trimmed) && (isFree || unused.includes(trimmed));
  const add = (): void => {
    if (canAdd) void onAdd(trimmed).then((isDone) => isDone && setName(""));
  };
  return (
    <div className="field-add">
      {isFree ? (
        <input
          type="text"
          aria-label={`New key in ${label}`}
          placeholder="New key"
          autoComplete="off"
          spellCheck={false}
          value={name}
          onChange={(event) => setName(event.target.value)}
          onKeyDown={(event) => event.key === "Enter" && add()}
        />
      ) : (
        <select aria-label={`New key in ${label}`} value={name} onChange={(event) => setName(event.target.value)}>
          <option value="">Choose a key …</option>
          {unused.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      )}
      <IconButton icon="plus" label={`Add to ${label}`} disabled={!canAdd} onClick={add} />
    </div>
  );
}
