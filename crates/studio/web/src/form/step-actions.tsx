// What can be done to whole steps from the panel: put them into another, delete them.
import { useId, useState } from "react";
import type { DocumentStore } from "../document/store";
import { Icon } from "../ui/icon";

interface StepActionsProps {
  readonly store: DocumentStore;
  readonly steps: readonly string[];
}

const WRAPPERS = ["if", "switch", "parallel", "for_each"] as const;

export function StepActions({ store, steps }: StepActionsProps) {
  const [wrapper, setWrapper] = useState<(typeof WRAPPERS)[number]>("if");
  const id = useId();
  const lists = new Set(steps.map((path) => store.step(path)?.list));
  // What is put into a step must stand side by side.
  const areNeighbours = lists.size === 1;
  const isOne = steps.length === 1;
  return (
    <div className="step-actions">
      <div className="form-field">
        <label htmlFor={id}>Put {isOne ? "it" : "them"} into</label>
        <div className="field-add">
          <select id={id} value={wrapper} onChange={(event) => setWrapper(WRAPPERS.find((one) => one === event.target.value) ?? "if")}>
            {WRAPPERS.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
          <button
            type="button"
            className="button"
            disabled={!areNeighbours}
            onClick={() => void store.edit({ edit: "wrap", steps: [...steps], in: wrapper })}
          >
            Wrap
          </button>
        </div>
        {!areNeighbours && <p className="field-help">Only steps of one list can be put into a step.</p>}
      </div>
      <button type="button" className="button" data-kind="danger" onClick={() => void store.edit({ edit: "delete", steps: [...steps] })}>
        <Icon name="delete" size={16} /> Delete {isOne ? "this step" : `${steps.length} steps`}
      </button>
    </div>
  );
}
