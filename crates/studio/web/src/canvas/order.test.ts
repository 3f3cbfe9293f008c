import { describe, expect, it } from "vitest";
import { type Direction, moveTarget, next, orderOf, rangeOf, visible } from "./order";
import { allVerbs } from "./testing/pictures";

const order = orderOf(allVerbs);

function walk(from: string | null, ...ways: Direction[]): string | undefined {
  let key = from;
  for (const way of ways) key = next(order, key, way)?.key ?? key;
  return key ?? undefined;
}

describe("the order of reading", () => {
  it("is that of the text, with ways that have no steps", () => {
    expect(order.spots.map((spot) => spot.key)).toEqual([
      "trigger",
      "steps/0",
      "+steps/0/else",
      "steps/0/then/0",
      "steps/1",
      "steps/1/cases/de/0",
      "steps/1/cases/fr/0",
      "steps/1/default/0",
      "steps/2",
      "steps/2/parallel/mail/0",
      "steps/2/parallel/mail/0/on_error/timeout/0",
      "steps/2/parallel/mail/0/on_error/rate_limited/0",
      "steps/2/parallel/audit/0",
      "steps/3",
      "steps/3/each/#/steps/0",
      "steps/3/each/#/steps/0/then/0",
      "steps/3/each/#/steps/0/else/0",
      "steps/3/on_error/0",
      "on_error",
      "on_error/0",
    ]);
  });

  it("goes from end to end by the arrow down, and back", () => {
    const all = order.spots.map((spot) => spot.key);
    let key: string | null = null;
    const seen = all.map(() => (key = walk(key, "down") ?? null));
    expect(seen).toEqual(all);
    const back = all.slice(1).map(() => (key = walk(key, "up") ?? null));
    expect(back).toEqual(all.slice(0, -1).reverse());
  });

  it("has all slots once", () => {
    const keys = order.slots.map(({ list, index }) => `${list} ${index}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.length).toBe(allVerbs.slots.length);
  });
});

describe("the arrows to the sides", () => {
  it.each<[string, Direction, string]>([
    ["steps/1/cases/de/0", "right", "steps/1/cases/fr/0"],
    ["steps/1/cases/fr/0", "right", "steps/1/default/0"],
    ["steps/1/cases/fr/0", "left", "steps/1/cases/de/0"],
    ["steps/1/cases/de/0", "left", "steps/1"],
    // To the side stands the handler of an error, then the next branch.
    ["steps/2/parallel/mail/0", "right", "steps/2/parallel/mail/0/on_error/timeout/0"],
    ["steps/2/parallel/mail/0/on_error/rate_limited/0", "right", "steps/2/parallel/audit/0"],
    ["steps/3", "right", "steps/3/on_error/0"],
    ["steps/3/each/#/steps/0", "right", "steps/3/each/#/steps/0/else/0"],
    ["steps/0", "right", "steps/0/then/0"],
    ["+steps/0/else", "right", "steps/0/then/0"],
  ])("from %s %s to %s", (from, way, to) => {
    expect(walk(from, way)).toBe(to);
  });

  it("know the first and the last", () => {
    expect(walk("steps/2", "home")).toBe("trigger");
    expect(walk("steps/2", "end")).toBe("on_error/0");
    expect(next(order, "trigger", "up")).toBeUndefined();
  });
});

describe("a range", () => {
  it("is of one list", () => {
    expect(rangeOf(order, "steps/3", "steps/1")).toEqual(["steps/1", "steps/2", "steps/3"]);
    expect(rangeOf(order, "steps/1/cases/de/0", "steps/3")).toEqual(["steps/3"]);
    expect(rangeOf(order, null, "steps/3")).toEqual(["steps/3"]);
  });
});

describe("where a step moves", () => {
  it.each<[string, 1 | -1, string | undefined]>([
    ["steps/0", 1, "steps/1/cases/de 0"],
    ["steps/1/cases/de/0", 1, "steps/1/cases/fr 0"],
    ["steps/1/cases/de/0", -1, "steps 1"],
    ["steps/1", -1, "steps/0/then 0"],
    ["steps/1", 1, "steps/2/parallel/mail 0"],
    ["steps/0", -1, undefined],
    ["steps/3/each/#/steps/0", 1, "steps/3/on_error 0"],
  ])("%s by %d: %s", (path, by, slot) => {
    const target = moveTarget(order, [path], by);
    expect(target && `${target.list} ${target.index}`).toBe(slot);
  });
});

describe("a hidden step", () => {
  it("is shown by what hides it", () => {
    expect(visible(order, "steps/1/cases/de/0")).toBe("steps/1/cases/de/0");
    expect(visible(order, "steps/3/each/#/steps/0/then/7/then/0")).toBe("steps/3/each/#/steps/0");
    expect(visible(order, "steps/9")).toBeNull();
  });
});
