// The actions, and one of them.
import { useState } from "react";
import { get } from "../api/client";
import type { Action } from "../api/types";
import { hrefOf } from "../shell/router";
import { CopyButton } from "../ui/copy-button";
import { Icon, iconOf } from "../ui/icon";
import { Markdown } from "../ui/markdown";
import { effectText, searchActions } from "./action-search";
import { Loading } from "./loading";
import { SchemaTable } from "./schema-table";
import { useLoaded } from "./use-loaded";
import "../runs/runs.css";
import "./workspace.css";

function readActions(signal: AbortSignal): Promise<Action[]> {
  return get("/api/actions", { signal });
}

export function ActionsPage({ name }: { readonly name: string | null }) {
  const { value, problem, again } = useLoaded(readActions);
  const [query, setQuery] = useState("");
  if (value === null) {
    return (
      <div className="page">
        <h1>{name ?? "Actions"}</h1>
        <Loading what="the actions" problem={problem} again={again} />
      </div>
    );
  }
  if (name === null) return <List actions={value} query={query} onQuery={setQuery} />;
  const action = value.find((one) => one.name === name);
  if (action === undefined) {
    return (
      <div className="page">
        <h1>{name}</h1>
        <p className="empty" role="alert">
          There is no action of this name.
        </p>
        <a href={hrefOf({ page: "actions", name: null })}>All actions</a>
      </div>
    );
  }
  return <One action={action} />;
}

interface ListProps {
  readonly actions: readonly Action[];
  readonly query: string;
  readonly onQuery: (query: string) => void;
}

function List({ actions, query, onQuery }: ListProps) {
  const groups = searchActions(actions, query);
  return (
    <div className="page">
      <div className="page-head">
        <h1>Actions</h1>
        <input
          className="page-search"
          type="search"
          aria-label="Find an action"
          placeholder="Find an action"
          value={query}
          onChange={(event) => onQuery(event.target.value)}
        />
      </div>
      {groups.length === 0 && <p className="empty">No action has all of “{query}” in its name, group or summary.</p>}
      {groups.map((group) => (
        <section key={group.name} className="page-section">
          <h2>
            {group.name} <span className="field-aside">{group.actions.length}</span>
          </h2>
          <ul className="action-list">
            {group.actions.map((action) => (
              <li key={action.name}>
                <a href={hrefOf({ page: "actions", name: action.name })}>
                  <Icon name={iconOf(action.name.split(".")[0] ?? "")} />
                  <span>
                    <code>{action.name}</code>
                    <span className="row-about">{action.summary}</span>
                  </span>
                </a>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function One({ action }: { readonly action: Action }) {
  return (
    <div className="page">
      <div className="page-head">
        <h1>
          <code>{action.name}</code>
        </h1>
        <a href={hrefOf({ page: "actions", name: null })}>All actions</a>
      </div>
      <p>{action.summary}.</p>
      <dl className="facts-list">
        <dt>Effect</dt>
        <dd>
          <code>{action.effect}</code> – {effectText(action.effect)}
        </dd>
        <dt>Connection</dt>
        <dd>
          {action.connection === null ? (
            <span className="empty">none</span>
          ) : (
            <a href={hrefOf({ page: "connections" })}>
              one of type <code>{action.connection}</code>
            </a>
          )}
        </dd>
        {action.scopes.length > 0 && (
          <>
            <dt>Scopes</dt>
            <dd>
              <ul className="chips">
                {action.scopes.map((scope) => (
                  <li key={scope}>
                    <code>{scope}</code>
                  </li>
                ))}
              </ul>
            </dd>
          </>
        )}
      </dl>
      <Markdown text={action.docs} headingLevel={2} />
      <section className="page-section">
        <h2>Example</h2>
        <div className="example">
          <pre tabIndex={0} aria-label="Example">
            {action.example}
          </pre>
          <CopyButton label="Copy the example" text={() => action.example} />
        </div>
      </section>
      <section className="page-section">
        <h2>Input</h2>
        <SchemaTable schema={action.input} name="Input" />
      </section>
      <section className="page-section">
        <h2>Result</h2>
        <SchemaTable schema={action.output} name="Result" />
      </section>
      <section className="page-section">
        <h2>Errors</h2>
        <Errors errors={action.errors} />
      </section>
    </div>
  );
}

function Errors({ errors }: { readonly errors: Action["errors"] }) {
  if (errors.length === 0) return <p className="empty">It does not fail.</p>;
  return (
    <table className="table table-stacked" aria-label="Errors">
      <thead>
        <tr>
          <th scope="col">Code</th>
          <th scope="col">Status</th>
          <th scope="col">When</th>
        </tr>
      </thead>
      <tbody>
        {errors.map((error) => (
          <tr key={error.code}>
            <th scope="row" data-label="Code">
              <code>{error.code}</code>
            </th>
            <td data-label="Status">{error.status}</td>
            <td data-label="When">{error.when}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
