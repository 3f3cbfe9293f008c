// Places for steps, and the paths that name steps and lists.
import type { Slot } from "../api/types";

export interface StepPlace {
  readonly list: string;
  readonly index: number;
}

/** The list that a step stands in, and where: `steps/3/then/0`. */
export function placeOf(path: string): StepPlace {
  const cut = path.lastIndexOf("/");
  return { list: path.slice(0, cut), index: Number(path.slice(cut + 1)) };
}

export function slotBefore(path: string): Slot {
  return placeOf(path);
}

export function slotAfter(path: string): Slot {
  const { list, index } = placeOf(path);
  return { list, index: index + 1 };
}

export function isSameSlot(a: Slot, b: Slot): boolean {
  return a.list === b.list && a.index === b.index;
}

export function slotKey({ list, index }: Slot): string {
  return `${list} ${index}`;
}

/** Whether a step or list lies inside a step. */
export function isInside(path: string, step: string): boolean {
  return path.startsWith(`${step}/`);
}

/** Without those that go where another one of them goes. */
export function outermost(paths: readonly string[]): readonly string[] {
  return paths.filter((path) => !paths.some((other) => other !== path && isInside(path, other)));
}

/** Whether they are neighbours in one list, in any order. */
export function areNeighbours(paths: readonly string[]): boolean {
  if (paths.length === 0) return false;
  const places = paths.map(placeOf);
  const indices = places.map(({ index }) => index);
  const isOneList = places.every(({ list }) => list === places[0]?.list);
  return isOneList && Math.max(...indices) - Math.min(...indices) === paths.length - 1;
}

/** A slot where moved steps would stand as they stand now, or within themselves. */
export function isIdle(slot: Slot, moved: readonly string[]): boolean {
  if (moved.some((path) => isInside(slot.list, path))) return true;
  if (!areNeighbours(moved)) return false;
  const indices = moved.map((path) => placeOf(path).index);
  const isThere = placeOf(moved[0] ?? "").list === slot.list;
  return isThere && slot.index >= Math.min(...indices) && slot.index <= Math.max(...indices) + 1;
}

/** A key of the author's as one segment of a path: `/`, `#`, `@` and `%` mean something else there. */
export function segment(key: string): string {
  return key.replace(/[%/#@]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
