// The cases of the open flow's test file.
import type { Paint } from "../document/paint";
import type { DocumentStore } from "../document/store";

interface TestPanelProps {
  readonly store: DocumentStore;
  readonly onPaint: (paint: Paint | null) => void;
  readonly onClose: () => void;
}

export function TestPanel(_: TestPanelProps) {
  return null;
}
