// Two texts as a difference: changed lines with a few lines around them.
import { useMemo } from "react";
import { type DiffLine, diffLines } from "./diff";
import "./diff-view.css";

const AROUND = 3;
const SIGN: Readonly<Record<DiffLine["kind"], string>> = { same: " ", removed: "−", added: "+" };

export function DiffView({ before, after }: { readonly before: string; readonly after: string }) {
  const lines = useMemo(() => diffLines(before, after), [before, after]);
  const shown = useMemo(() => near(lines), [lines]);
  return (
    <pre className="diff" tabIndex={0} aria-label="Difference">
      {shown.map(({ line, index }, position) => {
        const isGap = position > 0 && (shown[position - 1]?.index ?? 0) + 1 < index;
        return (
          <div key={index} className="diff-line" data-kind={line.kind} data-gap={isGap || undefined}>
            <span aria-hidden="true">{SIGN[line.kind]}</span>
            <span className="visually-hidden">{line.kind === "same" ? "" : `${line.kind}: `}</span>
            {line.text}
          </div>
        );
      })}
    </pre>
  );
}

function near(lines: readonly DiffLine[]): { line: DiffLine; index: number }[] {
  const keep = new Set<number>();
  lines.forEach((line, index) => {
    if (line.kind === "same") return;
    for (let at = index - AROUND; at <= index + AROUND; at += 1) keep.add(at);
  });
  return lines.flatMap((line, index) => (keep.has(index) ? [{ line, index }] : []));
}
