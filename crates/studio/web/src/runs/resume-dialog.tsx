// Lets a run go on that has stopped: as it began, with the flow as it is now, or past a step that is in doubt.
import { useId, useState } from "react";
import { post } from "../api/client";
import type { AdminSchemas, RunSummary } from "../api/types";
import { Dialog } from "../ui/dialog";
import { ProblemLine } from "./problem-line";
import { useTask } from "./use-task";

interface ResumeDialogProps {
  readonly run: RunSummary;
  /** The step that is in doubt, for people. */
  readonly doubtful: string | null;
  readonly onClose: () => void;
  readonly onResumed: () => void;
}

type Doubt = "happened" | "did_not_happen";

export function ResumeDialog({ run, doubtful, onClose, onResumed }: ResumeDialogProps) {
  const isInDoubt = run.status === "in_doubt";
  const [isCurrent, setCurrent] = useState(false);
  const [doubt, setDoubt] = useState<Doubt>("did_not_happen");
  const [result, setResult] = useState("{}");
  const { isBusy, problem, run: task } = useTask();
  const id = useId();

  const send = (): void => {
    void task(async () => {
      const body: AdminSchemas["Resume"] = { ...(isCurrent ? { current: true } : {}) };
      if (isInDoubt && doubt === "did_not_happen") body.did_not_happen = true;
      if (isInDoubt && doubt === "happened") body.happened = parse(result);
      await post("/api/runs/{id}/resume", { params: { id: run.id }, body });
    }).then((isDone) => {
      if (isDone) onResumed();
    });
  };
  return (
    <Dialog title="Resume the run" onClose={onClose}>
      <p>What is recorded is not done again: the run goes on from where it stopped.</p>
      {isInDoubt && (
        <fieldset className="choices">
          <legend>{doubtful === null ? "A step is in doubt" : `“${doubtful}” is in doubt`}: it was called, and the answer was lost</legend>
          <Choice name={`${id}doubt`} isChosen={doubt === "did_not_happen"} onChoose={() => setDoubt("did_not_happen")}>
            It did not happen: it may be called again
          </Choice>
          <Choice name={`${id}doubt`} isChosen={doubt === "happened"} onChoose={() => setDoubt("happened")}>
            It happened, with this result
          </Choice>
          {doubt === "happened" && (
            <div className="field">
              <label htmlFor={`${id}result`}>Result as JSON</label>
              <textarea
                id={`${id}result`}
                className="run-json"
                rows={4}
                spellCheck={false}
                value={result}
                onChange={(event) => setResult(event.target.value)}
              />
            </div>
          )}
        </fieldset>
      )}
      <fieldset className="choices">
        <legend>With</legend>
        <Choice name={`${id}current`} isChosen={!isCurrent} onChoose={() => setCurrent(false)}>
          the flow as it was when the run began
        </Choice>
        <Choice name={`${id}current`} isChosen={isCurrent} onChoose={() => setCurrent(true)}>
          the flow as it is now, if what is recorded fits it
        </Choice>
      </fieldset>
      <ProblemLine problem={problem} />
      <div className="dialog-buttons">
        <button type="button" className="button" onClick={onClose}>
          Leave it
        </button>
        <button type="button" className="button" data-kind="primary" disabled={isBusy} onClick={send}>
          Resume
        </button>
      </div>
    </Dialog>
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error("The result is not JSON.");
  }
}

interface ChoiceProps {
  readonly name: string;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
  readonly children: React.ReactNode;
}

function Choice({ name, isChosen, onChoose, children }: ChoiceProps) {
  return (
    <label className="choice">
      <input type="radio" name={name} checked={isChosen} onChange={onChoose} />
      <span>{children}</span>
    </label>
  );
}
