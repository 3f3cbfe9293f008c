// What a step is: its kind, its docs, id, name and notes.
import { useId, useState } from "react";
import type { StepForm } from "../api/types";
import { Icon, iconOf } from "../ui/icon";
import { Markdown } from "../ui/markdown";
import { FieldFrame } from "./field-frame";
import { findingsAt } from "./findings-at";
import { Fold } from "./fold";
import { useForm } from "./form-context";
import { isObject } from "./schema";
import { TextInput } from "./text-input";

const EFFECTS: Readonly<Record<string, string>> = {
  pure: "touches nothing outside",
  read: "reads only",
  idempotent: "can be repeated",
  once: "must happen once",
};

export function StepHead({ form }: { readonly form: StepForm }) {
  const written = isObject(form.value) ? form.value : {};
  const action = typeof written["action"] === "string" ? written["action"] : null;
  const icon = iconOf(action === null ? form.kind : (action.split(".")[0] ?? "action"));
  const errors = form.errors;
  return (
    <>
      <header className="form-head">
        <Icon name={icon} size={22} />
        <div>
          <h2>{form.title}</h2>
          <p>
            {form.title !== (action ?? form.verb) && <code>{action ?? form.verb}</code>}
            {form.effect !== null && <span className="badge">{EFFECTS[form.effect] ?? form.effect}</span>}
          </p>
        </div>
      </header>
      {form.docs !== "" && (
        <Fold title={`About ${action ?? form.verb}`}>
          <Markdown text={form.docs} />
          {action !== null && (
            <p>
              <a href={`#/actions/${action}`}>Reference of {action}</a>
            </p>
          )}
          {errors.length > 0 && <Markdown text={`Errors\n\n${errors.map((error) => `- \`${error.code}\` (${error.status}): ${error.when}`).join("\n")}`} />}
        </Fold>
      )}
      <div className="form-row">
        <IdField id={typeof written["id"] === "string" ? written["id"] : ""} />
        <NameField name={typeof written["name"] === "string" ? written["name"] : ""} />
      </div>
      <NotesField notes={typeof written["notes"] === "string" ? written["notes"] : ""} />
    </>
  );
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Its uses follow another id. */
function IdField({ id }: { readonly id: string }) {
  const { store, step, set, remove, findings } = useForm();
  const [problem, setProblem] = useState<string | null>(null);
  const commit = (text: string): Promise<boolean> => {
    const to = text.trim();
    const isBad = to !== "" && !IDENTIFIER.test(to);
    setProblem(isBad ? "Letters, digits and _, no digit first." : null);
    if (isBad) return Promise.resolve(true);
    if (to === "") return id === "" ? Promise.resolve(true) : remove("/id");
    return id === "" ? set("/id", to) : store.edit({ edit: "rename_id", step, to });
  };
  return (
    <FieldFrame label="id" problem={problem} findings={findingsAt(findings, "/id")}>
      {(ids) => (
        <TextInput
          id={ids.control}
          aria-describedby={ids.describedBy}
          aria-invalid={problem !== null}
          className="code-input"
          placeholder="none"
          waitsForEnd
          value={id}
          onCommit={commit}
        />
      )}
    </FieldFrame>
  );
}

function NameField({ name }: { readonly name: string }) {
  const { set, remove, findings } = useForm();
  return (
    <FieldFrame label="name" findings={findingsAt(findings, "/name")}>
      {(ids) => (
        <TextInput
          id={ids.control}
          aria-describedby={ids.describedBy}
          value={name}
          onCommit={(text) => (text === "" ? remove("/name") : set("/name", text))}
        />
      )}
    </FieldFrame>
  );
}

function NotesField({ notes }: { readonly notes: string }) {
  const { set, remove, isReadOnly } = useForm();
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  if (notes === "" && !isOpen) {
    return isReadOnly ? null : (
      <button type="button" className="link-button form-add-notes" onClick={() => setOpen(true)}>
        Add notes
      </button>
    );
  }
  return (
    <FieldFrame label="notes">
      {(ids) => (
        <TextInput
          key={id}
          id={ids.control}
          isMultiline
          value={notes}
          placeholder="For people who read the flow"
          onCommit={(text) => (text === "" ? remove("/notes") : set("/notes", text))}
        />
      )}
    </FieldFrame>
  );
}
