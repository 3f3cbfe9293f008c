// What a run or a report says of each box and wire of a picture: also of those that stand for no step.
import type { Picture } from "../api/types";
import { type Paint, type PaintedStep, wayKey } from "../document/paint";

export interface Painted {
  readonly cards: ReadonlyMap<string, PaintedStep>;
  /** In the order of the picture's wires. */
  readonly wires: readonly (boolean | undefined)[];
  /** By box and way, for labels. */
  readonly ways: ReadonlyMap<string, boolean>;
}

export function paintedOf(picture: Picture, paint: Paint): Painted {
  const cards = new Map<string, PaintedStep>();
  const pathOf = new Map<string, string>();
  for (const card of picture.cards) {
    const path = card.path ?? (card.kind === "trigger" || card.kind === "on_error" ? card.key : "");
    pathOf.set(card.key, path);
    const step = paint.steps.get(path);
    // The decision of an `if` beside another verb was taken where it led somewhere, whatever became of the step.
    const hasLed = card.key.endsWith("?") && ["then", "else"].some((way) => paint.ways.get(wayKey(path, way)) === true);
    if (hasLed) cards.set(card.key, { state: "taken" });
    else if (step) cards.set(card.key, step);
  }
  const isBegun = [...paint.steps.values()].some(({ state }) => state !== "missed");
  if (isBegun && !cards.has("trigger")) cards.set("trigger", { state: "taken" });
  const wires = picture.wires.map(({ from, way }) => paint.ways.get(wayKey(pathOf.get(from) ?? "", way)));
  while (goesOn(picture, pathOf, cards, wires));
  const ways = new Map<string, boolean>();
  picture.wires.forEach(({ from, way }, index) => {
    const isTaken = wires[index];
    if (isTaken !== undefined && ways.get(wayKey(from, way)) !== true) ways.set(wayKey(from, way), isTaken);
  });
  return { cards, wires, ways };
}

/** Ends of parallels and of the flow stand for no step: what leads to them tells, and they tell of what leads on. */
function goesOn(
  picture: Picture,
  pathOf: ReadonlyMap<string, string>,
  cards: Map<string, PaintedStep>,
  wires: (boolean | undefined)[],
): boolean {
  let isNew = false;
  const into = new Map<string, (boolean | undefined)[]>();
  picture.wires.forEach(({ from, to }, index) => {
    const start = cards.get(from);
    if (wires[index] === undefined && start) {
      const end = cards.get(to);
      wires[index] = start.state !== "missed" && start.state !== "failed" && (!end || end.state !== "missed");
      isNew = true;
    }
    const those = into.get(to) ?? [];
    those.push(wires[index]);
    into.set(to, those);
  });
  for (const [key, ways] of into) {
    if (pathOf.get(key) !== "" || cards.has(key) || ways.some((way) => way === undefined)) continue;
    cards.set(key, { state: ways.includes(true) ? "taken" : "missed" });
    isNew = true;
  }
  return isNew;
}
