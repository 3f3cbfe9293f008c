// The connections of the workspace.
import { useState } from "react";
import { get, post } from "../api/client";
import type { Connection, ConnectionCheck } from "../api/types";
import { ProblemLine } from "../runs/problem-line";
import { Ticked } from "../runs/ticked";
import { useTask } from "../runs/use-task";
import { fileHref } from "../shell/router";
import { useWorkspace } from "../shell/workspace-store";
import { Icon } from "../ui/icon";
import { readUser, TARGETS, targetText } from "./connection-words";
import { Loading } from "./loading";
import { useLoaded } from "./use-loaded";
import "../runs/runs.css";
import "./workspace.css";

function readConnections(signal: AbortSignal): Promise<Connection[]> {
  return get("/api/connections", { signal });
}

export function ConnectionsPage() {
  const { value, problem, again } = useLoaded(readConnections);
  const { workspace } = useWorkspace();
  return (
    <div className="page">
      <div className="page-head">
        <h1>Connections</h1>
        {workspace?.files.includes("lockgate.yaml") === true && (
          <a className="button" href={fileHref("lockgate.yaml")}>
            <Icon name="text" /> lockgate.yaml
          </a>
        )}
      </div>
      <p className="field-hint">What a connection's settings hold is never sent to the browser.</p>
      {value === null ? (
        <Loading what="the connections" problem={problem} again={again} />
      ) : value.length === 0 ? (
        <div className="empty-box">
          <p>
            The workspace has no connections. They are written in <code>lockgate.yaml</code>, under <code>connections</code>.
          </p>
        </div>
      ) : (
        <ul className="entries">
          {value.map((connection) => (
            <ConnectionCard key={connection.name} connection={connection} />
          ))}
        </ul>
      )}
    </div>
  );
}

function ConnectionCard({ connection }: { readonly connection: Connection }) {
  const { workspace } = useWorkspace();
  const task = useTask();
  const [check, setCheck] = useState<ConnectionCheck | null>(null);
  const target = TARGETS[connection.target];
  const fileOf = (flow: string): string | undefined => workspace?.flows.find((one) => one.name === flow)?.path;
  const scopes = check?.scopes ?? connection.scopes;
  return (
    <li className="entry connection" data-target={connection.target}>
      <header className="entry-head">
        <h2>{connection.name}</h2>
        <span className="target" data-tone={target.tone}>
          <Icon name={target.icon} size={16} />
          {target.label}
        </span>
        <button
          type="button"
          className="button"
          disabled={task.isBusy || connection.target === "left_out"}
          onClick={() =>
            void task.run(async () => setCheck(await post("/api/connections/{name}/check", { params: { name: connection.name }, body: {} })))
          }
        >
          <Icon name="connection" /> {task.isBusy ? "Testing …" : "Test"}
        </button>
      </header>
      <p>
        <code>{connection.type}</code> – <Ticked text={connection.summary} />
      </p>
      <p className="field-hint">{targetText(connection)}</p>
      <ProblemLine problem={connection.problem} />
      <ProblemLine problem={task.problem} />
      {check !== null && (
        <p className="check" data-tone={check.ok ? "good" : "bad"} role="status">
          <Icon name={check.ok ? "check" : "error"} size={16} />
          {check.message}
        </p>
      )}
      <dl className="facts-list">
        {connection.variables.length > 0 && (
          <>
            <dt>Variables</dt>
            <dd>
              <ul className="chips">
                {connection.variables.map((variable) => (
                  <li key={variable.name} className="badge" data-tone={variable.is_set ? "good" : "warn"}>
                    <Icon name={variable.is_set ? "check" : "warning"} size={14} />
                    <code>{variable.name}</code> {variable.is_set ? "set" : "not set"}
                  </li>
                ))}
              </ul>
            </dd>
          </>
        )}
        {connection.settings.length > 0 && (
          <>
            <dt>Settings</dt>
            <dd>{connection.settings.join(", ")}</dd>
          </>
        )}
        <dt>Used by</dt>
        <dd>{connection.flows.length === 0 ? <span className="empty">no flow</span> : <FlowLinks names={connection.flows} fileOf={fileOf} />}</dd>
      </dl>
      {scopes.length > 0 && <Scopes scopes={scopes} missing={check?.missing ?? null} fileOf={fileOf} />}
    </li>
  );
}

interface FlowLinksProps {
  readonly names: readonly string[];
  readonly fileOf: (flow: string) => string | undefined;
}

function FlowLinks({ names, fileOf }: FlowLinksProps) {
  return (
    <span className="flow-links">
      {names.map((user) => {
        const { flow, action } = readUser(user);
        const path = fileOf(flow);
        return (
          <span key={user}>
            {path === undefined ? flow : <a href={fileHref(path)}>{flow}</a>}
            {action !== null && <span className="field-aside"> {action}</span>}
          </span>
        );
      })}
    </span>
  );
}

interface ScopesProps {
  readonly scopes: Connection["scopes"];
  readonly missing: readonly string[] | null;
  readonly fileOf: (flow: string) => string | undefined;
}

function Scopes({ scopes, missing, fileOf }: ScopesProps) {
  return (
    <div className="scopes">
      <h3>Scopes that flows need</h3>
      {missing !== null && missing.length > 0 && (
        <p className="check" data-tone="bad">
          <Icon name="error" size={16} />
          <span>
            To be granted: <code>{missing.join(" ")}</code>
          </span>
        </p>
      )}
      <table className="table table-stacked">
        <thead>
          <tr>
            <th scope="col">Scope</th>
            <th scope="col">Granted</th>
            <th scope="col">Needed by</th>
          </tr>
        </thead>
        <tbody>
          {scopes.map((scope) => (
            <tr key={scope.any_of.join(" ")}>
              <th scope="row" data-label="Scope">
                <span>
                  {scope.any_of.map((name, index) => (
                    <span key={name}>
                      {index > 0 && " or "}
                      <code>{name}</code>
                    </span>
                  ))}
                </span>
              </th>
              <td data-label="Granted">
                <span>
                  <Granted granted={scope.granted} />
                </span>
              </td>
              <td data-label="Needed by">
                <FlowLinks names={scope.users} fileOf={fileOf} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Granted({ granted }: { readonly granted: boolean | null }) {
  if (granted === null) return <span className="empty">not tested</span>;
  return (
    <span className="badge" data-tone={granted ? "good" : "bad"}>
      <Icon name={granted ? "check" : "error"} size={14} />
      {granted ? "granted" : "missing"}
    </span>
  );
}
