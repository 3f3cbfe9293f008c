// Mistakes that kept cases from running.
import type { Diagnostic } from "../api/types";
import { Ticked } from "../runs/ticked";
import { fileHref } from "../shell/router";
import { Icon } from "../ui/icon";

export function FindingList({ findings }: { readonly findings: readonly Diagnostic[] }) {
  if (findings.length === 0) return null;
  return (
    <ul className="test-findings" aria-label="Mistakes in the files">
      {findings.map((finding, index) => (
        <li key={index} data-severity={finding.severity}>
          <Icon name={finding.severity === "error" ? "error" : "warning"} size={16} />
          <span>
            <span className="visually-hidden">{finding.severity}: </span>
            <a href={fileHref(finding.path, finding.step)}>
              {finding.path} line {finding.line}
            </a>{" "}
            <Ticked text={finding.message} />
            {finding.help !== null && <span className="field-hint test-help">{finding.help}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}
