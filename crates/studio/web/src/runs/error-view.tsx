// An error of a run or a step: its code, what it says, what the provider said.
import { fileHref } from "../shell/router";
import { Icon } from "../ui/icon";
import { JsonView } from "../ui/json-view";
import { readError } from "./run-error";
import { Ticked } from "./ticked";

export function ErrorView({ error }: { readonly error: unknown }) {
  const known = readError(error);
  if (known === null) return <JsonView value={error} label="error" />;
  return (
    <div className="run-error">
      <p className="run-error-head">
        <Icon name="error" />
        <code>{known.code}</code>
        {known.status !== null && <span className="field-aside">answers with {known.status}</span>}
      </p>
      <p className="run-error-text">
        <Ticked text={known.message} />
      </p>
      {known.place !== null && (
        <p className="field-hint">
          {known.step !== null && <>step {known.step}, </>}
          <a href={fileHref(known.place.file)}>
            {known.place.file} line {known.place.line}
          </a>
        </p>
      )}
      {known.details !== null && (
        <>
          <h4>Details</h4>
          <JsonView value={known.details} label="details" />
        </>
      )}
      {known.provider !== null && (
        <>
          <h4>What the provider answered</h4>
          <JsonView value={known.provider} label="answer of the provider" openLevels={2} />
        </>
      )}
    </div>
  );
}
