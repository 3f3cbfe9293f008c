import { describe, expect, it } from "vitest";
import { firstLook, fitted, MIN_ZOOM, revealing, seenOf } from "./viewport";

const VIEW = { width: 1000, height: 700 };

describe("the look at a picture", () => {
  it("has all of a small one, in the middle and as large as life", () => {
    const look = fitted({ width: 400, height: 300 }, VIEW);
    expect(look.zoom).toBe(1);
    expect(look.x).toBe(300);
  });

  it("is larger on a very large screen", () => {
    expect(fitted({ width: 400, height: 300 }, { width: 3840, height: 2160 }).zoom).toBe(1.6);
  });

  it("begins where one can read, at the beginning", () => {
    const look = firstLook({ width: 600, height: 90_000 }, VIEW, 300);
    expect(look.zoom).toBe(1);
    expect(look.y).toBeGreaterThan(0);
    expect(look.x + 300 * look.zoom).toBe(500);
  });

  it("of a very long one is of the stretch that was seen", () => {
    const look = fitted({ width: 600, height: 90_000 }, VIEW, 45_000);
    expect(look.zoom).toBe(MIN_ZOOM);
    const seen = seenOf(look, VIEW);
    expect(seen.y + seen.height / 2).toBeCloseTo(45_000);
  });

  it("stays where it is for what is seen, and else moves no farther than it has to", () => {
    const look = { x: 0, y: 0, zoom: 1 };
    expect(revealing(look, VIEW, { x: 300, y: 200, width: 200, height: 60 })).toBe(look);
    expect(revealing(look, VIEW, { x: 300, y: 900, width: 200, height: 60 })).toEqual({ x: 0, y: 700 - 56 - 960, zoom: 1 });
    expect(revealing(look, VIEW, { x: -100, y: 200, width: 200, height: 60 })).toEqual({ x: 156, y: 0, zoom: 1 });
  });
});
