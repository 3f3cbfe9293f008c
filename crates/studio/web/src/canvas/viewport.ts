// Where one looks at a picture: the first look, all of it, a box brought into view. Pixels of the screen and of the picture.
import type { Viewport } from "@xyflow/react";
import type { Rectangle } from "./wire-path";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A very long flow does not fit: from farther off it is but a line. */
export const MIN_ZOOM = 0.1;
export const MAX_ZOOM = 2.5;
const MARGIN = 28;
/** The first look is not from farther than text can be read from. */
export const READABLE = 0.62;

/** On a very large screen a small flow may be larger than life. */
function largest(view: Size): number {
  return Math.min(Math.max(Math.min(view.width / 1500, view.height / 1000), 1), 1.6);
}

/** All of it; of what is too long, the stretch around `y`. */
export function fitted(picture: Size, view: Size, y = 0): Viewport {
  const zoom = Math.min(
    (view.width - 2 * MARGIN) / Math.max(picture.width, 1),
    (view.height - 2 * MARGIN) / Math.max(picture.height, 1),
    largest(view),
  );
  if (zoom >= MIN_ZOOM) return placed(picture, view, zoom, picture.width / 2);
  const all = placed(picture, view, MIN_ZOOM, picture.width / 2);
  const last = view.height - MARGIN - picture.height * MIN_ZOOM;
  return { ...all, y: Math.max(Math.min(view.height / 2 - y * MIN_ZOOM, MARGIN), Math.min(last, MARGIN)) };
}

/** The first look: all of it, where that can be read; else its beginning. */
export function firstLook(picture: Size, view: Size, axis: number): Viewport {
  const all = fitted(picture, view);
  if (all.zoom >= READABLE) return all;
  const wide = (view.width - 2 * MARGIN) / Math.max(picture.width, 1);
  const zoom = Math.min(Math.max(wide, READABLE), largest(view));
  return placed(picture, view, zoom, picture.width * zoom + 2 * MARGIN <= view.width + 1 ? picture.width / 2 : axis);
}

function placed(picture: Size, view: Size, zoom: number, axis: number): Viewport {
  const free = view.height - picture.height * zoom;
  // A little above the middle, and from the top where it does not fit.
  return { x: view.width / 2 - axis * zoom, y: free > 2 * MARGIN ? Math.min(free / 2, 72) : MARGIN, zoom };
}

/** What is seen, in the picture's pixels. */
export function seenOf({ x, y, zoom }: Viewport, view: Size): Rectangle {
  return { x: -x / zoom, y: -y / zoom, width: view.width / zoom, height: view.height / zoom };
}

/** The nearest look from which a box is seen; the same one where it is. */
export function revealing(now: Viewport, view: Size, box: Rectangle): Viewport {
  const { zoom } = now;
  const room = Math.min(56, view.width / 8, view.height / 8);
  const x = within(box.x * zoom + now.x, box.width * zoom, view.width, room) - box.x * zoom;
  const y = within(box.y * zoom + now.y, box.height * zoom, view.height, room) - box.y * zoom;
  return Math.abs(x - now.x) < 0.5 && Math.abs(y - now.y) < 0.5 ? now : { x, y, zoom };
}

/** Where a stretch has to begin to lie within a view; its beginning counts where it is too long. */
function within(start: number, length: number, view: number, room: number): number {
  if (length > view - 2 * room) return start > room || start + length < view - room ? room : start;
  return Math.min(Math.max(start, room), view - room - length);
}

/** A box in the middle. */
export function centred(now: Viewport, view: Size, box: Rectangle): Viewport {
  const zoom = Math.max(now.zoom, READABLE);
  const x = view.width / 2 - (box.x + box.width / 2) * zoom;
  return { x, y: view.height * 0.4 - (box.y + Math.min(box.height, 120) / 2) * zoom, zoom };
}
