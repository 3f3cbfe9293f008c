// What can be done to whole steps from the panel: put them into another, delete them.
import { useId, useState } from "react";
import { boardOf } from "../canvas/board";
import type { Wrapper } from "../canvas/commands";
import { WRAPPERS } from "../canvas/step-menu";
import type { DocumentStore } from "../document/store";
import { Icon } from "../ui/icon";

interface StepActionsProps {
  readonly store: DocumentStore;
  /** How many steps are selected. */
  readonly count: number;
}

export function StepActions({ store, count }: StepActionsProps) {
  const [wrapper, setWrapper] = useState<Wrapper>("if");
  const id = useId();
  const { commands } = boardOf(store);
  const canWrap = commands.canWrap();
  const isOne = count === 1;
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
          <button type="button" className="button" disabled={!canWrap} onClick={() => void commands.wrap(wrapper)}>
            Wrap
          </button>
        </div>
        {!canWrap && <p className="field-help">Only steps that stand side by side can be put into a step.</p>}
      </div>
      <button type="button" className="button" data-kind="danger" onClick={() => void commands.delete()}>
        <Icon name="delete" size={16} /> Delete {isOne ? "this step" : `${count} steps`}
      </button>
    </div>
  );
}
