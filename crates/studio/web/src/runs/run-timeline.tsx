// The steps of a run over time: bars to scale, sleeps hatched, loops and calls open and close.
import { useEffect, useMemo, useState } from "react";
import type { RunStep } from "../api/types";
import { Icon } from "../ui/icon";
import { attemptNumber } from "./paint-run";
import { stateWord } from "./run-words";
import { StepStateIcon } from "./status";
import { type Scale, type TimelineRow, timelineRows, timeScale, timeOf } from "./timeline";
import { durationText } from "./times";
import { useNow } from "./use-now";

interface RunTimelineProps {
  readonly steps: readonly RunStep[];
  readonly titles: ReadonlyMap<string, string>;
  readonly startedAt: string;
  /** null while it goes on. */
  readonly finishedAt: string | null;
  readonly selected: string | null;
  /** A step of the run, by key; null where a loop, an iteration or a call was chosen, with the path of its card. */
  readonly onSelect: (key: string | null, path: string) => void;
}

const FIRST_ROWS = 300;
/** A loop with more iterations begins closed. */
const OPEN_INSIDE = 10;

export function RunTimeline({ steps, titles, startedAt, finishedAt, selected, onSelect }: RunTimelineProps) {
  const now = useNow(finishedAt === null ? 250 : null);
  const end = finishedAt === null ? now : timeOf(finishedAt);
  const rows = useMemo(() => timelineRows(steps, titles, end), [steps, titles, end]);
  const whole = useMemo(() => wholeOf(rows, timeOf(startedAt), end), [rows, startedAt, end]);
  const scale = useMemo(() => timeScale(rows, whole), [rows, whole]);
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [most, setMost] = useState(FIRST_ROWS);
  useEffect(() => setMost(FIRST_ROWS), [startedAt]);

  const isOpen = (row: TimelineRow): boolean => toggled.has(row.id) !== (row.kind !== "loop" || row.inside <= OPEN_INSIDE);
  const closed = new Set(rows.filter((row) => row.inside > 0 && !isOpen(row)).map((row) => row.id));
  const shown = rows.filter((row) => !row.around.some((id) => closed.has(id)));
  if (rows.length === 0) return <p className="empty">No step has recorded anything yet.</p>;
  return (
    <div className="timeline">
      <ol aria-label="Steps over time" onKeyDown={moveByArrows}>
        {shown.slice(0, most).map((row) => (
          <Row
            key={row.id}
            row={row}
            scale={scale}
            isOpen={row.inside > 0 ? isOpen(row) : null}
            isSelected={row.step !== null && row.step.key === selected}
            onToggle={() => setToggled((now) => flip(now, row.id))}
            onSelect={() => onSelect(row.step?.key ?? null, row.path)}
          />
        ))}
      </ol>
      {shown.length > most && (
        <button type="button" className="button" onClick={() => setMost(most + FIRST_ROWS)}>
          Show more ({shown.length - most} left)
        </button>
      )}
      <p className="timeline-legend">
        <span>{durationText(whole.to - whole.from)} in all</span>
        {scale.isShortened && <span>stretches without work are drawn shorter</span>}
      </p>
    </div>
  );
}

function wholeOf(rows: readonly TimelineRow[], from: number, to: number): { from: number; to: number } {
  let [first, last] = [from, to];
  for (const { span } of rows) {
    first = Math.min(first, span.from);
    last = Math.max(last, span.to);
  }
  return { from: first, to: last };
}

function flip(set: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(id)) next.add(id);
  return next;
}

function moveByArrows(event: React.KeyboardEvent<HTMLOListElement>): void {
  const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (by === 0) return;
  const buttons = [...event.currentTarget.querySelectorAll<HTMLButtonElement>(".timeline-name")];
  const at = buttons.findIndex((button) => button === document.activeElement);
  const next = buttons[at + by];
  if (at < 0 || next === undefined) return;
  event.preventDefault();
  next.focus();
}

interface RowProps {
  readonly row: TimelineRow;
  readonly scale: Scale;
  readonly isOpen: boolean | null;
  readonly isSelected: boolean;
  readonly onToggle: () => void;
  readonly onSelect: () => void;
}

function Row({ row, scale, isOpen, isSelected, onToggle, onSelect }: RowProps) {
  const took = durationText(row.span.to - row.span.from);
  const tries = row.step === null ? 1 : attemptNumber(row.step);
  return (
    <li className="timeline-row" data-kind={row.kind} data-selected={isSelected || undefined}>
      <span className="timeline-head" style={{ paddingInlineStart: row.depth * 14 }}>
        {isOpen === null ? (
          <span className="timeline-twist" />
        ) : (
          <button
            type="button"
            className="timeline-twist"
            aria-expanded={isOpen}
            aria-label={`Steps of ${row.title}`}
            onClick={onToggle}
          >
            <Icon name="chevron" size={14} />
          </button>
        )}
        <button type="button" className="timeline-name" aria-current={isSelected || undefined} onClick={onSelect}>
          <StepStateIcon state={row.state} word={stateWord(row.step)} />
          <span className="timeline-title">{row.title}</span>
          {row.kind === "loop" && <span className="field-aside">{row.inside}×</span>}
          {tries > 1 && <span className="field-aside">attempt {tries}</span>}
        </button>
      </span>
      <span className="timeline-took">{took}</span>
      <span className="timeline-track" aria-hidden="true">
        {row.step === null && <Bar kind="group" row={row.span} scale={scale} />}
        {row.sleeps.map((span, index) => (
          <Bar key={`sleep ${index}`} kind="sleep" row={span} scale={scale} />
        ))}
        {row.work.map((span, index) => (
          <Bar key={index} kind={span.isFailed ? "failed" : row.state} row={span} scale={scale} />
        ))}
      </span>
    </li>
  );
}

function Bar({ kind, row, scale }: { readonly kind: string; readonly row: { from: number; to: number }; readonly scale: Scale }) {
  const [from, to] = [scale.at(row.from), scale.at(row.to)];
  return (
    <span
      className="timeline-bar"
      data-kind={kind}
      style={{ left: `min(${from * 100}%, calc(100% - 3px))`, width: `max(3px, ${(to - from) * 100}%)` }}
    />
  );
}
