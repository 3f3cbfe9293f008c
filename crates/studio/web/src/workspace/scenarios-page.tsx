// The scenarios, and one of them.
import { useState } from "react";
import { get } from "../api/client";
import type { Scenario } from "../api/types";
import { hrefOf } from "../shell/router";
import { useWorkspace } from "../shell/workspace-store";
import { Icon } from "../ui/icon";
import { Markdown } from "../ui/markdown";
import { AddScenario } from "./add-scenario";
import { Loading } from "./loading";
import { svgUrl } from "./svg-url";
import { useLoaded } from "./use-loaded";
import "../runs/runs.css";
import "./workspace.css";

function readScenarios(signal: AbortSignal): Promise<Scenario[]> {
  return get("/api/scenarios", { signal });
}

export function ScenariosPage({ name }: { readonly name: string | null }) {
  const { value, problem, again } = useLoaded(readScenarios);
  if (value === null) {
    return (
      <div className="page">
        <h1>{name ?? "Scenarios"}</h1>
        <Loading what="the scenarios" problem={problem} again={again} />
      </div>
    );
  }
  if (name === null) return <List scenarios={value} />;
  const scenario = value.find((one) => one.name === name);
  if (scenario === undefined) {
    return (
      <div className="page">
        <h1>{name}</h1>
        <p className="empty" role="alert">
          There is no scenario of this name.
        </p>
        <a href={hrefOf({ page: "scenarios", name: null })}>All scenarios</a>
      </div>
    );
  }
  return <One key={scenario.name} scenario={scenario} />;
}

function List({ scenarios }: { readonly scenarios: readonly Scenario[] }) {
  return (
    <div className="page">
      <div className="page-head">
        <h1>Scenarios</h1>
      </div>
      <p className="field-hint">Flows that are ready to run, with their tests. Adding one writes files; what is there is never written over.</p>
      {scenarios.length === 0 && <p className="empty">There is none.</p>}
      <ul className="entries entries-grid">
        {scenarios.map((scenario) => (
          <li key={scenario.name} className="entry">
            <h2>
              <a href={hrefOf({ page: "scenarios", name: scenario.name })}>{scenario.title}</a>
            </h2>
            <p>{scenario.summary}</p>
            <p className="field-hint">
              {scenario.flows.length} {scenario.flows.length === 1 ? "flow" : "flows"}
              {scenario.connections.length > 0 && <> · {scenario.connections.join(", ")}</>}
            </p>
          </li>
        ))}
      </ul>
    </div>
  );
}

function One({ scenario }: { readonly scenario: Scenario }) {
  const { workspace } = useWorkspace();
  const [isAdding, setAdding] = useState(false);
  return (
    <div className="page">
      <div className="page-head">
        <h1>{scenario.title}</h1>
        <a href={hrefOf({ page: "scenarios", name: null })}>All scenarios</a>
        {workspace?.is_writable === true && (
          <button type="button" className="button" data-kind="primary" onClick={() => setAdding(true)}>
            <Icon name="plus" /> Add it to the workspace
          </button>
        )}
      </div>
      <p>{scenario.summary}</p>
      {scenario.pictures.length > 0 && (
        <ul className="pictures">
          {scenario.pictures.map((picture) => (
            <li key={picture.flow}>
              <figure>
                <figcaption>
                  <code>{picture.flow}</code>
                </figcaption>
                <div className="picture-scroll" tabIndex={0} role="group" aria-label={`Picture of ${picture.flow}`}>
                  <img src={svgUrl(picture.svg)} alt={`The flow ${picture.flow}; its steps are told below, and in the editor once it is added`} />
                </div>
              </figure>
            </li>
          ))}
        </ul>
      )}
      <Markdown text={withoutTitle(scenario.readme)} headingLevel={1} />
      {isAdding && <AddScenario name={scenario.name} title={scenario.title} flows={scenario.flows} onClose={() => setAdding(false)} />}
    </div>
  );
}

/** The page has its title already. */
function withoutTitle(markdown: string): string {
  return markdown.replace(/^\s*# [^\n]*\n/, "");
}
