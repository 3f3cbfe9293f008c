// Asks which error of a step is to be handled, and how.
import { useEffect, useRef, useState } from "react";
import { post } from "../api/client";
import { messageOf } from "../api/problem";
import type { StepForm } from "../api/types";
import type { DocumentStore } from "../document/store";
import { Dialog } from "../ui/dialog";
import { MarkdownLine } from "../ui/markdown";
import type { Board } from "./board";
import type { Commands } from "./commands";
import { segment } from "./slot";

interface ErrorDialogProps {
  readonly step: string;
  readonly store: DocumentStore;
  readonly board: Board;
  readonly commands: Commands;
}

type Code = StepForm["errors"][number];

export function ErrorDialog({ step, store, board, commands }: ErrorDialogProps) {
  const [codes, setCodes] = useState<readonly Code[] | null>(null);
  const [handled, setHandled] = useState<readonly string[]>([]);
  const first = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [chosen, setChosen] = useState("*");
  useEffect(() => {
    const asking = new AbortController();
    const { path, text } = store.snapshot();
    post("/api/document/step", { body: { path, text, step }, signal: asking.signal }).then(
      (form) => {
        setCodes(form.errors);
        setHandled(handledBy(form.value));
      },
      (error: unknown) => asking.signal.aborted || setProblem(messageOf(error)),
    );
    return () => asking.abort();
  }, [store, step]);

  // After the dialog has taken the focus.
  useEffect(() => first.current?.focus(), []);

  const handle = (): void => {
    const list = `${step}/on_error/${segment(chosen)}`;
    board.open({ kind: "add", at: { list, index: 0 }, place: board.canvas?.placeOfCard(step) ?? { x: 0, y: 0 } });
  };
  const all: readonly (Code | { code: "*"; when: string })[] = [...(codes ?? []), { code: "*", when: "Any other error" }];
  return (
    <Dialog title="Handle an error" onClose={() => board.close()}>
      {problem !== null && <p role="alert">{problem}</p>}
      <form
        className="arm-form"
        onSubmit={(event) => {
          event.preventDefault();
          handle();
        }}
      >
        <fieldset className="error-codes" aria-busy={codes === null}>
          <legend className="visually-hidden">Error</legend>
          {all.map(({ code, when }) => (
            <label key={code}>
              <input
                ref={code === "*" ? first : null}
                type="radio"
                name="error-code"
                value={code}
                checked={chosen === code}
                disabled={handled.includes(code)}
                onChange={() => setChosen(code)}
              />
              <span>
                <code>{code}</code>{" "}
                <small>{handled.includes(code) ? "has steps already" : <MarkdownLine text={when} />}</small>
              </span>
            </label>
          ))}
        </fieldset>
        <div className="dialog-buttons">
          <button
            type="button"
            className="button"
            onClick={() => {
              board.close();
              void commands.continueOnError(step);
            }}
          >
            Go on after any error
          </button>
          <button type="submit" className="button" data-kind="primary">
            Choose the first step
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** The codes that a step has steps for. */
function handledBy(step: unknown): readonly string[] {
  if (typeof step !== "object" || step === null || !("on_error" in step)) return [];
  const { on_error: handlers } = step;
  return typeof handlers === "object" && handlers !== null && !Array.isArray(handlers) ? Object.keys(handlers) : [];
}
