// A plain text field: for names, durations and other words without templates.
import { type InputHTMLAttributes, useEffect, useLayoutEffect, useRef, useState } from "react";
import { type Commit, DraftText } from "./draft-text";
import { useForm } from "./form-context";

interface TextInputProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "value" | "onChange" | "onBlur" | "onKeyDown"> {
  readonly value: string;
  readonly onCommit: Commit;
  readonly isMultiline?: boolean;
  /** Whether a pause in typing does not write: half a name is another name. */
  readonly waitsForEnd?: boolean;
}

export function TextInput({ value, onCommit, isMultiline = false, waitsForEnd = false, ...rest }: TextInputProps) {
  const { store, isReadOnly } = useForm();
  const [text, setText] = useState(value);
  const latest = useRef(onCommit);
  const draft = useRef<DraftText | null>(null);
  useLayoutEffect(() => {
    latest.current = onCommit;
  });
  useEffect(() => {
    const own = new DraftText(value, (text) => latest.current(text));
    draft.current = own;
    const forget = store.addField(() => own.flush());
    return () => {
      forget();
      void own.flush();
      own.close();
    };
    // The value of later renders is received below.
  }, []);
  useEffect(() => {
    if (draft.current?.receive(value)) setText(value);
  }, [value]);

  const type = (next: string): void => {
    setText(next);
    draft.current?.type(next);
    if (waitsForEnd) draft.current?.close();
  };
  const onBlur = (): void => void draft.current?.flush();
  const onKeyDown = (event: { key: string; ctrlKey: boolean; metaKey: boolean; preventDefault: () => void }): void => {
    if (event.key === "Enter" && (!isMultiline || event.ctrlKey || event.metaKey)) onBlur();
    if (event.key === "Escape" && draft.current?.isDirty) {
      event.preventDefault();
      setText(draft.current.revert());
    }
  };
  if (isMultiline) {
    const { id, placeholder, "aria-label": label, "aria-describedby": describedBy } = rest;
    const rows = Math.min(Math.max(text.split("\n").length, 1), 10);
    const own = { id, placeholder, "aria-label": label, "aria-describedby": describedBy, onBlur, onKeyDown, rows };
    return <textarea {...own} value={text} readOnly={isReadOnly} onChange={(event) => type(event.target.value)} />;
  }
  return (
    <input type="text" autoComplete="off" spellCheck={false} {...rest} value={text} readOnly={isReadOnly} onBlur={onBlur} onKeyDown={onKeyDown} onChange={(event) => type(event.target.value)} />
  );
}
