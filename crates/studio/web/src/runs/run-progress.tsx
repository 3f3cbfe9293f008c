// A run in the drawer: how it stands, its steps over time, and what came of it or of the chosen step.
import { useEffect, useMemo, useRef, useState } from "react";
import { post } from "../api/client";
import { messageOf } from "../api/problem";
import type { RunStep } from "../api/types";
import type { DocumentStore } from "../document/store";
import { useDocument } from "../document/use-document";
import { hrefOf } from "../shell/router";
import { Icon } from "../ui/icon";
import { AnswerView } from "./answer-view";
import { countingSteps } from "./paint-run";
import { isUnfinished } from "./records";
import type { RunSnapshot, RunStore } from "./run-store";
import { RunTimeline } from "./run-timeline";
import { RunStatusBadge } from "./status";
import { StepDetail } from "./step-detail";
import { ownPath } from "./step-key";
import { durationText, relativeText } from "./times";
import { useNow } from "./use-now";

interface RunProgressProps {
  readonly store: DocumentStore;
  readonly runStore: RunStore;
  readonly run: RunSnapshot;
  /** Whether the text is not the one that ran. */
  readonly isOther: boolean;
}

export function RunProgress({ store, runStore, run, isOther }: RunProgressProps) {
  const document = useDocument(store);
  const [key, setKey] = useState<string | null>(null);
  const [isStep, setStep] = useState(false);
  const path = document.selected[0] ?? null;
  const before = useRef(path);
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    setStep(path !== null);
  }, [path]);
  const titles = useMemo(
    () => new Map(document.document?.steps.map((step) => [step.path, step.title])),
    [document.document?.steps],
  );
  const steps = useMemo(() => countingSteps(run.steps), [run.steps]);
  const here = useMemo(() => steps.filter((step) => ownPath(step.key) === path), [steps, path]);
  const chosen = here.find((step) => step.key === key) ?? here.at(-1) ?? null;
  const summary = run.summary;
  const section = useRef<HTMLElement>(null);
  const isKnown = summary !== null;
  useEffect(() => {
    // Where there is no room beside the form, the run stands below it.
    const around = section.current?.parentElement;
    if (section.current && around && around.scrollHeight > around.clientHeight) {
      const below = section.current.getBoundingClientRect().top - around.getBoundingClientRect().top;
      around.scrollTo({ top: around.scrollTop + below });
    }
  }, [isKnown]);
  return (
    <>
      <section ref={section} className="run-steps" aria-label="Steps of the run">
        {summary === null ? (
          <p className="empty" role={run.problem === null ? "status" : "alert"}>
            {run.problem ?? "Reading the run …"}
          </p>
        ) : (
          <>
            <RunLine store={runStore} run={run} />
            {isOther && <p className="field-hint">The text has changed since this run: the picture does not show it.</p>}
            <RunTimeline
              steps={run.steps}
              titles={titles}
              startedAt={summary.started_at}
              finishedAt={summary.finished_at}
              selected={isStep ? (chosen?.key ?? null) : null}
              onSelect={(next, own) => {
                setKey(next);
                setStep(true);
                before.current = own;
                if (!isOther) store.select([own], "panel");
              }}
            />
          </>
        )}
      </section>
      <section className="run-result" aria-label="Details">
        {isStep && path !== null ? (
          <>
            <button type="button" className="link" onClick={() => setStep(false)}>
              What came of the run
            </button>
            <ChosenStep here={here} chosen={chosen} title={titles.get(path) ?? path} onChoose={setKey} />
          </>
        ) : (
          <Result run={run} />
        )}
      </section>
    </>
  );
}

interface ChosenStepProps {
  readonly here: readonly RunStep[];
  readonly chosen: RunStep | null;
  readonly title: string;
  readonly onChoose: (key: string) => void;
}

/** A card stands for all that ran there: iterations, and the steps of a flow that it calls. */
export function ChosenStep({ here, chosen, title, onChoose }: ChosenStepProps) {
  if (chosen === null) return <p className="empty">{title}: nothing was recorded of it. A step that only decides or computes records nothing.</p>;
  return (
    <>
      {here.length > 1 && (
        <label className="run-choice">
          <span>{here.length} of them</span>
          <select value={chosen.key} onChange={(event) => onChoose(event.target.value)}>
            {around(here, chosen).map((step) => (
              <option key={step.key} value={step.key}>
                {step.key} {step.state}
              </option>
            ))}
          </select>
        </label>
      )}
      <StepDetail key={chosen.key} step={chosen} title={ownPath(chosen.key) === chosen.key || here.length > 1 ? title : (chosen.action ?? title)} />
    </>
  );
}

/** Of many those around the chosen one: thousands of options would be slow. */
function around(here: readonly RunStep[], chosen: RunStep): readonly RunStep[] {
  const at = here.indexOf(chosen);
  return here.slice(Math.max(0, at - 50), at + 51);
}

function Result({ run }: { readonly run: RunSnapshot }) {
  if (run.run !== null && !isUnfinished(run.run.run.status)) return <AnswerView run={run.run} />;
  if (run.summary === null) return null;
  const answer = { ...(run.run ?? null), run: run.summary, timeline: { steps: [...run.steps], events: [...run.events] } };
  // What has answered already is shown while the steps after it go on.
  const hasAnswered = run.steps.some((step) => (step.verb === "respond" || step.verb === "redirect") && step.state === "finished");
  if (hasAnswered) return <AnswerView run={{ definition: "", input: null, output: null, error: null, ...answer }} />;
  return <p className="empty">It goes on. What comes of it stands here.</p>;
}

function RunLine({ store, run }: { readonly store: RunStore; readonly run: RunSnapshot }) {
  const summary = run.summary;
  const isLive = summary !== null && isUnfinished(summary.status);
  const now = useNow(isLive ? 1000 : null);
  const [problem, setProblem] = useState<string | null>(null);
  if (summary === null) return null;
  return (
    <div className="run-line">
      <RunStatusBadge status={summary.status} />
      <span role="status" className="field-hint">
        {summary.wake_at !== null && isLive
          ? `goes on ${relativeText(summary.wake_at, now)}`
          : summary.finished_at !== null
            ? `${durationText(Date.parse(summary.finished_at) - Date.parse(summary.started_at))}, ${durationText(summary.active_ms)} of it active`
            : ""}
      </span>
      <span className="desk-space" />
      {isLive && (
        <button
          type="button"
          className="button"
          data-kind="danger"
          onClick={() =>
            void post("/api/runs/{id}/cancel", { params: { id: store.id }, body: {} }).catch((error: unknown) => setProblem(messageOf(error)))
          }
        >
          <Icon name="close" /> Cancel
        </button>
      )}
      <a href={hrefOf({ page: "run", id: store.id })}>Open the run</a>
      {problem !== null && (
        <p className="field-error" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
