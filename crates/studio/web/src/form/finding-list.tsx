// Findings in a form, each with the page of its code.
import { useState } from "react";
import type { Diagnostic } from "../api/types";
import { ExplanationDialog } from "../ui/explanation-dialog";
import { Icon } from "../ui/icon";
import { MarkdownLine } from "../ui/markdown";

export function FindingList({ findings }: { readonly findings: readonly Diagnostic[] }) {
  const [explained, setExplained] = useState<string | null>(null);
  if (findings.length === 0) return null;
  return (
    <>
      <ul className="finding-list">
        {findings.map((finding, index) => (
          <li key={index} data-severity={finding.severity}>
            <Icon name={finding.severity === "error" ? "error" : "warning"} size={15} />
            <span>
              <span className="visually-hidden">{finding.severity}: </span>
              <MarkdownLine text={finding.message} />{" "}
              {finding.help !== null && (
                <span className="finding-list-help">
                  <MarkdownLine text={finding.help} />{" "}
                </span>
              )}
              <button type="button" className="link-button" onClick={() => setExplained(finding.code)}>
                <span className="visually-hidden">Explain </span>
                {finding.code}
              </button>
            </span>
          </li>
        ))}
      </ul>
      {explained !== null && <ExplanationDialog code={explained} onClose={() => setExplained(null)} />}
    </>
  );
}
