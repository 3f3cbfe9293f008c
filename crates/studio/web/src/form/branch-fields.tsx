// The ways of a step that forks: the cases of `switch`, the branches of `parallel`.
import { useState } from "react";
import { IconButton } from "../ui/icon-button";
import { useForm } from "./form-context";
import { KeyName } from "./key-name";
import { selectFirst } from "./on-error-field";
import { pathSegment, pointer } from "./pointer";
import { isObject } from "./schema";

interface BranchFieldsProps {
  readonly verb: string;
  readonly written: Readonly<Record<string, unknown>>;
}

const KEYS: Readonly<Record<string, { readonly key: string; readonly one: string; readonly title: string }>> = {
  switch: { key: "cases", one: "case", title: "Cases" },
  parallel: { key: "parallel", one: "branch", title: "Branches" },
};

export function BranchFields({ verb, written }: BranchFieldsProps) {
  const { store, step, remove, rename, isReadOnly } = useForm();
  const [name, setName] = useState("");
  const kind = KEYS[verb];
  if (kind === undefined) return null;
  const { key, one, title } = kind;
  const value = written[key];
  const branches = isObject(value) ? Object.entries(value) : [];
  const taken = branches.map(([own]) => own);
  const trimmed = name.trim();
  const canAdd = trimmed !== "" && !taken.includes(trimmed);
  const add = async (): Promise<void> => {
    if (!canAdd) return;
    const at = { list: `${step}/${key}/${pathSegment(trimmed)}`, index: 0 };
    if (await store.edit({ edit: "insert", at, step: { action: "log" } })) setName("");
  };
  return (
    <div className="form-field" role="group" aria-label={title}>
      <span className="field-label">{title}</span>
      <ul className="handlers">
        {branches.map(([own, steps]) => (
          <li key={own}>
            <code>{own}</code>
            <button
              type="button"
              className="link-button handler-does"
              onClick={() => selectFirst(store, `${step}/${key}/${pathSegment(own)}`)}
            >
              {Array.isArray(steps) ? steps.length : 0} {Array.isArray(steps) && steps.length === 1 ? "step" : "steps"}
              <span className="visually-hidden">
                {" "}
                of {one} {own}
              </span>
            </button>
            {!isReadOnly && (
              <>
                <KeyName name={own} taken={taken} onRename={(to) => rename(pointer(`/${key}`, own), to)} />
                <IconButton icon="delete" label={`Remove ${one} ${own}`} onClick={() => void remove(pointer(`/${key}`, own))} />
              </>
            )}
          </li>
        ))}
      </ul>
      {!isReadOnly && (
        <div className="field-add">
          <input
            type="text"
            aria-label={`New ${one}`}
            placeholder={`New ${one}`}
            autoComplete="off"
            value={name}
            onChange={(event) => setName(event.target.value)}
            onKeyDown={(event) => event.key === "Enter" && void add()}
          />
          <IconButton icon="plus" label={`Add ${one}`} disabled={!canAdd} onClick={() => void add()} />
        </div>
      )}
    </div>
  );
}
