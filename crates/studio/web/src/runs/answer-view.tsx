// What came of a run: its answer, or its error.
import type { Run } from "../api/types";
import { JsonView } from "../ui/json-view";
import { answerOf } from "./answer";
import { ErrorView } from "./error-view";

const WORDS = { respond: "Answer", redirect: "Redirect", return: "Result" } as const;

export function AnswerView({ run }: { readonly run: Run }) {
  const answer = answerOf(run.timeline.steps, run.output);
  const hasError = run.error !== null && run.error !== undefined;
  return (
    <div className="run-answer">
      {answer !== null && (
        <section aria-label={WORDS[answer.kind]}>
          <h3>
            {WORDS[answer.kind]}
            {answer.status !== null && (
              <span className="badge" data-tone={answer.status < 400 ? "good" : "bad"}>
                {answer.status}
              </span>
            )}
          </h3>
          {answer.headers.length > 0 && (
            <dl className="run-headers">
              {answer.headers.map(([name, value], index) => (
                <div key={index}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          )}
          {answer.hasBody ? (
            <JsonView value={answer.body} label={answer.kind === "return" ? "result" : "body of the answer"} openLevels={2} />
          ) : (
            <p className="empty">Without a body.</p>
          )}
        </section>
      )}
      {hasError && (
        <section aria-label="Error">
          <h3>Error</h3>
          <ErrorView error={run.error} />
        </section>
      )}
      {answer === null && !hasError && run.run.status === "succeeded" && (
        <p className="empty">It ended without an answer and without a result. Over HTTP that is 204.</p>
      )}
    </div>
  );
}
