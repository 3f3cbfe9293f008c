// Asks for the value of a new case, or the name of a new branch; then for its first step.
import { useEffect, useRef, useState } from "react";
import { Dialog } from "../ui/dialog";
import type { Board } from "./board";
import { segment } from "./slot";

interface ArmDialogProps {
  readonly arm: "case" | "branch";
  readonly step: string;
  readonly board: Board;
}

export function ArmDialog({ arm, step, board }: ArmDialogProps) {
  const [name, setName] = useState("");
  const input = useRef<HTMLInputElement>(null);
  // After the dialog has taken the focus.
  useEffect(() => input.current?.focus(), []);
  const isCase = arm === "case";
  const value = name.trim();
  return (
    <Dialog title={isCase ? "Add a case" : "Add a branch"} onClose={() => board.close()}>
      <form
        className="arm-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (value === "") return input.current?.focus();
          const list = `${step}/${isCase ? "cases" : "parallel"}/${segment(value)}`;
          board.open({ kind: "add", at: { list, index: 0 }, place: board.canvas?.placeOfCard(step) ?? { x: 0, y: 0 } });
        }}
      >
        <div className="field">
          <label htmlFor="arm-name">{isCase ? "Value" : "Name"}</label>
          <input id="arm-name" ref={input} autoComplete="off" spellCheck={false} value={name} onChange={(event) => setName(event.target.value)} />
        </div>
        <div className="dialog-buttons">
          <button type="submit" className="button" data-kind="primary">
            Choose its first step
          </button>
        </div>
      </form>
    </Dialog>
  );
}
