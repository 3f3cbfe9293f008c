// A picture as the keyboard goes through it: steps in the order of reading, each with the ways that leave it.
import type { Card, Picture, Slot, SlotPlace } from "../api/types";
import { isInside, placeOf, slotKey } from "./slot";

/** Where the keyboard can stand: a box, or the slot of a way that has no steps yet. */
export interface Spot {
  /** The box's key; `+` and the list of an empty way. */
  readonly key: string;
  readonly card: Card | null;
  readonly slot: SlotPlace | null;
  /** The list that it stands in; null for the boxes of the flow itself. */
  readonly list: string | null;
  /** The key of the step that the list belongs to. */
  readonly parent: string | null;
  /** The lists that leave it, from left to right. */
  readonly arms: readonly string[];
}

export interface Order {
  readonly spots: readonly Spot[];
  /** In the order of reading, those that are drawn. */
  readonly slots: readonly SlotPlace[];
  readonly byKey: ReadonlyMap<string, number>;
}

export type Direction = "up" | "down" | "left" | "right" | "home" | "end";

interface List {
  readonly cards: Card[];
  readonly slots: Map<number, SlotPlace>;
}

export function orderOf(picture: Picture): Order {
  const steps = new Map<string, Card>();
  for (const card of picture.cards) if (card.path !== null && card.key === card.path) steps.set(card.path, card);
  const lists = listsOf(steps, picture.slots);
  const arms = armsOf(lists, steps);
  const spots: Spot[] = [];
  const slots: SlotPlace[] = [];

  const listOf = (name: string, parent: string | null): void => {
    const list = lists.get(name);
    if (!list) return;
    const add = (index: number): void => {
      const slot = list.slots.get(index);
      if (slot) slots.push(slot);
    };
    for (const card of list.cards) {
      add(placeOf(card.key).index);
      const own = arms.get(card.key) ?? [];
      spots.push({ key: card.key, card, slot: null, list: name, parent, arms: own });
      for (const arm of own) listOf(arm, card.key);
    }
    const last = list.cards.at(-1);
    const end = last ? placeOf(last.key).index + 1 : 0;
    add(end);
    const slot = list.slots.get(end);
    if (!last && slot) spots.push({ key: `+${name}`, card: null, slot, list: name, parent, arms: [] });
  };
  const flowBox = (key: string, list: string): void => {
    const card = picture.cards.find((card) => card.key === key);
    if (card) spots.push({ key, card, slot: null, list: null, parent: null, arms: [list] });
    listOf(list, card ? key : null);
  };
  flowBox("trigger", "steps");
  flowBox("on_error", "on_error");
  return { spots, slots, byKey: new Map(spots.map((spot, index) => [spot.key, index])) };
}

function listsOf(steps: ReadonlyMap<string, Card>, slots: readonly SlotPlace[]): Map<string, List> {
  const lists = new Map<string, List>();
  const listOf = (name: string): List => {
    const list = lists.get(name) ?? { cards: [], slots: new Map() };
    lists.set(name, list);
    return list;
  };
  for (const card of steps.values()) listOf(placeOf(card.key).list).cards.push(card);
  for (const slot of slots) listOf(slot.list).slots.set(slot.index, slot);
  for (const { cards } of lists.values()) cards.sort((a, b) => placeOf(a.key).index - placeOf(b.key).index);
  return lists;
}

/** The lists of each step, from left to right. */
function armsOf(lists: ReadonlyMap<string, List>, steps: ReadonlyMap<string, Card>): Map<string, string[]> {
  const arms = new Map<string, string[]>();
  for (const name of lists.keys()) {
    let owner = name;
    while (owner.includes("/") && !steps.has(owner)) owner = owner.slice(0, owner.lastIndexOf("/"));
    if (!steps.has(owner)) continue;
    const own = arms.get(owner) ?? [];
    own.push(name);
    arms.set(owner, own);
  }
  // Ways side by side have columns of their own; those under one another begin at one line.
  const startOf = (name: string): { readonly x: number; readonly y: number } => {
    const list = lists.get(name);
    return list?.cards[0] ?? list?.slots.get(0) ?? { x: 0, y: 0 };
  };
  for (const own of arms.values()) own.sort((a, b) => startOf(a).x - startOf(b).x || startOf(a).y - startOf(b).y);
  return arms;
}

export function spotOf(order: Order, key: string | null): Spot | undefined {
  const index = key === null ? undefined : order.byKey.get(key);
  return index === undefined ? undefined : order.spots[index];
}

/** Where a key leads from a spot. */
export function next(order: Order, key: string | null, direction: Direction): Spot | undefined {
  const { spots } = order;
  const index = key === null ? undefined : order.byKey.get(key);
  if (direction === "home") return spots[0];
  if (direction === "end") return spots.at(-1);
  if (index === undefined) return spots[0];
  const spot = spots[index];
  if (!spot) return undefined;
  switch (direction) {
    case "up":
      return spots[index - 1];
    case "down":
      return spots[index + 1];
    case "left":
      return beside(order, spot, -1) ?? spotOf(order, spot.parent);
    case "right":
      return rightOf(order, spot);
  }
}

function rightOf(order: Order, spot: Spot): Spot | undefined {
  const card = spot.card;
  const toTheSide = spot.arms
    .map((list) => firstOf(order, list))
    .find((first) => first && card && middleOf(first).x > card.x + card.width);
  return toTheSide ?? beside(order, spot, 1) ?? (spot.arms[0] === undefined ? undefined : firstOf(order, spot.arms[0]));
}

/** On the next way to a side of the step around it, or of the step around that: what stands at about this height. */
function beside(order: Order, spot: Spot, side: 1 | -1): Spot | undefined {
  for (let inner = spot; inner.list !== null; ) {
    const outer = spotOf(order, inner.parent);
    if (!outer) return undefined;
    const arm = outer.arms[outer.arms.indexOf(inner.list) + side];
    if (arm !== undefined && outer.arms.includes(inner.list)) {
      const { y } = middleOf(spot);
      const there = order.spots.filter((other) => other.list === arm);
      return there.toSorted((a, b) => Math.abs(middleOf(a).y - y) - Math.abs(middleOf(b).y - y))[0];
    }
    inner = outer;
  }
  return undefined;
}

function firstOf(order: Order, list: string): Spot | undefined {
  return order.spots.find((spot) => spot.list === list);
}

export function middleOf({ card, slot }: Spot): { readonly x: number; readonly y: number } {
  if (card) return { x: card.x + card.width / 2, y: card.y + card.height / 2 };
  return { x: slot?.x ?? 0, y: slot?.y ?? 0 };
}

/** The steps from one to another in their list; the other one alone where they stand in two. */
export function rangeOf(order: Order, from: string | null, to: string): readonly string[] {
  const start = from === null ? undefined : spotOf(order, from);
  const end = spotOf(order, to);
  if (!start?.card || !end?.card || start.list === null || start.list !== end.list) return [to];
  const [low, high] = [placeOf(start.key).index, placeOf(end.key).index].toSorted((a, b) => a - b);
  const between = order.spots.filter((spot) => {
    if (spot.list !== end.list || !spot.card) return false;
    const { index } = placeOf(spot.key);
    return index >= (low ?? 0) && index <= (high ?? 0);
  });
  return between.map((spot) => spot.key);
}

/** The box that stands for a step: its own, or that of the step that hides it. */
export function visible(order: Order, path: string): string | null {
  for (let at = path; at.includes("/"); at = at.slice(0, at.lastIndexOf("/"))) if (order.byKey.has(at)) return at;
  return null;
}

/** The next slot up or down where moved steps would stand elsewhere. */
export function moveTarget(order: Order, moved: readonly string[], by: 1 | -1): Slot | undefined {
  const sorted = sortedPaths(order, moved);
  const edge = by === 1 ? sorted.at(-1) : sorted[0];
  if (edge === undefined) return undefined;
  const { list, index } = placeOf(edge);
  const from = slotKey({ list, index: by === 1 ? index + 1 : index });
  const at = order.slots.findIndex((slot) => slotKey(slot) === from);
  const candidates = by === 1 ? order.slots.slice(at + 1) : order.slots.slice(0, Math.max(at, 0)).reverse();
  // A step that ends the run has no slot after it.
  if (at === -1) return undefined;
  const isFree = (slot: SlotPlace): boolean =>
    !moved.some((path) => isInside(slot.list, path)) && !sorted.some((path) => isAt(slot, path));
  const found = candidates.find(isFree);
  return found && { list: found.list, index: found.index };
}

function isAt(slot: Slot, path: string): boolean {
  const { list, index } = placeOf(path);
  return slot.list === list && (slot.index === index || slot.index === index + 1);
}

/** Paths in the order of reading. */
export function sortedPaths(order: Order, paths: readonly string[]): readonly string[] {
  return paths.toSorted((a, b) => (order.byKey.get(a) ?? 0) - (order.byKey.get(b) ?? 0));
}
