import { describe, expect, it } from "vitest";
import { areNeighbours, isIdle, outermost, segment, slotAfter, slotBefore } from "./slot";

describe("slots", () => {
  it("stand before and after a step", () => {
    expect(slotBefore("steps/3/then/0")).toEqual({ list: "steps/3/then", index: 0 });
    expect(slotAfter("steps/4/cases/a%2Fb/2")).toEqual({ list: "steps/4/cases/a%2Fb", index: 3 });
  });

  it("are idle where moved steps stand as they are, or inside of them", () => {
    const moved = ["steps/2", "steps/3"];
    const idle = [0, 1, 2, 3, 4, 5].filter((index) => isIdle({ list: "steps", index }, moved));
    expect(idle).toEqual([2, 3, 4]);
    expect(isIdle({ list: "steps/2/then", index: 0 }, moved)).toBe(true);
    expect(isIdle({ list: "steps/20/then", index: 0 }, moved)).toBe(false);
    // Steps that do not stand together can come together.
    expect(isIdle({ list: "steps", index: 2 }, ["steps/2", "steps/5"])).toBe(false);
  });

  it("write a key of the author's as one segment", () => {
    expect(segment("a/b #1 @50%")).toBe("a%2Fb %231 %4050%25");
  });
});

describe("steps together", () => {
  it("leave out what is inside of others", () => {
    expect(outermost(["steps/1", "steps/1/then/0", "steps/10"])).toEqual(["steps/1", "steps/10"]);
  });

  it("are neighbours in one list", () => {
    expect(areNeighbours(["steps/2", "steps/1"])).toBe(true);
    expect(areNeighbours(["steps/1", "steps/3"])).toBe(false);
    expect(areNeighbours(["steps/1", "steps/1/then/0"])).toBe(false);
    expect(areNeighbours([])).toBe(false);
  });
});
