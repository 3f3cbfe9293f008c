// The form of the selected step; of the flow itself where none is.
import type { Paint } from "../document/paint";
import type { DocumentStore } from "../document/store";
import { useDocument } from "../document/use-document";

interface StepPanelProps {
  readonly store: DocumentStore;
  readonly isReadOnly: boolean;
  /** The run whose recorded values are previewed. */
  readonly lastRun: string | null;
  readonly paint: Paint | null;
}

export function StepPanel({ store }: StepPanelProps) {
  return <p className="empty">{useDocument(store).selected.join(", ")}</p>;
}
