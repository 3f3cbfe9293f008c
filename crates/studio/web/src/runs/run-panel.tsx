// Starts a run of the open flow and shows it live.
import type { Paint } from "../document/paint";
import type { DocumentStore } from "../document/store";

interface RunPanelProps {
  readonly store: DocumentStore;
  readonly onPaint: (paint: Paint | null) => void;
  /** A run has ended: its values can be previewed. */
  readonly onRun: (id: string) => void;
  readonly onClose: () => void;
}

export function RunPanel(_: RunPanelProps) {
  return null;
}
