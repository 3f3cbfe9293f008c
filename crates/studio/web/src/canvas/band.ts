// The stretch of a picture, from top to bottom, that is drawn: what is seen and some more. It changes by steps, so that
// panning draws anew now and then only.
import { type ReactFlowState, useStore } from "@xyflow/react";
import { useMemo } from "react";

export interface Band {
  readonly top: number;
  readonly bottom: number;
  /** Too far off to read: what is small is left out. */
  readonly isFar: boolean;
}

/** How far off words cannot be read any more. */
export const FAR = 0.3;
const STEP = 800;

function bandOf({ transform, height }: ReactFlowState): string {
  const [, y, zoom] = transform;
  const step = zoom < FAR ? STEP * 8 : STEP;
  const top = Math.floor(-y / zoom / step) - 1;
  const bottom = Math.ceil((height - y) / zoom / step) + 1;
  return `${top * step} ${bottom * step} ${zoom < FAR ? 1 : 0}`;
}

export function useBand(): Band {
  const text = useStore(bandOf);
  return useMemo(() => {
    const [top = 0, bottom = 0, isFar = 0] = text.split(" ").map(Number);
    return { top, bottom, isFar: isFar === 1 };
  }, [text]);
}

export function isInBand(band: Band, top: number, bottom: number): boolean {
  return top <= band.bottom && bottom >= band.top;
}
