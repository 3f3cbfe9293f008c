// What stands around every control: its name, what it is for, its findings and the value of the last run.
import { type ReactNode, useId } from "react";
import type { Diagnostic } from "../api/types";
import { MarkdownLine } from "../ui/markdown";
import { FindingList } from "./finding-list";

/** The ids that a control names itself by. */
export interface ControlIds {
  readonly control: string;
  readonly label: string;
  readonly describedBy: string | undefined;
}

interface FieldFrameProps {
  readonly label: string;
  readonly help?: string | null;
  readonly isRequired?: boolean;
  readonly isSecret?: boolean;
  readonly problem?: string | null;
  readonly findings?: readonly Diagnostic[];
  /** `native`: the label is tied to the element with the control's id; `group`: to several. */
  readonly kind?: "native" | "editor" | "group";
  /** Buttons beside the name. */
  readonly actions?: ReactNode;
  readonly after?: ReactNode;
  readonly children: (ids: ControlIds) => ReactNode;
}

export function FieldFrame(props: FieldFrameProps) {
  const { label, help = null, isRequired = false, isSecret = false, problem = null, findings = [], kind = "native" } = props;
  const id = useId();
  const [helpId, findingsId] = [`${id}-help`, `${id}-findings`];
  const hasFindings = problem !== null || findings.length > 0;
  const describedBy = [help !== null && helpId, hasFindings && findingsId].filter((one) => one !== false).join(" ");
  const ids = { control: `${id}-control`, label: `${id}-label`, describedBy: describedBy === "" ? undefined : describedBy };
  const words = (
    <>
      {label}
      {isRequired && (
        <span className="field-required" aria-hidden="true" title="Required">
          *
        </span>
      )}
    </>
  );
  return (
    <div
      className="form-field"
      data-bad={findings.some((finding) => finding.severity === "error") || problem !== null || undefined}
      {...(kind === "group" ? { role: "group", "aria-labelledby": ids.label, "aria-describedby": ids.describedBy } : {})}
    >
      <div className="field-head">
        {kind === "native" ? (
          <label id={ids.label} htmlFor={ids.control}>
            {words}
          </label>
        ) : (
          <span className="field-label" id={ids.label} onClick={kind === "editor" ? focusEditor : undefined}>
            {words}
          </span>
        )}
        {isSecret && (
          <span className="badge" title="Masked wherever it would be written. Take it from the input or the configuration.">
            secret
          </span>
        )}
        <span className="field-space" />
        {props.actions}
      </div>
      {props.children(ids)}
      {hasFindings && (
        <div id={findingsId}>
          {problem !== null && <p className="field-problem">{problem}</p>}
          <FindingList findings={findings} />
        </div>
      )}
      {props.after}
      {help !== null && (
        <p id={helpId} className="field-help">
          <MarkdownLine text={help} />
        </p>
      )}
    </div>
  );
}

/** A click on the name goes into the field, as with any other field. */
function focusEditor(event: { currentTarget: Element }): void {
  event.currentTarget.closest(".form-field")?.querySelector<HTMLElement>(".cm-content")?.focus();
}
