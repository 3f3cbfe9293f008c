// The file on disk and the text here, line by line, where they could not be merged.
import type { DocumentStore } from "../document/store";
import { useDocument } from "../document/use-document";
import { Dialog } from "../ui/dialog";
import { DiffView } from "../ui/diff-view";

export function ConflictDialog({ store }: { readonly store: DocumentStore }) {
  const { conflict, text, path } = useDocument(store);
  if (conflict === null) return null;
  const theirs = conflict.theirs;
  return (
    <Dialog title={`${path} is another on disk`} onClose={() => store.closeConflict()} isWide>
      <p>
        {theirs === null
          ? "The file was deleted. Saving writes it again, as it is here."
          : "Both were changed in the same lines, and nothing was written. On the left what stands on disk, on the right what stands here."}
      </p>
      {theirs !== null && <DiffView before={theirs.text} after={text} />}
      <div className="dialog-buttons">
        <button type="button" className="button" onClick={() => store.closeConflict()}>
          Go on editing
        </button>
        {theirs !== null && (
          <button type="button" className="button" onClick={() => store.resolve("theirs")}>
            Take the file on disk
          </button>
        )}
        <button type="button" className="button" data-kind="primary" onClick={() => store.resolve("mine")}>
          {theirs === null ? "Write it again" : "Write mine over it"}
        </button>
      </div>
    </Dialog>
  );
}
