// What the palette and the menus ask of a mounted canvas.
import type { RefObject } from "react";
import type { SlotPlace } from "../api/types";
import type { CanvasHandle, Point } from "./board";
import type { Scene } from "./canvas-view";
import { spotOf, visible } from "./order";
import { isSameSlot } from "./slot";
import { rectangleOf } from "./use-viewing";

/** How near a slot something has to be dropped, in pixels of the screen. */
const REACH = 64;

export function handleOf(scene: RefObject<Scene | null>, element: RefObject<HTMLDivElement | null>): CanvasHandle {
  const screenOf = (at: Point): Point => scene.current?.flow?.flowToScreenPosition(at) ?? middleOf(element.current);
  return {
    slotAt(at, isFree) {
      const box = element.current?.getBoundingClientRect();
      if (!box || at.x < box.left || at.x > box.right || at.y < box.top || at.y > box.bottom) return null;
      let found: SlotPlace | null = null;
      let least = REACH;
      for (const slot of scene.current?.order.slots ?? []) {
        const place = screenOf(slot);
        const far = Math.hypot((place.x - at.x) / 1.6, place.y - at.y);
        if (far < least && isFree(slot)) {
          found = slot;
          least = far;
        }
      }
      return found;
    },
    placeOf(slot) {
      const place = scene.current?.order.slots.find((other) => isSameSlot(other, slot));
      return place ? screenOf(place) : middleOf(element.current);
    },
    placeOfCard(key) {
      const spot = scene.current && spotOf(scene.current.order, key);
      if (!spot) return middleOf(element.current);
      const { x, y, width, height } = rectangleOf(spot);
      return screenOf({ x: x + Math.min(width / 2, 60), y: y + Math.min(height, 48) });
    },
    focus() {
      element.current?.focus({ preventScroll: true });
    },
    reveal(path, isCentred) {
      const order = scene.current?.order;
      const key = order ? visible(order, path) : null;
      const spot = order && spotOf(order, key);
      if (spot) scene.current?.viewing.show(rectangleOf(spot), isCentred);
    },
  };
}

function middleOf(element: HTMLDivElement | null): Point {
  const box = element?.getBoundingClientRect();
  return box ? { x: box.left + box.width / 2, y: box.top + box.height / 3 } : { x: innerWidth / 2, y: innerHeight / 3 };
}
