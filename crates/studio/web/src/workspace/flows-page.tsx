// The flows of the workspace.
import { useState } from "react";
import type { FlowEntry, Workspace } from "../api/types";
import { fileHref, hrefOf } from "../shell/router";
import { useWorkspace, workspaceStore } from "../shell/workspace-store";
import { Icon } from "../ui/icon";
import { IconButton } from "../ui/icon-button";
import { DeleteFlow } from "./delete-flow";
import { Loading } from "./loading";
import { NewFlow } from "./new-flow";
import { otherFiles } from "./other-files";
import "../runs/runs.css";
import "./workspace.css";

/** With fewer flows nobody needs to look for one. */
const MANY = 8;

export function FlowsPage() {
  const { workspace, problem } = useWorkspace();
  const [isNew, setNew] = useState(false);
  const [deleted, setDeleted] = useState<FlowEntry | null>(null);
  const [text, setText] = useState("");
  return (
    <div className="page">
      <div className="page-head">
        <h1>Flows</h1>
        {workspace !== null && workspace.flows.length > MANY && (
          <input
            className="page-search"
            type="search"
            aria-label="Find a flow"
            placeholder="Find a flow"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        )}
        {workspace?.is_writable === true && (
          <button type="button" className="button" data-kind="primary" onClick={() => setNew(true)}>
            <Icon name="plus" /> New flow
          </button>
        )}
      </div>
      {workspace === null ? (
        <Loading what="the workspace" problem={problem} again={() => void workspaceStore.load()} />
      ) : (
        <>
          <Standing workspace={workspace} />
          <Flows workspace={workspace} text={text} onDelete={setDeleted} />
          <OtherFiles workspace={workspace} />
        </>
      )}
      {isNew && workspace !== null && <NewFlow files={workspace.files} onClose={() => setNew(false)} />}
      {deleted !== null && workspace !== null && <DeleteFlow flow={deleted} flows={workspace.flows} onClose={() => setDeleted(null)} />}
    </div>
  );
}

function Standing({ workspace }: { readonly workspace: Workspace }) {
  return (
    <p className="field-hint">
      Served at <a href={workspace.flows_url}>{workspace.flows_url}</a>
      {workspace.tenant !== null && <>; an emulated tenant stands in for Auth0 at {workspace.tenant}</>}
      {!workspace.is_writable && "; files cannot be changed from here"}
      {!workspace.serving && "; what is on disk is not served yet"}.
    </p>
  );
}

interface FlowsProps {
  readonly workspace: Workspace;
  readonly text: string;
  readonly onDelete: (flow: FlowEntry) => void;
}

function Flows({ workspace, text, onDelete }: FlowsProps) {
  if (workspace.flows.length === 0) {
    return (
      <div className="empty-box">
        <p>There is no flow in this workspace yet.</p>
        <p>
          Begin with an empty one, or <a href={hrefOf({ page: "scenarios", name: null })}>add a scenario</a>: flows that are ready to run, with their
          tests.
        </p>
      </div>
    );
  }
  const wanted = text.trim().toLowerCase();
  const shown = workspace.flows.filter((flow) =>
    [flow.name, flow.description, flow.route, flow.path].some((value) => value?.toLowerCase().includes(wanted)),
  );
  if (shown.length === 0) return <p className="empty">No flow has “{text}” in its name, description or route.</p>;
  return (
    <table className="table table-stacked">
      <thead>
        <tr>
          <th scope="col">Flow</th>
          <th scope="col">Started by</th>
          <th scope="col">State</th>
          <th scope="col">Steps</th>
          <th scope="col">Tests</th>
          {workspace.is_writable && (
            <th scope="col">
              <span className="visually-hidden">Delete</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {shown.map((flow) => (
          <Row key={flow.path} flow={flow} onDelete={workspace.is_writable ? () => onDelete(flow) : null} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ flow, onDelete }: { readonly flow: FlowEntry; readonly onDelete: (() => void) | null }) {
  return (
    <tr>
      <th scope="row" data-label="Flow">
        <span>
          <a href={fileHref(flow.path)}>{flow.name}</a>
          {flow.description !== null && <span className="row-about">{flow.description}</span>}
        </span>
      </th>
      <td data-label="Started by">
        <span>
          {flow.route !== null && <code className="route">{flow.route}</code>}
          {flow.schedule !== null && <code className="route">{flow.schedule}</code>}
          {flow.route === null && flow.schedule === null && <span className="empty">other flows, the command line</span>}
          {flow.auth === "none" && flow.route !== null && <span className="row-about">open to everybody</span>}
        </span>
      </td>
      <td data-label="State">
        <State flow={flow} />
      </td>
      <td data-label="Steps">{flow.steps}</td>
      <td data-label="Tests">
        {flow.tests === null ? <span className="empty">none</span> : <a href={fileHref(flow.tests)}>{flow.tests.split("/").at(-1)}</a>}
      </td>
      {onDelete !== null && (
        <td className="row-action">
          <IconButton icon="delete" label={`Delete ${flow.name}`} onClick={onDelete} />
        </td>
      )}
    </tr>
  );
}

function State({ flow }: { readonly flow: FlowEntry }) {
  const [tone, icon, word] =
    flow.errors > 0
      ? (["bad", "error", `${flow.errors} ${flow.errors === 1 ? "error" : "errors"}`] as const)
      : flow.state === "broken"
        ? (["bad", "error", "broken"] as const)
        : flow.warnings > 0
          ? (["warn", "warning", `${flow.warnings} ${flow.warnings === 1 ? "warning" : "warnings"}`] as const)
          : (["good", "check", "ready"] as const);
  const badge = (
    <span className="badge" data-tone={tone}>
      <Icon name={icon} size={14} />
      {word}
    </span>
  );
  return tone === "good" ? (
    badge
  ) : (
    <a href={hrefOf({ page: "problems" })} className="badge-link">
      {badge}
    </a>
  );
}

function OtherFiles({ workspace }: { readonly workspace: Workspace }) {
  const files = otherFiles(workspace);
  if (files.length === 0) return null;
  return (
    <section className="page-section">
      <h2>Other files</h2>
      <ul className="files">
        {files.map((path) => (
          <li key={path}>
            <Icon name="text" size={16} />
            <a href={fileHref(path)}>{path}</a>
          </li>
        ))}
      </ul>
    </section>
  );
}
