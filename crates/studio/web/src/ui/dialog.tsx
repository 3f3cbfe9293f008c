// A modal dialog: the browser's own, which keeps the focus inside and closes by Escape.
import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { IconButton } from "./icon-button";

/** What has the focus when a dialog opens: what is marked, or else its first field. */
const FIRST = "[data-first-focus], :not(:has([data-first-focus])) > .dialog-body :is(input, select, textarea):enabled";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly isWide?: boolean;
  readonly children: ReactNode;
}

export function Dialog({ title, onClose, isWide = false, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Closed while it is still in the page: else the browser does not give the focus back to what had it before.
  useLayoutEffect(() => {
    const opened = dialog.current;
    opened?.showModal();
    // The browser would take the first button, which closes.
    opened?.querySelector<HTMLElement>(FIRST)?.focus();
    return () => opened?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="dialog"
      data-wide={isWide || undefined}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header className="dialog-head">
        <h2 id={id}>{title}</h2>
        <IconButton icon="close" label="Close" onClick={onClose} />
      </header>
      <div className="dialog-body">{children}</div>
    </dialog>
  );
}
