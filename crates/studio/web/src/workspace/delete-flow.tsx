// Asks whether a flow is to be deleted, and deletes it as it stands on disk.
import { useState } from "react";
import { get, remove } from "../api/client";
import type { FlowEntry } from "../api/types";
import { forgetDraft } from "../document/drafts";
import { ProblemLine } from "../runs/problem-line";
import { useTask } from "../runs/use-task";
import { workspaceStore } from "../shell/workspace-store";
import { Dialog } from "../ui/dialog";

interface DeleteFlowProps {
  readonly flow: FlowEntry;
  readonly flows: readonly FlowEntry[];
  readonly onClose: () => void;
}

async function deleteFile(path: string): Promise<void> {
  const { version } = await get("/api/files/{path}", { params: { path } });
  await remove("/api/files/{path}", { params: { path }, query: { version } });
  forgetDraft(path);
}

export function DeleteFlow({ flow, flows, onClose }: DeleteFlowProps) {
  const [withTests, setWithTests] = useState(true);
  const task = useTask();
  const callers = flows.filter((one) => one.calls.includes(flow.name) && one.path !== flow.path);
  const send = (): void => {
    void task
      .run(async () => {
        await deleteFile(flow.path);
        if (withTests && flow.tests !== null) await deleteFile(flow.tests);
        await workspaceStore.load();
      })
      .then((isDone) => {
        if (isDone) onClose();
      });
  };
  return (
    <Dialog title={`Delete ${flow.name}?`} onClose={onClose}>
      <p>
        The file <code>{flow.path}</code> is deleted from the disk. What of it was committed to version control is there still. Runs that have begun
        keep the text that they began with.
      </p>
      {callers.length > 0 && <p className="field-error">It is called by {callers.map((one) => one.name).join(", ")}.</p>}
      {flow.tests !== null && (
        <label className="choice">
          <input type="checkbox" checked={withTests} onChange={(event) => setWithTests(event.target.checked)} />
          <span>
            and its tests, <code>{flow.tests}</code>
          </span>
        </label>
      )}
      <ProblemLine problem={task.problem} />
      <div className="dialog-buttons">
        <button type="button" className="button" data-first-focus onClick={onClose}>
          Keep it
        </button>
        <button type="button" className="button" data-kind="danger" disabled={task.isBusy} onClick={send}>
          Delete it
        </button>
      </div>
    </Dialog>
  );
}
