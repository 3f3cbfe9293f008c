// The `+` on each way, where steps can be put; while something is dragged, the places to drop it.
import { ViewportPortal } from "@xyflow/react";
import { memo, useMemo } from "react";
import type { Picture, SlotPlace } from "../api/types";
import { Icon } from "../ui/icon";
import { isInBand, useBand } from "./band";
import { type Board, useBoard } from "./board";
import { isIdle, isSameSlot, slotKey } from "./slot";
import { slotName } from "./commands";

interface SlotsProps {
  readonly picture: Picture;
  readonly board: Board;
  /** The slot that the keyboard stands at. */
  readonly cursor: string | null;
  readonly titles: ReadonlyMap<string, string>;
}

export const Slots = memo(function Slots({ picture, board, cursor, titles }: SlotsProps) {
  const band = useBand();
  const { drag, popup } = useBoard(board);
  const near = useMemo(() => picture.slots.filter(({ y }) => isInBand(band, y, y)), [picture, band]);
  if (band.isFar && !drag) return null;
  const load = drag?.load;
  const moved = load?.kind === "steps" && !drag?.isCopy ? load.paths : null;
  const isFree = (slot: SlotPlace): boolean => moved === null || !isIdle(slot, moved);
  return (
    <ViewportPortal>
      <div className="slots" data-dragging={drag ? "" : undefined}>
        {near.filter(isFree).map((slot) => (
          <button
            key={slotKey(slot)}
            type="button"
            className="slot nopan grabs"
            tabIndex={-1}
            style={{ left: slot.x, top: slot.y }}
            aria-label={`Add a step ${slotName(slot, (path) => titles.get(path))}`}
            data-list={slot.list}
            data-index={slot.index}
            data-cursor={cursor === `+${slot.list}` || undefined}
            data-open={(popup?.kind === "add" && isSameSlot(popup.at, slot)) || undefined}
            data-target={(drag?.target && isSameSlot(drag.target, slot)) || undefined}
            onClick={(event) => {
              event.stopPropagation();
              board.open({ kind: "add", at: { list: slot.list, index: slot.index }, place: { x: event.clientX, y: event.clientY } });
            }}
          >
            <span className="slot-mark">
              <Icon name="plus" size={14} />
            </span>
          </button>
        ))}
      </div>
    </ViewportPortal>
  );
});
