// The actions and verbs to put into a flow.
import type { DocumentStore } from "../document/store";

export function Palette(_: { readonly store: DocumentStore }) {
  return null;
}
