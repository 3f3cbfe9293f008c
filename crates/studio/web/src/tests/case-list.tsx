// Cases with what came of them: failures first seen, the steps of their runs below.
import { useState } from "react";
import type { TestCase } from "../api/types";
import { ErrorView } from "../runs/error-view";
import { durationText } from "../runs/times";
import { fileHref } from "../shell/router";
import { Icon, type IconName } from "../ui/icon";
import { JsonView } from "../ui/json-view";
import { CaseFailure } from "./case-failure";

const LOOKS: Readonly<Record<TestCase["status"], IconName>> = { passed: "check", failed: "error", skipped: "more" };

export function CaseList({ cases }: { readonly cases: readonly TestCase[] }) {
  if (cases.length === 0) return <p className="empty">There is no case.</p>;
  return (
    <ul className="cases">
      {cases.map((one) => (
        <Case key={`${one.file} ${one.line} ${one.name}`} one={one} />
      ))}
    </ul>
  );
}

function Case({ one }: { readonly one: TestCase }) {
  // Failures are open until somebody closes them.
  const [isToggled, setToggled] = useState(false);
  const isOpen = isToggled !== (one.status === "failed");
  return (
    <li className="case" data-status={one.status}>
      <h3 className="case-head">
        <button type="button" className="case-name" aria-expanded={isOpen} onClick={() => setToggled(!isToggled)}>
          <Icon name="chevron" size={14} />
          <span className="case-status">
            <Icon name={LOOKS[one.status]} size={16} />
            <span className="visually-hidden">{one.status}: </span>
          </span>
          <span className="case-title">{one.name}</span>
          <span className="field-aside">{one.status === "skipped" ? "skipped" : durationText(one.duration_ms)}</span>
        </button>
      </h3>
      {isOpen && (
        <div className="case-body">
          {one.reason !== null && <p className="field-hint">Skipped: {one.reason}</p>}
          {one.failures.map((failure, index) => (
            <CaseFailure key={index} failure={failure} isOneOfSeveral={one.runs.length > 1} />
          ))}
          {one.runs.map((run, index) => (
            <CaseRun key={index} run={run} name={one.runs.length > 1 ? `Run ${index + 1}` : "Run"} />
          ))}
          <a className="field-hint" href={fileHref(one.file)}>
            {one.file} line {one.line}
          </a>
        </div>
      )}
    </li>
  );
}

type CaseRunData = TestCase["runs"][number];

function CaseRun({ run, name }: { readonly run: CaseRunData; readonly name: string }) {
  return (
    <details className="case-run">
      <summary>
        {name} of {run.flow}: {run.status} after {durationText(run.duration_ms)}, {run.steps.length} steps
      </summary>
      <div className="case-run-values">
        <Value name="Input" value={run.input} />
        <Value name="Answer" value={run.response} />
        {run.response === null && <Value name="Result" value={run.output} />}
      </div>
      {run.error !== null && run.error !== undefined && <ErrorView error={run.error} />}
      <ol className="case-steps">
        {run.steps.map((step, index) => (
          <Step key={index} step={step} />
        ))}
      </ol>
    </details>
  );
}

function Step({ step }: { readonly step: CaseRunData["steps"][number] }) {
  const [isOpen, setOpen] = useState(false);
  const isFailed = step.error !== null && step.error !== undefined;
  const hasValues = isFailed || step.input !== null || step.output !== null;
  const title = step.id ?? step.action ?? step.verb;
  const line = (
    <>
      <Icon name={isFailed ? "error" : "check"} size={14} />
      <span className="visually-hidden">{isFailed ? "failed: " : ""}</span>
      <span className="case-title">{title}</span>
      <span className="field-aside">
        {[step.id === null ? null : (step.action ?? step.verb), step.attempts > 1 ? `${step.attempts} attempts` : null, durationText(step.duration_ms)]
          .filter(Boolean)
          .join(" · ")}
      </span>
    </>
  );
  return (
    <li data-status={isFailed ? "failed" : "passed"}>
      {hasValues ? (
        <button type="button" className="case-name" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {line}
        </button>
      ) : (
        <span className="case-name">{line}</span>
      )}
      {isOpen && (
        <div className="case-run-values">
          <Value name="Input" value={step.input} />
          <Value name="Output" value={step.output} />
          {isFailed && <ErrorView error={step.error} />}
        </div>
      )}
    </li>
  );
}

function Value({ name, value }: { readonly name: string; readonly value: unknown }) {
  if (value === null || value === undefined) return null;
  return (
    <div>
      <h4>{name}</h4>
      <JsonView value={value} label={name.toLowerCase()} />
    </div>
  );
}
