// Where one looks at a canvas. It stays there when the picture changes, shows what is selected, and begins with all of it.
import type { ReactFlowInstance } from "@xyflow/react";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Picture } from "../api/types";
import { anchorShift } from "./anchor";
import type { Spot } from "./order";
import type { CardNode } from "./picture-nodes";
import { centred, fitted, firstLook, READABLE, revealing, seenOf, type Size } from "./viewport";
import type { Viewport } from "@xyflow/react";
import type { Rectangle } from "./wire-path";

export interface Look {
  readonly element: (element: HTMLDivElement | null) => void;
  readonly onInit: (flow: ReactFlowInstance<CardNode>) => void;
  readonly flow: ReactFlowInstance<CardNode> | null;
  /** The first look, once the size is known. */
  readonly start: Viewport | null;
  readonly isOverflowing: boolean;
  readonly zoom: (by: number) => void;
  readonly fit: () => void;
  readonly show: (box: Rectangle, isCentred: boolean) => void;
}

export function useViewing(picture: Picture, spot: Spot | undefined, isFollowing: boolean): Look {
  const [flow, setFlow] = useState<ReactFlowInstance<CardNode> | null>(null);
  const [size, setSize] = useState<Size | null>(null);
  const [start, setStart] = useState<Viewport | null>(null);
  const box = useRef<HTMLDivElement | null>(null);
  const watching = useRef<ResizeObserver | null>(null);
  const axis = picture.cards.find(({ kind }) => kind === "trigger");
  const axisX = axis ? axis.x + axis.width / 2 : picture.width / 2;

  const element = useCallback((node: HTMLDivElement | null) => {
    watching.current?.disconnect();
    box.current = node;
    if (!node) return;
    const measure = (): void => {
      const { clientWidth: width, clientHeight: height } = node;
      if (width > 0 && height > 0) setSize((now) => (now?.width === width && now.height === height ? now : { width, height }));
    };
    measure();
    watching.current = new ResizeObserver(measure);
    watching.current.observe(node);
  }, []);

  if (size && !start) setStart(firstLook(picture, size, axisX));

  useStaysInMiddle(flow, size);
  useStaysInPlace(flow, size, picture, spot);
  useShowsSelected(flow, size, spot, isFollowing);

  return useMemo(() => {
    const set = (viewport: Viewport, duration: number): void => void flow?.setViewport(viewport, { duration: calm() ? 0 : duration });
    return {
      element,
      onInit: setFlow,
      flow,
      start,
      isOverflowing: size !== null && size.width > 560 && fitted(picture, size).zoom < READABLE,
      zoom: (by) => void flow?.zoomTo(flow.getZoom() * by, { duration: calm() ? 0 : 120 }),
      fit() {
        if (!flow || !size) return;
        const { y, zoom } = flow.getViewport();
        set(fitted(picture, size, (size.height / 2 - y) / zoom), 180);
      },
      show(rectangle, isCentred) {
        if (!flow || !size) return;
        const now = flow.getViewport();
        set(isCentred ? centred(now, size, rectangle) : revealing(now, size, rectangle), 160);
      },
    };
  }, [element, flow, start, size, picture]);
}

function calm(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Another width of the canvas: what was in its middle stays there. */
function useStaysInMiddle(flow: ReactFlowInstance<CardNode> | null, size: Size | null): void {
  const before = useRef(size);
  useLayoutEffect(() => {
    const was = before.current;
    before.current = size;
    if (!flow || !size || !was || was.width === size.width) return;
    const now = flow.getViewport();
    void flow.setViewport({ ...now, x: now.x + (size.width - was.width) / 2 });
  }, [flow, size]);
}

/** Another picture: what is selected, or what is in the middle, stays where it is. */
function useStaysInPlace(
  flow: ReactFlowInstance<CardNode> | null,
  size: Size | null,
  picture: Picture,
  spot: Spot | undefined,
): void {
  const before = useRef(picture);
  const focus = useRef<string | null>(null);
  useLayoutEffect(() => {
    const was = before.current;
    const key = focus.current;
    before.current = picture;
    focus.current = spot?.key ?? null;
    if (!flow || !size || was === picture) return;
    const now = flow.getViewport();
    const { dx, dy } = anchorShift(was, picture, key, seenOf(now, size));
    if (dx !== 0 || dy !== 0) void flow.setViewport({ ...now, x: now.x - dx * now.zoom, y: now.y - dy * now.zoom });
  }, [flow, size, picture, spot]);
}

/** What the keyboard, an edit or another view has selected comes into view. */
function useShowsSelected(
  flow: ReactFlowInstance<CardNode> | null,
  size: Size | null,
  spot: Spot | undefined,
  isFollowing: boolean,
): void {
  const shown = useRef<Spot | undefined>(undefined);
  useEffect(() => {
    if (!flow || !size || spot === undefined || spot.key === shown.current?.key) {
      shown.current = spot;
      return;
    }
    shown.current = spot;
    const now = flow.getViewport();
    const to = revealing(now, size, rectangleOf(spot));
    if (to !== now) void flow.setViewport(to, { duration: isFollowing && !calm() ? 160 : 0 });
  }, [flow, size, spot, isFollowing]);
}

export function rectangleOf({ card, slot }: Spot): Rectangle {
  if (card) return { x: card.x, y: card.y, width: card.width, height: card.height };
  return { x: (slot?.x ?? 0) - 12, y: (slot?.y ?? 0) - 12, width: 24, height: 24 };
}
