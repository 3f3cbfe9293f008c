import { describe, expect, it } from "vitest";
import { headPath, wirePath } from "./wire-path";

describe("the path of a wire", () => {
  it("has round corners", () => {
    expect(wirePath([[0, 0], [0, 20], [40, 20], [40, 60]], [])).toBe("M0 0L0 11Q0 20 9 20L31 20Q40 20 40 29L40 60");
  });

  it("is lifted under a label", () => {
    expect(wirePath([[0, 0], [0, 100]], [{ x: -20, y: 40, width: 40, height: 18 }])).toBe("M0 0L0 40M0 58L0 100");
    expect(wirePath([[0, 100], [0, 0]], [{ x: -20, y: 40, width: 40, height: 18 }])).toBe("M0 100L0 58M0 40L0 0");
  });

  it("ends under the head that it has", () => {
    expect(wirePath([[0, 0], [0, 100]], [], 4)).toBe("M0 0L0 96");
    expect(headPath([[0, 0], [0, 100]])).toBe("M0 100L4 92L0 94L-4 92Z");
  });
});
