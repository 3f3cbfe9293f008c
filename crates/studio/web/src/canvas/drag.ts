// Dragging steps, and new ones from the palette, onto slots. By pointer events: the picture lies under a transform, and the
// slots are found by nearness.
import { type RefObject, useEffect } from "react";
import type { PointerEvent as ReactPointerEvent } from "react";
import type { SlotPlace } from "../api/types";
import type { IconName } from "../ui/icon";
import type { Board, Drag, Load } from "./board";
import type { Scene } from "./canvas-view";
import type { Commands } from "./commands";
import { isIdle } from "./slot";

interface Dragging {
  readonly board: Board;
  readonly load: Load;
  readonly label: string;
  readonly icon: IconName;
}

/** Pixels from where a press becomes a drag. */
const THRESHOLD = 5;

/** Follows the pointer from a press on. */
export function beginDrag(event: ReactPointerEvent, { board, load, label, icon }: Dragging): void {
  const start = { x: event.clientX, y: event.clientY };
  let drag: Drag | null = null;
  const update = (x: number, y: number, isAlt: boolean): void => {
    const isCopy = isAlt && load.kind === "steps";
    const isFree = (slot: SlotPlace): boolean => load.kind === "new" || isCopy || !isIdle(slot, load.paths);
    const found = board.canvas?.slotAt({ x, y }, isFree) ?? null;
    const target = found && { list: found.list, index: found.index };
    drag = { load, label, icon, at: { x, y }, isCopy, target };
    board.setDrag(drag);
  };
  const onMove = (moved: PointerEvent): void => {
    const isFar = Math.hypot(moved.clientX - start.x, moved.clientY - start.y) >= THRESHOLD;
    if (drag || isFar) update(moved.clientX, moved.clientY, moved.altKey);
  };
  const onKey = (pressed: KeyboardEvent): void => {
    if (!drag) return;
    if (pressed.key === "Escape" && pressed.type === "keydown") {
      pressed.preventDefault();
      pressed.stopPropagation();
      end();
    } else if (pressed.key === "Alt") {
      pressed.preventDefault();
      update(drag.at.x, drag.at.y, pressed.type === "keydown");
    }
  };
  const onUp = (released: PointerEvent): void => {
    if (drag) update(released.clientX, released.clientY, released.altKey);
    const done = drag;
    end();
    if (done) swallowClick();
    if (done?.target) drop(board.commands, done);
  };
  const end = (): void => {
    removeEventListener("pointermove", onMove);
    removeEventListener("pointerup", onUp);
    removeEventListener("pointercancel", end);
    removeEventListener("blur", end);
    removeEventListener("keydown", onKey, true);
    removeEventListener("keyup", onKey, true);
    if (drag) board.setDrag(null);
    drag = null;
  };
  addEventListener("pointermove", onMove);
  addEventListener("pointerup", onUp);
  addEventListener("pointercancel", end);
  addEventListener("blur", end);
  addEventListener("keydown", onKey, true);
  addEventListener("keyup", onKey, true);
}

function drop(commands: Commands, { load, target, isCopy }: Drag): void {
  if (!target) return;
  if (load.kind === "new") void commands.insert(target, load.step);
  else if (isCopy) void commands.copyTo(load.paths, target);
  else void commands.moveTo(load.paths, target);
}

/** The press that ends a drag is no click on what lies under it. */
function swallowClick(): void {
  const swallow = (event: Event): void => {
    event.stopPropagation();
    event.preventDefault();
  };
  addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => removeEventListener("click", swallow, { capture: true }), 0);
}

/** Near an edge of the canvas, the picture moves along. */
export function useDragPanning(board: Board, scene: RefObject<Scene | null>, element: RefObject<HTMLDivElement | null>): void {
  useEffect(() => {
    let frame = 0;
    // What is picked up near an edge does not move the picture before it was elsewhere.
    let wasElsewhere = false;
    const pan = (): void => {
      frame = 0;
      const { drag } = board.snapshot();
      const box = element.current?.getBoundingClientRect();
      const flow = scene.current?.flow;
      if (!drag || !box || !flow) return;
      const { x, y } = drag.at;
      if (x < box.left || push(x, box.left, box.right) + push(y, box.top, box.bottom) === 0) wasElsewhere = true;
      if (wasElsewhere && x > box.left - 20 && x < box.right + 20 && y > box.top - 20 && y < box.bottom + 20) {
        const by = { x: push(x, box.left, box.right), y: push(y, box.top, box.bottom) };
        const now = flow.getViewport();
        const all = flow.getNodesBounds(flow.getNodes());
        const [left, top] = [now.x + all.x * now.zoom, now.y + all.y * now.zoom];
        // Not farther than there is something to see.
        const to = {
          x: now.x + held(by.x, left, all.width * now.zoom, box.width),
          y: now.y + held(by.y, top, all.height * now.zoom, box.height),
        };
        if (to.x !== now.x || to.y !== now.y) void flow.setViewport({ ...now, ...to });
      }
      frame = requestAnimationFrame(pan);
    };
    const unsubscribe = board.subscribe(() => {
      if (!board.snapshot().drag || frame !== 0) return;
      wasElsewhere = false;
      frame = requestAnimationFrame(pan);
    });
    return () => {
      unsubscribe();
      cancelAnimationFrame(frame);
    };
  }, [board, scene, element]);
}

function held(by: number, start: number, length: number, view: number): number {
  const isGone = by > 0 ? start + by > view / 3 : start + length + by < (view * 2) / 3;
  return isGone ? 0 : by;
}

function push(at: number, low: number, high: number): number {
  const edge = Math.min(44, (high - low) / 5);
  if (at < low + edge) return (low + edge - at) / 4;
  return at > high - edge ? (high - edge - at) / 4 : 0;
}
