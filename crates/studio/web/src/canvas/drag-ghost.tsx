// What is dragged, at the pointer.
import { Icon } from "../ui/icon";
import type { Drag } from "./board";

export function DragGhost({ drag }: { readonly drag: Drag }) {
  const does = drag.load.kind === "new" ? "Add" : drag.isCopy ? "Copy" : "Move";
  return (
    <div
      className="drag-ghost"
      data-ready={drag.target ? "" : undefined}
      style={{ transform: `translate(${drag.at.x + 12}px, ${drag.at.y + 10}px)` }}
      role="status"
    >
      <Icon name={drag.icon} size={16} />
      <span>{drag.target ? `${does} ${drag.label}` : drag.label}</span>
    </div>
  );
}
