// The problems of the workspace, by file.
import { useState } from "react";
import type { Diagnostic } from "../api/types";
import { Ticked } from "../runs/ticked";
import { fileHref } from "../shell/router";
import { useWorkspace, workspaceStore } from "../shell/workspace-store";
import { ExplanationDialog } from "../ui/explanation-dialog";
import { Icon } from "../ui/icon";
import { Loading } from "./loading";
import { byFile, count, type Severities } from "./problem-groups";
import "../runs/runs.css";
import "./workspace.css";

export function ProblemsPage() {
  const { workspace, problem } = useWorkspace();
  const [shown, setShown] = useState<Severities>("all");
  const [code, setCode] = useState<string | null>(null);
  return (
    <div className="page">
      <div className="page-head">
        <h1>Problems</h1>
        {workspace !== null && workspace.diagnostics.length > 0 && <Filter findings={workspace.diagnostics} shown={shown} onShown={setShown} />}
      </div>
      {workspace === null ? (
        <Loading what="the workspace" problem={problem} again={() => void workspaceStore.load()} />
      ) : workspace.diagnostics.length === 0 ? (
        <div className="empty-box">
          <p className="check" data-tone="good">
            <Icon name="check" /> No problems in {workspace.files.length} files.
          </p>
        </div>
      ) : (
        byFile(workspace.diagnostics, shown).map(({ path, findings }) => (
          <section key={path} className="page-section">
            <h2>
              <a href={fileHref(path)}>{path}</a> <span className="field-aside">{findings.length}</span>
            </h2>
            <ul className="problem-list">
              {findings.map((finding, index) => (
                <Finding key={index} finding={finding} onExplain={() => setCode(finding.code)} />
              ))}
            </ul>
          </section>
        ))
      )}
      {code !== null && <ExplanationDialog code={code} onClose={() => setCode(null)} />}
    </div>
  );
}

interface FilterProps {
  readonly findings: readonly Diagnostic[];
  readonly shown: Severities;
  readonly onShown: (shown: Severities) => void;
}

function Filter({ findings, shown, onShown }: FilterProps) {
  const { errors, warnings } = count(findings);
  const choices: readonly (readonly [Severities, string])[] = [
    ["all", `All ${findings.length}`],
    ["error", `Errors ${errors}`],
    ["warning", `Warnings ${warnings}`],
  ];
  return (
    <div className="segments-row" role="group" aria-label="Severity">
      {choices.map(([severity, label]) => (
        <button key={severity} type="button" className="button" aria-pressed={shown === severity} onClick={() => onShown(severity)}>
          {label}
        </button>
      ))}
    </div>
  );
}

function Finding({ finding, onExplain }: { readonly finding: Diagnostic; readonly onExplain: () => void }) {
  return (
    <li className="problem" data-severity={finding.severity}>
      <Icon name={finding.severity === "error" ? "error" : "warning"} />
      <div>
        <p>
          <span className="visually-hidden">{finding.severity}: </span>
          <Ticked text={finding.message} />
        </p>
        {finding.help !== null && (
          <p className="field-hint problem-help">
            <Ticked text={finding.help} />
          </p>
        )}
        {finding.related.map((place, index) => (
          <p key={index} className="field-hint">
            <a href={fileHref(place.path)}>
              {place.path} line {place.line}
            </a>{" "}
            <Ticked text={place.message} />
          </p>
        ))}
      </div>
      <span className="problem-links">
        <a href={fileHref(finding.path, finding.step)}>
          line {finding.line}
          <span className="visually-hidden"> of {finding.path}</span>
        </a>
        <button type="button" className="link" onClick={onExplain} aria-label={`Explain ${finding.code}`}>
          {finding.code}
        </button>
      </span>
    </li>
  );
}
