// For a flow without a test file: makes one, from the last run or with a first case.
import { useEffect, useState } from "react";
import { get, put } from "../api/client";
import type { FlowHead, RunSummary } from "../api/types";
import { CaseDialog } from "../runs/case-dialog";
import { ProblemLine } from "../runs/problem-line";
import { absoluteText } from "../runs/times";
import { useTask } from "../runs/use-task";
import { workspaceStore } from "../shell/workspace-store";
import { Icon } from "../ui/icon";
import { newTestText, testPath } from "./new-test";

interface NewTestProps {
  readonly path: string;
  readonly flow: string;
  readonly head: FlowHead | null;
  readonly isReadOnly: boolean;
}

export function NewTest({ path, flow, head, isReadOnly }: NewTestProps) {
  const [last, setLast] = useState<RunSummary | null>(null);
  const [isOpen, setOpen] = useState(false);
  const task = useTask();
  useEffect(() => {
    const life = new AbortController();
    get("/api/runs", { query: { flow, limit: 1, status: ["succeeded", "failed"] }, signal: life.signal }).then(
      ({ runs }) => setLast(runs[0] ?? null),
      // A server that keeps no runs has none to offer.
      () => undefined,
    );
    return () => life.abort();
  }, [flow]);
  return (
    <div className="test-new">
      <p>This flow has no tests.</p>
      {isReadOnly ? (
        <p className="field-hint">Files cannot be changed from here.</p>
      ) : (
        <div className="test-buttons">
          {last !== null && (
            <button type="button" className="button" data-kind="primary" onClick={() => setOpen(true)}>
              <Icon name="run" /> Make a test of the run of {absoluteText(last.started_at)}
            </button>
          )}
          <button
            type="button"
            className="button"
            disabled={head === null || task.isBusy}
            onClick={() =>
              void task.run(async () => {
                if (head === null) return;
                await put("/api/files/{path}", { params: { path: testPath(path) }, body: { text: newTestText(head), base: null } });
                await workspaceStore.load();
              })
            }
          >
            <Icon name="plus" /> A file with a first case
          </button>
        </div>
      )}
      <ProblemLine problem={task.problem} />
      {isOpen && last !== null && <CaseDialog id={last.id} isReadOnly={isReadOnly} onClose={() => setOpen(false)} />}
    </div>
  );
}
