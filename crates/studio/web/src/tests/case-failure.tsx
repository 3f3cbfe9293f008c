// One expectation that did not hold.
import type { TestCase } from "../api/types";
import { Ticked } from "../runs/ticked";
import { fileHref } from "../shell/router";
import { DiffView } from "../ui/diff-view";
import { JsonView } from "../ui/json-view";

interface CaseFailureProps {
  readonly failure: TestCase["failures"][number];
  readonly isOneOfSeveral: boolean;
}

/** Longer texts are not compared line by line. */
const MOST = 200_000;

export function CaseFailure({ failure, isOneOfSeveral }: CaseFailureProps) {
  const { diagnostic, expected, actual, has_values, run } = failure;
  return (
    <div className="case-failure">
      <p>
        <Ticked text={diagnostic.message} />
      </p>
      <p className="field-hint">
        <a href={fileHref(diagnostic.path, diagnostic.step)}>
          {diagnostic.path} line {diagnostic.line}
        </a>
        {isOneOfSeveral && `, run ${run + 1}`}
      </p>
      {has_values && <Values expected={expected} actual={actual} />}
      {diagnostic.help !== null && <pre className="test-help">{diagnostic.help}</pre>}
      {diagnostic.related.map((place, index) => (
        <p key={index} className="field-hint">
          <a href={fileHref(place.path)}>
            {place.path} line {place.line}
          </a>{" "}
          {place.message}
        </p>
      ))}
    </div>
  );
}

function Values({ expected, actual }: { readonly expected: unknown; readonly actual: unknown }) {
  const [before, after] = [pretty(expected), pretty(actual)];
  const isShort = before.length + after.length < MOST;
  if (isShort && (before.includes("\n") || after.includes("\n"))) {
    return (
      <>
        <p className="field-hint">− expected, + came</p>
        <DiffView before={before} after={after} />
      </>
    );
  }
  return (
    <dl className="case-values">
      <dt>expected</dt>
      <dd>{isShort ? <code>{before}</code> : <JsonView value={expected} label="expected" />}</dd>
      <dt>came</dt>
      <dd>{isShort ? <code>{after}</code> : <JsonView value={actual} label="what came" />}</dd>
    </dl>
  );
}

function pretty(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value, null, 2);
}
