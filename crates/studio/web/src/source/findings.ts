// The findings of the server under the text, at the edge, and in a bubble.
import { type Diagnostic as Underline, forEachDiagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import type { EditorState, Extension, TransactionSpec } from "@codemirror/state";
import { keymap } from "@codemirror/view";
import type { Diagnostic } from "../api/types";
import "./findings.css";

/** Shows the page of a code. */
export type Explain = (code: string) => void;

export function findings(): Extension {
  return [lintGutter(), keymap.of(lintKeymap)];
}

/** Shows these findings of the text as it is now. */
export function showFindings(state: EditorState, diagnostics: readonly Diagnostic[], path: string, explain: Explain): TransactionSpec {
  const length = state.doc.length;
  const underlines = diagnostics
    .filter((finding) => finding.path === path)
    .map((finding): Underline => {
      const from = Math.min(finding.from, length);
      return {
        from,
        to: Math.max(from, Math.min(finding.to, length)),
        severity: finding.severity,
        message: `${finding.code}: ${finding.message}`,
        renderMessage: () => bubble(finding, explain),
      };
    });
  return setDiagnostics(state, underlines);
}

/** Whether findings are shown. */
export function hasFindings(state: EditorState): boolean {
  let found = false;
  forEachDiagnostic(state, () => (found = true));
  return found;
}

function bubble(finding: Diagnostic, explain: Explain): HTMLElement {
  const root = element("div", "finding");
  const head = element("p", "finding-head");
  head.append(element("strong", "", finding.severity === "error" ? "Error " : "Warning "), ...withCode(finding.message));
  root.append(head);
  if (finding.help !== null) root.append(element("p", "finding-help", ...withCode(finding.help)));
  for (const related of finding.related) {
    root.append(element("p", "finding-related", `${related.path}:${related.line}: `, ...withCode(related.message)));
  }
  const link = element("button", "finding-explain", `Explain ${finding.code}`);
  link.setAttribute("type", "button");
  link.addEventListener("click", () => explain(finding.code));
  root.append(link);
  return root;
}

/** What stands between backticks is code. */
function withCode(text: string): (Node | string)[] {
  return text.split(/`([^`]+)`/).map((piece, index) => (index % 2 === 1 ? element("code", "", piece) : piece));
}

function element(tag: string, className: string, ...children: (Node | string)[]): HTMLElement {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  made.append(...children);
  return made;
}
