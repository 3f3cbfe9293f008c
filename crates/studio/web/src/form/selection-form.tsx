// Several steps are selected: what can be done to all of them.
import type { DocumentStore } from "../document/store";
import { Icon } from "../ui/icon";
import { StepActions } from "./step-actions";

interface SelectionFormProps {
  readonly store: DocumentStore;
  readonly selected: readonly string[];
  readonly isReadOnly: boolean;
}

export function SelectionForm({ store, selected, isReadOnly }: SelectionFormProps) {
  const steps = selected.flatMap((path) => store.step(path) ?? []);
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
      {!isReadOnly && <StepActions store={store} count={selected.length} />}
    </div>
  );
}
