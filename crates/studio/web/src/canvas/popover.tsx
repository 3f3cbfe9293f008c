// Something that floats at a place of the window, within it, until one presses elsewhere.
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Point } from "./board";

interface PopoverProps {
  readonly place: Point;
  readonly className: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

const EDGE = 8;

export function Popover({ place, className, onClose, children }: PopoverProps) {
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<Point | null>(null);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const settle = (): void => {
      const { offsetWidth: width, offsetHeight: height } = element;
      const below = place.y + 10;
      const isAbove = below + height > innerHeight - EDGE && place.y - 10 - height > EDGE;
      const x = Math.max(Math.min(place.x - 24, innerWidth - EDGE - width), EDGE);
      const y = isAbove ? place.y - 10 - height : Math.max(Math.min(below, innerHeight - EDGE - height), EDGE);
      setAt((now) => (now?.x === x && now.y === y ? now : { x, y }));
    };
    settle();
    const watching = new ResizeObserver(settle);
    watching.observe(element);
    return () => watching.disconnect();
  }, [place]);
  useEffect(() => {
    const onDown = (event: PointerEvent): void => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) onClose();
    };
    addEventListener("pointerdown", onDown, true);
    return () => removeEventListener("pointerdown", onDown, true);
  }, [onClose]);
  return (
    <div
      ref={box}
      className={`canvas-popover ${className}`}
      style={at ? { left: at.x, top: at.y } : { left: EDGE, top: EDGE, opacity: 0 }}
    >
      {children}
    </div>
  );
}
