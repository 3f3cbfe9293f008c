// The list of runs.
import { useCallback, useMemo, useSyncExternalStore } from "react";
import type { RunSummary } from "../api/types";
import { hrefOf } from "../shell/router";
import { Icon } from "../ui/icon";
import { FilterBar } from "./filter-bar";
import { filtersOf, hasFilters, hashOf, type RunFilters } from "./filters";
import { isUnfinished } from "./records";
import { RunStatusBadge } from "./status";
import { tookText, triggerWord } from "./run-words";
import { absoluteText, relativeText } from "./times";
import { useNow } from "./use-now";
import { useRuns } from "./use-runs";
import "./runs.css";

function subscribe(listener: () => void): () => void {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
}

/** The address has all filters; `flow` is the one that the router knows. */
export function RunsPage(_: { readonly flow: string | null }) {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  const filters = useMemo(() => filtersOf(hash), [hash]);
  // One step back leads out of the list, not through every letter that was typed.
  const setFilters = useCallback((next: RunFilters) => location.replace(hashOf(next)), []);
  const { runs, next, problem, isLoading, more, again } = useRuns(filters);
  const now = useNow(1000);
  return (
    <div className="page">
      <div className="page-head">
        <h1>Runs</h1>
        <button type="button" className="button" onClick={again}>
          <Icon name="redo" /> Look again
        </button>
      </div>
      <FilterBar filters={filters} onChange={setFilters} />
      {problem !== null && (
        <p className="field-error" role="alert">
          <Icon name="error" />
          {problem.code === "no_store" ? "This server keeps no runs." : problem.message}
        </p>
      )}
      {runs !== null && runs.length > 0 && <Table runs={runs} now={now} isBusy={isLoading} />}
      {runs !== null && runs.length === 0 && !isLoading && (
        <p className="empty">{hasFilters(filters) ? "No run fits these filters." : "Nothing has run yet. Open a flow, and run it there."}</p>
      )}
      {runs === null && problem === null && <p className="empty">Reading the runs …</p>}
      {next !== null && (
        <p>
          <button type="button" className="button" disabled={isLoading} onClick={more}>
            Older runs
          </button>
        </p>
      )}
    </div>
  );
}

interface TableProps {
  readonly runs: readonly RunSummary[];
  readonly now: number;
  readonly isBusy: boolean;
}

function Table({ runs, now, isBusy }: TableProps) {
  return (
    <table className="table table-stacked" aria-busy={isBusy}>
      <thead>
        <tr>
          <th scope="col">Flow</th>
          <th scope="col">Status</th>
          <th scope="col">Started</th>
          <th scope="col">Took</th>
          <th scope="col">By</th>
          <th scope="col">Error</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <Row key={run.id} run={run} now={now} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ run, now }: { readonly run: RunSummary; readonly now: number }) {
  return (
    <tr>
      <th scope="row" data-label="Flow">
        <a href={hrefOf({ page: "run", id: run.id })}>{run.flow}</a>
        <span className="run-id" title={run.id}>
          …{run.id.slice(-8)}
        </span>
      </th>
      <td data-label="Status">
        <span>
          <RunStatusBadge status={run.status} />
          {run.wake_at !== null && isUnfinished(run.status) && <span className="field-hint"> goes on {relativeText(run.wake_at, now)}</span>}
        </span>
      </td>
      <td data-label="Started">
        <time dateTime={run.started_at} title={run.started_at}>
          {relativeText(run.started_at, now)}
          <span className="run-time">{absoluteText(run.started_at)}</span>
        </time>
      </td>
      <td data-label="Took">{tookText(run, now)}</td>
      <td data-label="By">
        <span>
          {triggerWord(run.trigger)}
          {run.attempt > 1 && <span className="field-aside"> attempt {run.attempt}</span>}
        </span>
      </td>
      <td data-label="Error">{run.error === null ? <span className="empty">–</span> : <code>{run.error}</code>}</td>
    </tr>
  );
}
