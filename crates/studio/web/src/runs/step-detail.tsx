// One step of a run: what it got, what it gave, how often it was tried.
import type { RunStep } from "../api/types";
import { JsonView } from "../ui/json-view";
import { ErrorView } from "./error-view";
import { attemptNumber, stateOf } from "./paint-run";
import { readError } from "./run-error";
import { stateWord } from "./run-words";
import { StepStateBadge } from "./status";
import { absoluteText, durationText } from "./times";

interface StepDetailProps {
  readonly step: RunStep;
  readonly title: string;
}

export function StepDetail({ step, title }: StepDetailProps) {
  const state = stateOf(step);
  return (
    <div className="step-detail">
      <header>
        <h3>{title}</h3>
        <StepStateBadge state={state} word={stateWord(step)} />
      </header>
      <p className="field-hint">
        {[
          step.action ?? step.verb,
          step.duration_ms !== null ? durationText(step.duration_ms) : null,
          attemptNumber(step) > 1 ? `${attemptNumber(step)} attempts` : null,
          step.sleeps_until !== null && step.ended_at === null ? `until ${absoluteText(step.sleeps_until)}` : null,
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
      {state === "in_doubt" && (
        <p className="field-hint">It was called, and the answer was lost: nobody can tell from here whether it happened.</p>
      )}
      <p className="field-hint">
        <code>{step.key}</code>
      </p>
      {step.error !== null && step.error !== undefined && (
        <section aria-label="Error">
          <h4>Error</h4>
          <ErrorView error={step.error} />
        </section>
      )}
      {step.input !== null && step.input !== undefined && (
        <section aria-label="Input">
          <h4>Input</h4>
          <JsonView key={`${step.key} input`} value={step.input} label="input of the step" openLevels={2} />
        </section>
      )}
      {step.state === "finished" && step.verb !== "wait" && (
        <section aria-label="Output">
          <h4>Output</h4>
          <JsonView key={`${step.key} output`} value={step.output ?? null} label="output of the step" openLevels={2} />
        </section>
      )}
      {step.attempts.length > 1 && <Attempts attempts={step.attempts} />}
      {step.values.length > 0 && (
        <section aria-label="Values">
          <h4>Values that it computed once</h4>
          {step.values.map((value, index) => (
            <div key={index}>
              <p className="field-hint">{value.part}</p>
              <JsonView value={value.error ?? value.value} label={`value of ${value.part}`} />
            </div>
          ))}
        </section>
      )}
    </div>
  );
}

function Attempts({ attempts }: { readonly attempts: RunStep["attempts"] }) {
  return (
    <section aria-label="Attempts">
      <h4>Attempts</h4>
      <ol className="attempts">
        {attempts.map((attempt) => {
          const error = readError(attempt.error);
          return (
            <li key={attempt.number} value={attempt.number}>
              {error === null ? (attempt.ended_at === null ? "not ended" : "done") : <code>{error.code}</code>}
              {attempt.duration_ms !== null && ` after ${durationText(attempt.duration_ms)}`}
              {error !== null && <p>{error.message}</p>}
              {attempt.next_at !== null && <p className="field-hint">next one at {absoluteText(attempt.next_at)}</p>}
            </li>
          );
        })}
      </ol>
    </section>
  );
}
