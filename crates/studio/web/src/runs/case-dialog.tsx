// Makes a case of a run: shows what would be added to the test file, and writes it.
import { useEffect, useState } from "react";
import { get, post, put } from "../api/client";
import { ApiProblem, messageOf } from "../api/problem";
import type { CaseText } from "../api/types";
import { fileHref } from "../shell/router";
import { workspaceStore } from "../shell/workspace-store";
import { DiffView } from "../ui/diff-view";
import { Dialog } from "../ui/dialog";
import { ProblemLine } from "./problem-line";
import { useTask } from "./use-task";

interface CaseDialogProps {
  readonly id: string;
  readonly isReadOnly: boolean;
  readonly onClose: () => void;
  /** The file is written. */
  readonly onWritten?: (path: string) => void;
}

interface Made {
  readonly text: CaseText;
  readonly before: string;
}

async function make(id: string): Promise<Made> {
  const text = await post("/api/runs/{id}/case", { params: { id }, body: {} });
  if (text.base === null) return { text, before: "" };
  const file = await get("/api/files/{path}", { params: { path: text.path } });
  return { text, before: file.text };
}

export function CaseDialog({ id, isReadOnly, onClose, onWritten }: CaseDialogProps) {
  const [made, setMade] = useState<Made | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isWritten, setWritten] = useState(false);
  const task = useTask();
  useEffect(() => {
    let isThere = true;
    make(id).then(
      (made) => isThere && setMade(made),
      (error: unknown) => isThere && setProblem(messageOf(error)),
    );
    return () => {
      isThere = false;
    };
  }, [id]);

  const write = ({ text, before }: Made): void => {
    void task
      .run(async () => {
        const base = text.base === null ? {} : { base_text: before };
        try {
          await put("/api/files/{path}", { params: { path: text.path }, body: { text: text.text, base: text.base, ...base } });
        } catch (error) {
          if (!(error instanceof ApiProblem) || error.status !== 409) throw error;
          throw new Error("The test file has changed meanwhile. Close this, and make the test anew.");
        }
      })
      .then((isDone) => {
        if (!isDone) return;
        setWritten(true);
        void workspaceStore.load();
        onWritten?.(text.path);
      });
  };

  return (
    <Dialog title="A test of this run" onClose={onClose} isWide>
      <ProblemLine problem={problem ?? task.problem} />
      {made === null && problem === null && <p className="empty">Making it …</p>}
      {made !== null && (
        <>
          <p>
            {isWritten ? "Written to " : made.text.base === null ? "The new file " : "Added to "}
            <a href={fileHref(made.text.path)}>{made.text.path}</a>, line {made.text.line}.
          </p>
          {!isWritten && <DiffView before={made.before} after={made.text.text} />}
          {made.text.text.includes("${GAP") && (
            <p className="field-hint">
              What was masked is a gap, <code>{"${GAP: …}"}</code>: put something in its place, and the test can run.
            </p>
          )}
          {isReadOnly && <p className="field-hint">Files cannot be changed from here: copy it, or run the command line where they can.</p>}
        </>
      )}
      <div className="dialog-buttons">
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
        {made !== null && !isWritten && !isReadOnly && (
          <button type="button" className="button" data-kind="primary" disabled={task.isBusy} onClick={() => write(made)}>
            Write it
          </button>
        )}
      </div>
    </Dialog>
  );
}
