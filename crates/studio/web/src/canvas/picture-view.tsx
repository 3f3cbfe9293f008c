// A picture that is only looked at: a run, a scenario.
import { useCallback, useMemo, useState } from "react";
import type { Document } from "../api/types";
import type { Paint } from "../document/paint";
import { CanvasView } from "./canvas-view";
import { HelpDialog } from "./help-dialog";

interface PictureViewProps {
  readonly document: Document;
  readonly paint: Paint | null;
  readonly selected: string | null;
  readonly onSelect: (path: string | null) => void;
}

const NOTHING: ReadonlySet<string> = new Set();

export function PictureView({ document, paint, selected, onSelect }: PictureViewProps) {
  const [isHelpOpen, setIsHelpOpen] = useState(false);
  const paths = useMemo(() => (selected === null ? [] : [selected]), [selected]);
  const select = useCallback((chosen: readonly string[]) => onSelect(chosen.at(-1) ?? null), [onSelect]);
  if (!document.picture) return <p className="canvas-empty">There is no picture of this text.</p>;
  return (
    <CanvasView
      picture={document.picture}
      path={document.path}
      diagnostics={document.diagnostics}
      paint={paint}
      selected={paths}
      isFollowing={false}
      matches={NOTHING}
      dragged={NOTHING}
      onSelect={select}
      onCommand={(command) => command.kind === "help" && setIsHelpOpen(true)}
      onToggle={null}
      isGrabbing={false}
      hasSearch={false}
    >
      {isHelpOpen && <HelpDialog isEditing={false} onClose={() => setIsHelpOpen(false)} />}
    </CanvasView>
  );
}
