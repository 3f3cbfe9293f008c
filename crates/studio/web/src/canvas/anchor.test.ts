import { describe, expect, it } from "vitest";
import type { Picture } from "../api/types";
import { anchorShift } from "./anchor";
import { again, allVerbs } from "./testing/pictures";

const SEEN = { x: 0, y: 0, width: 1400, height: 700 };

/** As after an edit that made the flow wider, and put a step in before the switch. */
function grown(): Picture {
  const picture = again(allVerbs);
  const at = picture.cards.findIndex((card) => card.key === "steps/1");
  const fresh = structuredClone(picture.cards[at]);
  for (const [index, card] of picture.cards.entries()) {
    card.x += 60;
    if (index >= at) card.y += 90;
  }
  if (fresh) picture.cards.splice(at, 0, { ...fresh, title: "new", subtitle: null, x: fresh.x + 60 });
  return picture;
}

describe("what stays where it is", () => {
  it("is what stands before the change", () => {
    expect(anchorShift(allVerbs, grown(), null, SEEN)).toEqual({ dx: 60, dy: 0 });
  });

  it("is what is selected, where that is seen", () => {
    expect(anchorShift(allVerbs, grown(), "steps/1/default/0", SEEN)).toEqual({ dx: 60, dy: 90 });
    expect(anchorShift(allVerbs, grown(), "steps/3/on_error/0", SEEN)).toEqual({ dx: 60, dy: 0 });
  });

  it("is what is seen, where only what stands behind is", () => {
    expect(anchorShift(allVerbs, grown(), null, { ...SEEN, y: 1000 })).toEqual({ dx: 60, dy: 90 });
  });

  it("is everything, where nothing has changed", () => {
    expect(anchorShift(allVerbs, again(allVerbs), null, SEEN)).toEqual({ dx: 0, dy: 0 });
  });
});
