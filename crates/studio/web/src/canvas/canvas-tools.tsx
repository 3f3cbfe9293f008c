// Buttons for the look at the picture.
import { IconButton } from "../ui/icon-button";

interface CanvasToolsProps {
  readonly onZoom: (by: number) => void;
  readonly onFit: () => void;
  readonly isMapOpen: boolean;
  readonly onMap: () => void;
  readonly onSearch: (() => void) | null;
  readonly onHelp: () => void;
}

export function CanvasTools({ onZoom, onFit, isMapOpen, onMap, onSearch, onHelp }: CanvasToolsProps) {
  return (
    <div className="canvas-tools" role="group" aria-label="Look at the picture">
      {onSearch && <IconButton icon="search" label="Find a step (/)" onClick={onSearch} />}
      <IconButton icon="minus" label="Smaller (-)" onClick={() => onZoom(1 / 1.25)} />
      <IconButton icon="plus" label="Larger (+)" onClick={() => onZoom(1.25)} />
      <IconButton icon="fit" label="All of it (F)" onClick={onFit} />
      <IconButton icon="map" label="Map (M)" aria-pressed={isMapOpen} onClick={onMap} />
      <IconButton icon="help" label="Keys (?)" onClick={onHelp} />
    </div>
  );
}
