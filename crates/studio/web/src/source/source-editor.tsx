// The text of an open file.
import type { DocumentStore } from "../document/store";
import { useDocument } from "../document/use-document";

interface SourceEditorProps {
  readonly store: DocumentStore;
  readonly isReadOnly: boolean;
}

export function SourceEditor({ store }: SourceEditorProps) {
  return <pre>{useDocument(store).text}</pre>;
}
