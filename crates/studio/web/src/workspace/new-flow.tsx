// Asks for the name of a new flow, and opens it: the file is made when it is saved.
import { type FormEvent, useId, useState } from "react";
import { go } from "../shell/router";
import { Dialog } from "../ui/dialog";
import { fileOfName } from "./other-files";

interface NewFlowProps {
  readonly files: readonly string[];
  readonly onClose: () => void;
}

export function NewFlow({ files, onClose }: NewFlowProps) {
  const [name, setName] = useState("");
  const id = useId();
  const path = fileOfName(name);
  const isThere = path !== null && files.includes(path);
  const send = (event: FormEvent): void => {
    event.preventDefault();
    if (path !== null && !isThere) go({ page: "file", path, isNew: true, step: null });
  };
  return (
    <Dialog title="New flow" onClose={onClose}>
      <form className="dialog-form" onSubmit={send}>
        <div className="field">
          <label htmlFor={id}>Name</label>
          <input
            id={id}
            type="text"
            autoComplete="off"
            spellCheck={false}
            placeholder="sign-up"
            value={name}
            aria-describedby={`${id}-hint`}
            aria-invalid={isThere}
            onChange={(event) => setName(event.target.value)}
          />
          <p id={`${id}-hint`} className={isThere ? "field-error" : "field-hint"} role="status">
            {path === null ? "Letters, digits and hyphens; a / makes a folder." : isThere ? `${path} is there already.` : `Its file is ${path}, once it is saved.`}
          </p>
        </div>
        <div className="dialog-buttons">
          <button type="button" className="button" onClick={onClose}>
            Leave it
          </button>
          <button type="submit" className="button" data-kind="primary" disabled={path === null || isThere}>
            Open it
          </button>
        </div>
      </form>
    </Dialog>
  );
}
