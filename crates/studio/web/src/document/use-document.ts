// A document store in components.
import { useSyncExternalStore } from "react";
import type { DocumentSnapshot, DocumentStore } from "./store";

export function useDocument(store: DocumentStore): DocumentSnapshot {
  return useSyncExternalStore(store.subscribe, store.snapshot);
}
