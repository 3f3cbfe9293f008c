// What can be done with a run.
import { useState } from "react";
import { post } from "../api/client";
import type { Run } from "../api/types";
import { useWorkspace } from "../shell/workspace-store";
import { Icon } from "../ui/icon";
import { AgainDialog } from "./again-dialog";
import { CaseDialog } from "./case-dialog";
import { CompareDialog } from "./compare-dialog";
import { ProblemLine } from "./problem-line";
import { isUnfinished } from "./records";
import { ResumeDialog } from "./resume-dialog";
import { useTask } from "./use-task";

interface RunActionsProps {
  readonly run: Run;
  /** The file of its flow, if it is still there. */
  readonly path: string | null;
  readonly doubtful: string | null;
  /** It goes on again. */
  readonly onResumed: () => void;
}

type Open = "resume" | "again" | "compare" | "case" | null;

export function RunActions({ run, path, doubtful, onResumed }: RunActionsProps) {
  const { workspace } = useWorkspace();
  const [open, setOpen] = useState<Open>(null);
  const cancel = useTask();
  const { status, id } = run.run;
  const close = (): void => setOpen(null);
  const canResume = status === "failed" || status === "cancelled" || status === "in_doubt";
  return (
    <div className="run-actions">
      {isUnfinished(status) && (
        <button
          type="button"
          className="button"
          data-kind="danger"
          disabled={cancel.isBusy}
          onClick={() => void cancel.run(async () => void (await post("/api/runs/{id}/cancel", { params: { id }, body: {} })))}
        >
          <Icon name="close" /> Cancel
        </button>
      )}
      {canResume && (
        <button type="button" className="button" data-kind="primary" onClick={() => setOpen("resume")}>
          <Icon name="run" /> Resume
        </button>
      )}
      {path !== null && (
        <>
          <button type="button" className="button" onClick={() => setOpen("again")}>
            <Icon name="redo" /> Run again
          </button>
          {!isUnfinished(status) && (
            <>
              <button type="button" className="button" onClick={() => setOpen("compare")}>
                <Icon name="columns" /> Replay against a text
              </button>
              <button type="button" className="button" onClick={() => setOpen("case")}>
                <Icon name="test" /> Make a test of it
              </button>
            </>
          )}
        </>
      )}
      <ProblemLine problem={cancel.problem} />
      {open === "resume" && (
        <ResumeDialog
          run={run.run}
          doubtful={doubtful}
          onClose={close}
          onResumed={() => {
            close();
            onResumed();
          }}
        />
      )}
      {open === "again" && path !== null && <AgainDialog run={run} path={path} onClose={close} />}
      {open === "compare" && path !== null && <CompareDialog id={id} path={path} onClose={close} />}
      {open === "case" && <CaseDialog id={id} isReadOnly={workspace?.is_writable === false} onClose={close} />}
    </div>
  );
}
