// What adding a scenario would write, and the button that does it.
import { useCallback, useEffect, useState } from "react";
import { post } from "../api/client";
import type { ScenarioPlan } from "../api/types";
import { PatchView } from "../runs/patch-view";
import { ProblemLine } from "../runs/problem-line";
import { Ticked } from "../runs/ticked";
import { useTask } from "../runs/use-task";
import { fileHref, hrefOf } from "../shell/router";
import { useWorkspace, workspaceStore } from "../shell/workspace-store";
import { Dialog } from "../ui/dialog";
import { Icon } from "../ui/icon";

interface AddScenarioProps {
  readonly name: string;
  readonly title: string;
  readonly flows: readonly string[];
  readonly onClose: () => void;
}

export function AddScenario({ name, title, flows, onClose }: AddScenarioProps) {
  const [plan, setPlan] = useState<ScenarioPlan | null>(null);
  const { run, isBusy, problem } = useTask();
  const { workspace } = useWorkspace();
  const ask = useCallback(
    (dry_run: boolean) =>
      run(async () => {
        setPlan(await post("/api/scenarios/{name}", { params: { name }, body: { dry_run } }));
        if (!dry_run) await workspaceStore.load();
      }),
    [run, name],
  );
  useEffect(() => void ask(true), [ask]);
  const isClash = (plan?.clashes.length ?? 0) > 0;
  const isNothing = plan !== null && plan.new.length + plan.grown.length + plan.clashes.length === 0;
  const added = workspace?.flows.filter((flow) => flows.includes(flow.name)) ?? [];
  return (
    <Dialog title={`Add “${title}”`} onClose={onClose} isWide>
      <ProblemLine problem={problem} />
      {plan === null && problem === null && <p className="empty">Looking at what there is …</p>}
      {plan !== null && (
        <>
          {plan.written && (
            <p className="check" data-tone="good" role="status">
              <Icon name="check" size={16} />
              <span>
                Added.{" "}
                {added.map((flow) => (
                  <a key={flow.path} className="spaced" href={fileHref(flow.path)}>
                    {flow.name}
                  </a>
                ))}
              </span>
            </p>
          )}
          {isClash && (
            <p className="check" data-tone="bad" role="alert">
              <Icon name="error" size={16} />
              Files are in the way that are there and different. Nothing is written.
            </p>
          )}
          {isNothing && !plan.written && <p>All of it is there already.</p>}
          <Plan plan={plan} />
          {plan.notes.length > 0 && (
            <section>
              <h3>To do</h3>
              <ul className="notes">
                {plan.notes.map((note) => (
                  <li key={note}>
                    <Ticked text={note} />
                  </li>
                ))}
              </ul>
            </section>
          )}
        </>
      )}
      <div className="dialog-buttons">
        {plan?.written === true && (
          <a className="button" href={hrefOf({ page: "connections" })}>
            Connections
          </a>
        )}
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
        {plan !== null && !plan.written && (
          <button type="button" className="button" data-kind="primary" disabled={isBusy || isClash || isNothing} onClick={() => void ask(false)}>
            Write the files
          </button>
        )}
      </div>
    </Dialog>
  );
}

function Plan({ plan }: { readonly plan: ScenarioPlan }) {
  return (
    <div className="plan">
      <Files title="In the way" files={plan.clashes} />
      <Files title={plan.written ? "Added to" : "Added to these"} files={plan.grown} />
      <Names title={plan.written ? "Written" : "New"} names={plan.new} />
      <Names title="There already" names={plan.same} />
    </div>
  );
}

function Names({ title, names }: { readonly title: string; readonly names: readonly string[] }) {
  if (names.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <ul className="files">
        {names.map((name) => (
          <li key={name}>
            <Icon name="text" size={16} />
            <code>{name}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Files({ title, files }: { readonly title: string; readonly files: readonly { readonly path: string; readonly diff: string }[] }) {
  if (files.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      {files.map((file) => (
        <details key={file.path} open>
          <summary>
            <code>{file.path}</code>
          </summary>
          <PatchView diff={file.diff} label={`Difference of ${file.path}`} />
        </details>
      ))}
    </section>
  );
}
