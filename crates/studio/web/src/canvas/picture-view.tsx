// A picture that is only looked at: a run, a scenario.
import type { Document } from "../api/types";
import type { Paint } from "../document/paint";

interface PictureViewProps {
  readonly document: Document;
  readonly paint: Paint | null;
  readonly selected: string | null;
  readonly onSelect: (path: string | null) => void;
}

export function PictureView({ document }: PictureViewProps) {
  return <p className="empty">{document.picture?.cards.length ?? 0} boxes</p>;
}
