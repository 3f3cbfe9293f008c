// Where the keyboard stands on a canvas, and how it and the mouse select. What others select, the keyboard follows.
import { useCallback, useMemo, useState } from "react";
import { type Direction, next, type Order, rangeOf, type Spot, spotOf, visible } from "./order";

export interface Cursor {
  readonly spot: Spot | undefined;
  readonly go: (to: Direction, isRange: boolean) => void;
  /** A press on a box. */
  readonly press: (key: string, isRange: boolean, isMore: boolean) => void;
  readonly selectList: () => void;
}

interface Place {
  /** Where the keyboard stands, for as long as this is what is selected. */
  readonly key: string | null;
  readonly start: string | null;
  readonly selected: string;
}

export function useCursor(order: Order, selected: readonly string[], onSelect: (paths: readonly string[]) => void): Cursor {
  const [place, setPlace] = useState<Place>({ key: null, start: null, selected: "" });
  const isOwn = place.selected === selected.join("\n") && place.key !== null && order.byKey.has(place.key);
  const last = selected.at(-1);
  const key = isOwn ? place.key : last === undefined ? null : visible(order, last);
  const start = isOwn ? place.start : key;
  const select = useCallback(
    (at: string, from: string | null, paths: readonly string[]) => {
      setPlace({ key: at, start: from, selected: paths.join("\n") });
      onSelect(paths);
    },
    [onSelect],
  );
  return useMemo(() => {
    const one = (spot: Spot): void => select(spot.key, spot.key, spot.card?.path == null ? [] : [spot.card.path]);
    return {
      spot: spotOf(order, key),
      go(to, isRange) {
        const spot = next(order, key, to);
        if (!spot) return;
        if (isRange && spot.card?.path != null && start !== null) {
          // Over what is inside of steps.
          const target = inList(order, start, spot, to);
          if (target !== null) select(target, start, rangeOf(order, start, target));
        } else one(spot);
      },
      press(pressed, isRange, isMore) {
        const spot = spotOf(order, pressed);
        if (!spot) return;
        const path = spot.card?.path ?? null;
        if (path === null) one(spot);
        else if (isRange) select(path, start ?? path, rangeOf(order, start, path));
        else if (isMore) select(path, path, toggled(selected, path));
        else one(spot);
      },
      selectList() {
        const list = spotOf(order, key)?.list ?? "steps";
        const paths = order.spots.flatMap((spot) => (spot.list === list && spot.card?.path != null ? [spot.card.path] : []));
        const end = paths.at(-1);
        if (end !== undefined) select(end, paths[0] ?? null, paths);
      },
    };
  }, [order, key, start, selected, select]);
}

function toggled(selected: readonly string[], path: string): readonly string[] {
  return selected.includes(path) ? selected.filter((other) => other !== path) : [...selected, path];
}

/** The next step in the list where a range began. */
function inList(order: Order, start: string, spot: Spot, to: Direction): string | null {
  const list = spotOf(order, start)?.list;
  const by = to === "up" || to === "left" || to === "home" ? -1 : 1;
  for (let index = order.byKey.get(spot.key) ?? -1; index >= 0 && index < order.spots.length; index += by) {
    const other = order.spots[index];
    if (other?.list === list && other?.card) return other.key;
  }
  return null;
}
