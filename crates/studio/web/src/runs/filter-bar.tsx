// The filters of the list of runs.
import { useEffect, useId, useState } from "react";
import { useWorkspace } from "../shell/workspace-store";
import { Icon } from "../ui/icon";
import { hasFilters, NO_FILTERS, type RunFilters, STATUSES } from "./filters";
import { RUN_LOOKS } from "./status";

interface FilterBarProps {
  readonly filters: RunFilters;
  readonly onChange: (filters: RunFilters) => void;
}

/** Text is looked for once somebody has stopped typing. */
const TYPING_PAUSE = 350;

export function FilterBar({ filters, onChange }: FilterBarProps) {
  const { workspace } = useWorkspace();
  const id = useId();
  const names = [...new Set([...(workspace?.flows.map((flow) => flow.name) ?? []), ...(filters.flow === "" ? [] : [filters.flow])])].sort();
  return (
    <form className="filters" role="search" aria-label="Runs" onSubmit={(event) => event.preventDefault()}>
      <div className="field">
        <label htmlFor={`${id}flow`}>Flow</label>
        <select id={`${id}flow`} value={filters.flow} onChange={(event) => onChange({ ...filters, flow: event.target.value })}>
          <option value="">all</option>
          {names.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <TextFilter key={filters.text === "" ? "empty" : "text"} value={filters.text} onChange={(text) => onChange({ ...filters, text })} />
      <div className="field">
        <label htmlFor={`${id}since`}>Started at or after</label>
        <input
          id={`${id}since`}
          type="datetime-local"
          value={filters.since}
          onChange={(event) => onChange({ ...filters, since: event.target.value })}
        />
      </div>
      <div className="field">
        <label htmlFor={`${id}until`}>Started before</label>
        <input
          id={`${id}until`}
          type="datetime-local"
          value={filters.until}
          onChange={(event) => onChange({ ...filters, until: event.target.value })}
        />
      </div>
      <fieldset className="filters-status">
        <legend>Status</legend>
        {STATUSES.map((status) => (
          <label key={status} className="choice">
            <input
              type="checkbox"
              checked={filters.status.includes(status)}
              onChange={(event) =>
                onChange({
                  ...filters,
                  status: STATUSES.filter((one) => (one === status ? event.target.checked : filters.status.includes(one))),
                })
              }
            />
            <Icon name={RUN_LOOKS[status].icon} size={14} />
            {RUN_LOOKS[status].word}
          </label>
        ))}
      </fieldset>
      {hasFilters(filters) && (
        <button type="button" className="button" onClick={() => onChange(NO_FILTERS)}>
          <Icon name="close" /> All runs
        </button>
      )}
    </form>
  );
}

function TextFilter({ value, onChange }: { readonly value: string; readonly onChange: (text: string) => void }) {
  const id = useId();
  const [text, setText] = useState(value);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onChange(text), TYPING_PAUSE);
    return () => clearTimeout(timer);
  }, [text, value, onChange]);
  return (
    <div className="field">
      <label htmlFor={id}>With the text</label>
      <input
        id={id}
        type="search"
        placeholder="id, input, result or error"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </div>
  );
}
