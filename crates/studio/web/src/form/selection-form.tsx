// Several steps are selected: what can be done to all of them.
import { useState } from "react";
import type { DocumentStore } from "../document/store";
import { Icon } from "../ui/icon";

interface SelectionFormProps {
  readonly store: DocumentStore;
  readonly selected: readonly string[];
  readonly isReadOnly: boolean;
}

const WRAPPERS = ["if", "switch", "parallel", "for_each"] as const;

export function SelectionForm({ store, selected, isReadOnly }: SelectionFormProps) {
  const [wrapper, setWrapper] = useState<(typeof WRAPPERS)[number]>("if");
  const steps = selected.flatMap((path) => store.step(path) ?? []);
  // What is put into a step must stand side by side.
  const areNeighbours = steps.length > 0 && steps.every((step) => step.list === steps[0]?.list);
  return (
    <div className="step-form">
      <header className="form-head">
        <Icon name="copy" size={22} />
        <h2>{selected.length} steps</h2>
      </header>
      <ul className="selection-list">
        {steps.map((step) => (
          <li key={step.path}>
            <button type="button" className="link-button" onClick={() => store.select([step.path], "panel")}>
              {step.title}
            </button>
          </li>
        ))}
      </ul>
      {!isReadOnly && (
        <>
          <div className="form-field">
            <label htmlFor="selection-wrap">Put them into</label>
            <div className="field-add">
              <select
                id="selection-wrap"
                value={wrapper}
                onChange={(event) => setWrapper(WRAPPERS.find((one) => one === event.target.value) ?? "if")}
              >
                {WRAPPERS.map((one) => (
                  <option key={one}>{one}</option>
                ))}
              </select>
              <button
                type="button"
                className="button"
                disabled={!areNeighbours}
                onClick={() => void store.edit({ edit: "wrap", steps: [...selected], in: wrapper })}
              >
                Wrap
              </button>
            </div>
            {!areNeighbours && <p className="field-help">Only steps of one list can be put into a step.</p>}
          </div>
          <button type="button" className="button" data-kind="danger" onClick={() => void store.edit({ edit: "delete", steps: [...selected] })}>
            <Icon name="delete" size={16} /> Delete {selected.length} steps
          </button>
        </>
      )}
    </div>
  );
}
