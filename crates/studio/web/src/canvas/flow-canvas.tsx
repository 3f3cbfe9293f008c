// The canvas of an open flow.
import type { Paint } from "../document/paint";
import type { DocumentStore } from "../document/store";
import { useDocument } from "../document/use-document";

interface FlowCanvasProps {
  readonly store: DocumentStore;
  readonly paint: Paint | null;
  readonly isReadOnly: boolean;
}

export function FlowCanvas({ store }: FlowCanvasProps) {
  const { picture } = useDocument(store);
  return <p className="empty">{picture?.cards.length ?? 0} boxes</p>;
}
