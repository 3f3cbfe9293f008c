// Lines above the desk: what was refused, what has changed on disk, why the picture is old.
import type { DocumentStore } from "../document/store";
import { useDocument } from "../document/use-document";
import { Icon } from "../ui/icon";
import { IconButton } from "../ui/icon-button";

export function Notices({ store }: { readonly store: DocumentStore }) {
  const shown = useDocument(store);
  return (
    <div aria-live="polite">
      {shown.changedOnDisk === "changed" && (
        <p className="banner" data-tone="warn">
          <Icon name="warning" />
          <span>The file has changed on disk. Saving merges both, or shows the difference where they touch.</span>
        </p>
      )}
      {shown.changedOnDisk === "deleted" && (
        <p className="banner" data-tone="warn">
          <Icon name="warning" />
          <span>The file was deleted on disk. What you see is here only; saving writes it again.</span>
        </p>
      )}
      {shown.isPictureOld && (
        <p className="banner" data-tone="bad">
          <Icon name="error" />
          <span>
            The text cannot be read to its end: the picture is {shown.isPicturePart ? "that of what could be read" : "the last one that could be drawn"}.
          </span>
        </p>
      )}
      {shown.notice !== null && (
        <p className="banner" data-tone="info">
          <Icon name="info" />
          <span>{shown.notice}</span>
          <IconButton icon="close" label="Close this message" onClick={() => store.setNotice(null)} />
        </p>
      )}
    </div>
  );
}
