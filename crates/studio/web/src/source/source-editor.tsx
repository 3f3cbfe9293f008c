// The text of an open file.
import { EditorView } from "@codemirror/view";
import { useEffect, useId, useRef, useState } from "react";
import { viewExtensions } from "../document/state";
import type { DocumentStore } from "../document/store";
import { ExplanationDialog } from "../ui/explanation-dialog";
import { sourceExtensions } from "./extensions";
import { hasFindings, showFindings } from "./findings";
import { showSelection } from "./follow-selection";
import { pendingPlaces } from "./pending-place";
import "./source-editor.css";

interface SourceEditorProps {
  readonly store: DocumentStore;
  readonly isReadOnly: boolean;
}

export function SourceEditor({ store, isReadOnly }: SourceEditorProps) {
  const parent = useRef<HTMLDivElement>(null);
  const describedBy = useId();
  const [explained, setExplained] = useState<string | null>(null);

  useEffect(() => {
    if (parent.current === null) return;
    return mount(parent.current, store, isReadOnly, describedBy, setExplained);
  }, [store, isReadOnly, describedBy]);

  return (
    <div className="source">
      <div className="source-text" ref={parent} />
      <p id={describedBy} className="visually-hidden">
        Tab indents. To leave the text by keyboard press Escape, then Tab. Control and space completes, F12 goes to the
        definition, F8 to the next finding.
      </p>
      {explained !== null && <ExplanationDialog code={explained} onClose={() => setExplained(null)} />}
    </div>
  );
}

/** Shows the store's text in an editor, until what is returned is called. */
function mount(
  parent: HTMLElement,
  store: DocumentStore,
  isReadOnly: boolean,
  describedBy: string,
  explain: (code: string) => void,
): () => void {
  // Before the editor is made: it takes the page's nonce from its first state.
  const extensions = sourceExtensions({ store, isReadOnly, describedBy });
  store.dispatch({ effects: viewExtensions.reconfigure(extensions) });
  const view = new EditorView({
    parent,
    state: store.state,
    dispatchTransactions: (transactions, view) => {
      view.update(transactions);
      store.applied(view.state, transactions.some((transaction) => transaction.docChanged));
    },
  });
  const detach = store.attach(view);
  const place = pendingPlaces.take(store.path);
  if (place && place.to <= view.state.doc.length) {
    view.dispatch({
      selection: { anchor: place.from, head: place.to },
      effects: EditorView.scrollIntoView(place.from, { y: "center" }),
    });
    view.focus();
  }
  const follow = follower(store, view, explain);
  follow();
  const unsubscribe = store.subscribe(follow);
  return () => {
    unsubscribe();
    detach();
    view.destroy();
    store.dispatch({ effects: viewExtensions.reconfigure([]) });
  };
}

/** What the editor does when the store has changed. */
function follower(store: DocumentStore, view: EditorView, explain: (code: string) => void): () => void {
  let shown: unknown = null;
  let selected: readonly string[] = [];
  let isFollowing = false;
  return () => {
    const now = store.snapshot();
    // Each dispatch below is a change of the store, too.
    if (isFollowing || now.isBehind || now.document === null) return;
    if (now.document === shown && now.selected === selected) return;
    const [hasOtherFindings, hasOtherSelection] = [now.document !== shown, now.selected !== selected];
    [shown, selected, isFollowing] = [now.document, now.selected, true];
    const { diagnostics } = now.document;
    if (hasOtherFindings && (diagnostics.length > 0 || hasFindings(view.state))) {
      view.dispatch(showFindings(view.state, diagnostics, store.path, explain));
    }
    showSelection(store, view, hasOtherSelection);
    isFollowing = false;
  };
}
