// What stays where it is on the screen when the picture becomes another.
import type { Card, Picture } from "../api/types";
import { isFrame } from "./picture-nodes";
import type { Rectangle } from "./wire-path";

interface Pair {
  readonly before: Card;
  readonly after: Card;
  /** Whether it stands before what has changed. */
  readonly isLead: boolean;
}

function signature(card: Card): string {
  return `${card.kind} ${card.form} ${card.id ?? ""} ${card.title} ${card.subtitle ?? ""}`;
}

/** The boxes of two pictures that are the same, where one stretch of boxes has changed. */
function pairs(before: Picture, after: Picture): Pair[] {
  // Frames stand before what is in them, out of order; and they are around what changes.
  const olds = before.cards.filter((card) => !isFrame(card.form));
  const news = after.cards.filter((card) => !isFrame(card.form));
  const old = olds.map(signature);
  const now = news.map(signature);
  const least = Math.min(old.length, now.length);
  let lead = 0;
  while (lead < least && old[lead] === now[lead]) lead += 1;
  let tail = 0;
  while (tail < least - lead && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail += 1;
  const found: Pair[] = [];
  const add = (from: number, to: number, isLead: boolean): void => {
    const [a, b] = [olds[from], news[to]];
    if (a && b) found.push({ before: a, after: b, isLead });
  };
  for (let index = 0; index < lead; index += 1) add(index, index, true);
  for (let index = tail; index > 0; index -= 1) add(old.length - index, now.length - index, false);
  return found;
}

/** How far the picture's origin has to move against the screen so that what is looked at stays where it is. */
export function anchorShift(
  before: Picture,
  after: Picture,
  focus: string | null,
  seen: Rectangle,
): { readonly dx: number; readonly dy: number } {
  const all = pairs(before, after);
  const visible = all.filter(({ before: card }) => isSeen(card, seen));
  const middle = { x: seen.x + seen.width / 2, y: seen.y + seen.height / 2 };
  const nearest = (from: readonly Pair[]): Pair | undefined =>
    from.toSorted((a, b) => far(a.before, middle) - far(b.before, middle))[0];
  const leading = visible.filter((pair) => pair.isLead);
  const kept =
    visible.find((pair) => pair.before.key === focus) ?? nearest(leading) ?? nearest(visible) ?? nearest(all);
  if (!kept) return { dx: 0, dy: 0 };
  const dx = kept.after.x + kept.after.width / 2 - (kept.before.x + kept.before.width / 2);
  return { dx, dy: kept.after.y - kept.before.y };
}

function isSeen(card: Card, seen: Rectangle): boolean {
  return (
    card.x < seen.x + seen.width && seen.x < card.x + card.width && card.y < seen.y + seen.height && seen.y < card.y + card.height
  );
}

function far(card: Card, from: { readonly x: number; readonly y: number }): number {
  return Math.abs(card.x + card.width / 2 - from.x) + Math.abs(card.y + card.height / 2 - from.y);
}
