// What the parts of one canvas share. It does not change while the canvas is there, so that nothing is drawn again for it.
import { createContext } from "react";
import { Looks } from "./looks";

export interface CanvasShared {
  /** Begins the ids of its elements. */
  readonly id: string;
  readonly looks: Looks;
  /** Hides or shows what is inside a box; null where that cannot be. */
  readonly toggle: ((key: string) => void) | null;
}

export const CanvasContext = createContext<CanvasShared>({ id: "canvas", looks: new Looks(), toggle: null });
