// Tells the boxes of a canvas what is selected, found, and known of them.
import { useLayoutEffect, useMemo } from "react";
import type { Diagnostic } from "../api/types";
import { findingsByCard, type Looks } from "./looks";
import { type Order, visible } from "./order";
import type { Painted } from "./painted";

interface LooksOf {
  readonly order: Order;
  readonly path: string;
  readonly diagnostics: readonly Diagnostic[];
  readonly selected: readonly string[];
  readonly cursor: string | null;
  readonly matches: ReadonlySet<string>;
  readonly dragged: ReadonlySet<string>;
  readonly painted: Painted | null;
}

const NO_PAINT = new Map<string, never>();

export function useLooks(looks: Looks, of: LooksOf): void {
  const { order, path, diagnostics, cursor, dragged, painted } = of;
  const findings = useMemo(
    () => findingsByCard(diagnostics, path, (step) => visible(order, step)),
    [diagnostics, path, order],
  );
  // What is hidden shows at what hides it.
  const shown = useMemo(() => shownOf(of.selected, order), [of.selected, order]);
  const matches = useMemo(() => shownOf([...of.matches], order), [of.matches, order]);
  useLayoutEffect(() => {
    looks.update({ selected: shown, cursor, matches, dragged, findings, paint: painted?.cards ?? NO_PAINT });
  }, [looks, shown, cursor, matches, dragged, findings, painted]);
}

function shownOf(paths: readonly string[], order: Order): ReadonlySet<string> {
  return new Set(paths.flatMap((path) => visible(order, path) ?? []));
}
