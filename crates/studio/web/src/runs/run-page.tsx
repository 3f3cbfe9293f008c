// One run: how it stands, what can be done with it, its way through the flow, its steps over time.
import { useMemo, useState } from "react";
import type { Run, RunStep } from "../api/types";
import { PictureView } from "../canvas/picture-view";
import { fileHref, hrefOf } from "../shell/router";
import { useWorkspace } from "../shell/workspace-store";
import { JsonView } from "../ui/json-view";
import { AnswerView } from "./answer-view";
import { countingSteps, paintRun } from "./paint-run";
import { isUnfinished } from "./records";
import { RunActions } from "./run-actions";
import { ChosenStep } from "./run-progress";
import { type RunSnapshot, type RunStore, useRun, isWhole } from "./run-store";
import { RunTimeline } from "./run-timeline";
import { triggerWord } from "./run-words";
import { RunStatusBadge } from "./status";
import { ownPath } from "./step-key";
import { absoluteText, durationText, relativeText } from "./times";
import { useNow } from "./use-now";
import "./runs.css";

export function RunPage({ id }: { readonly id: string }) {
  const { store, shown } = useRun(id);
  if (shown.run === null) {
    return (
      <div className="page">
        <h1>Run</h1>
        <p className="empty" role={shown.problem === null ? "status" : "alert"}>
          {shown.problem ?? "Reading the run …"}
        </p>
        <a href={hrefOf({ page: "runs", flow: null })}>All runs</a>
      </div>
    );
  }
  return <Shown store={store} shown={shown} run={live(shown, shown.run)} />;
}

/** The run with what is known of it live. */
function live(shown: RunSnapshot, run: Run): Run {
  return { ...run, run: shown.summary ?? run.run, timeline: { steps: [...shown.steps], events: [...shown.events] } };
}

interface ShownProps {
  readonly store: RunStore;
  readonly shown: RunSnapshot;
  readonly run: Run;
}

interface Chosen {
  readonly path: string;
  readonly key: string | null;
}

function Shown({ store, shown, run }: ShownProps) {
  const { workspace } = useWorkspace();
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const { summary, steps: all, picture } = shown;
  const status = summary?.status ?? run.run.status;
  const isOver = isWhole(shown);
  const flow = workspace?.flows.find((one) => one.name === run.run.flow);
  const outline = picture?.document.steps;
  const titles = useMemo(() => new Map(outline?.map((step) => [step.path, step.title])), [outline]);
  const steps = useMemo(() => countingSteps(all), [all]);
  const paint = useMemo(
    () => paintRun(`run ${run.run.id}`, all, new Set(outline?.map((step) => step.path)), picture?.path ?? null, isOver),
    [run.run.id, all, outline, picture, isOver],
  );
  const here = useMemo(() => (chosen === null ? [] : steps.filter((step) => ownPath(step.key) === chosen.path)), [steps, chosen]);
  const step = here.find((one) => one.key === chosen?.key) ?? here.at(-1) ?? null;
  const doubtful = steps.find((one) => one.state === "in_doubt");
  const titleOf = (one: RunStep): string => titles.get(ownPath(one.key)) ?? one.action ?? one.key;

  return (
    <div className="run-page">
      <header className="run-head">
        <div className="page-head">
          <h1>
            {flow === undefined ? run.run.flow : <a href={fileHref(flow.path)}>{run.run.flow}</a>}
            <span className="run-id">{run.run.id}</span>
          </h1>
          <RunStatusBadge status={status} />
        </div>
        <Facts run={run} />
        <RunActions
          run={run}
          path={flow?.path ?? null}
          doubtful={doubtful === undefined ? null : titleOf(doubtful)}
          onResumed={() => store.start()}
        />
        {shown.problem !== null && (
          <p className="field-error" role="alert">
            {shown.problem}
          </p>
        )}
      </header>
      <section className="run-picture" aria-label="Way through the flow">
        <h2 className="visually-hidden">Way through the flow</h2>
        {picture === null ? (
          <p className="empty">The picture of this run is not there: its steps are.</p>
        ) : (
          <>
            <PictureView
              document={picture.document}
              paint={paint}
              selected={chosen?.path ?? null}
              onSelect={(path) => setChosen(path === null ? null : { path, key: null })}
            />
            {(!picture.is_current || !picture.is_exact) && (
              <p className="run-picture-note field-hint">
                {!picture.is_current && "The flow as it was when the run began; it has changed since. "}
                {!picture.is_exact && "Shown is what was recorded; steps that only decide or compute are not in it."}
              </p>
            )}
          </>
        )}
      </section>
      <section className="run-steps" aria-label="Steps over time">
        <h2 className="visually-hidden">Steps over time</h2>
        <RunTimeline
          steps={all}
          titles={titles}
          startedAt={run.run.started_at}
          finishedAt={run.run.finished_at}
          selected={step?.key ?? null}
          onSelect={(key, path) => setChosen({ path, key })}
        />
      </section>
      <section className="run-result" aria-label="Details">
        <h2 className="visually-hidden">Details</h2>
        {chosen === null ? (
          <Whole run={run} isOver={isOver} />
        ) : (
          <>
            <button type="button" className="link" onClick={() => setChosen(null)}>
              The run as a whole
            </button>
            <ChosenStep
              here={here}
              chosen={step}
              title={titles.get(chosen.path) ?? chosen.path}
              onChoose={(key) => setChosen({ ...chosen, key })}
            />
          </>
        )}
      </section>
    </div>
  );
}

function Whole({ run, isOver }: { readonly run: Run; readonly isOver: boolean }) {
  return (
    <div className="step-detail">
      {isOver ? <AnswerView run={run} /> : <p className="empty">It goes on. What comes of it stands here.</p>}
      <section aria-label="Input">
        <h4>Input</h4>
        <JsonView value={run.input} label="input of the run" openLevels={2} />
      </section>
    </div>
  );
}

function Facts({ run }: { readonly run: Run }) {
  const { started_at, finished_at, wake_at, active_ms, trigger, attempt, status } = run.run;
  const isLive = isUnfinished(status);
  const now = useNow(1000);
  const facts: readonly (readonly [string, string, string?])[] = [
    ["Started", `${relativeText(started_at, now)}, ${absoluteText(started_at)}`, started_at],
    ["By", triggerWord(trigger)],
    [
      isLive ? "So far" : "Took",
      `${durationText((finished_at === null ? now : Date.parse(finished_at)) - Date.parse(started_at))}, ${durationText(active_ms)} of it active`,
    ],
    ...(isLive && wake_at !== null ? [["Goes on", `${relativeText(wake_at, now)}, ${absoluteText(wake_at)}`, wake_at] as const] : []),
    ...(attempt > 1 ? [["Attempt", String(attempt)] as const] : []),
  ];
  return (
    <dl className="facts">
      {facts.map(([name, text, time]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{time === undefined ? text : <time dateTime={time}>{text}</time>}</dd>
        </div>
      ))}
    </dl>
  );
}
