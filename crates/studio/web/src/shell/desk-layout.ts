// Which parts of the desk are open; kept over visits.
import { useCallback, useState } from "react";

export type DeskView = "both" | "canvas" | "source";

export interface DeskLayout {
  readonly view: DeskView;
  readonly hasPanel: boolean;
  readonly setView: (view: DeskView) => void;
  readonly togglePanel: () => void;
}

const KEY = "lockgate.desk";

function kept(): { view: DeskView; hasPanel: boolean } {
  const [view, panel] = (localStorage.getItem(KEY) ?? "").split(" ");
  const isNarrow = matchMedia("(max-width: 900px)").matches;
  return {
    view: view === "both" || view === "canvas" || view === "source" ? view : isNarrow ? "canvas" : "both",
    hasPanel: panel !== "closed" && !(isNarrow && panel === undefined),
  };
}

export function useDeskLayout(isFlow: boolean): DeskLayout {
  const [layout, setLayout] = useState(kept);
  const change = useCallback((next: Partial<{ view: DeskView; hasPanel: boolean }>) => {
    setLayout((now) => {
      const layout = { ...now, ...next };
      localStorage.setItem(KEY, `${layout.view} ${layout.hasPanel ? "open" : "closed"}`);
      return layout;
    });
  }, []);
  const { view, hasPanel } = layout;
  return {
    view: isFlow ? view : "source",
    hasPanel,
    setView: useCallback((view: DeskView) => change({ view }), [change]),
    togglePanel: useCallback(() => change({ hasPanel: !hasPanel }), [change, hasPanel]),
  };
}
