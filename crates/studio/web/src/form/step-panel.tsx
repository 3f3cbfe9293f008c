// The form of the selected step; of the flow itself where none is.
import type { Paint } from "../document/paint";
import type { DocumentStore } from "../document/store";
import { useDocument } from "../document/use-document";
import { FlowForm } from "./flow-form";
import { SelectionForm } from "./selection-form";
import { StepFormView } from "./step-form";
import "./form.css";

interface StepPanelProps {
  readonly store: DocumentStore;
  readonly isReadOnly: boolean;
  /** The run whose recorded values are previewed. */
  readonly lastRun: string | null;
  readonly paint: Paint | null;
}

export function StepPanel({ store, isReadOnly, lastRun }: StepPanelProps) {
  const { selected, text, document } = useDocument(store);
  const [first] = selected;
  return (
    <div className="step-panel" data-step-panel>
      {selected.length > 1 ? (
        <SelectionForm store={store} selected={selected} isReadOnly={isReadOnly} />
      ) : first !== undefined ? (
        <StepFormView store={store} step={first} text={text} isReadOnly={isReadOnly} lastRun={lastRun} />
      ) : (
        <FlowForm store={store} document={document} isReadOnly={isReadOnly} />
      )}
    </div>
  );
}
