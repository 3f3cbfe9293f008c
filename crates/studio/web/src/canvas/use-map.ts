// Whether the map is open: as it was chosen here, else where the picture does not fit.
import { useCallback, useState } from "react";

const KEY = "lockgate.map";

export interface MapChoice {
  readonly isOpen: (isNeeded: boolean) => boolean;
  readonly toggle: (isNeeded: boolean) => void;
}

export function useMap(): MapChoice {
  const [chosen, setChosen] = useState(() => localStorage.getItem(KEY));
  const isOpen = useCallback((isNeeded: boolean) => (chosen === null ? isNeeded : chosen === "open"), [chosen]);
  const toggle = useCallback(
    (isNeeded: boolean) => {
      const next = isOpen(isNeeded) ? "closed" : "open";
      localStorage.setItem(KEY, next);
      setChosen(next);
    },
    [isOpen],
  );
  return { isOpen, toggle };
}
