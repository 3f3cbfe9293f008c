import { describe, expect, it } from "vitest";
import type { Picture } from "../api/types";
import { PictureNodes } from "./picture-nodes";
import { again, allVerbs } from "./testing/pictures";

function changed(change: (picture: Picture) => void): Picture {
  const picture = again(allVerbs);
  change(picture);
  return picture;
}

describe("nodes of a picture", () => {
  it("are the same objects for the same picture, told again", () => {
    const nodes = new PictureNodes();
    const first = nodes.of(allVerbs);
    expect(nodes.of(again(allVerbs))).toBe(first);
  });

  it("do not depend on where a step stands in the text", () => {
    const nodes = new PictureNodes();
    const first = nodes.of(allVerbs);
    const moved = changed(({ cards }) => {
      for (const card of cards) {
        card.from += 7;
        card.to += 7;
      }
    });
    expect(nodes.of(moved)).toBe(first);
  });

  it("keep what is drawn in a box that has but moved", () => {
    const nodes = new PictureNodes();
    const first = nodes.of(allVerbs);
    const moved = changed(({ cards }) => {
      const card = cards[4];
      if (card) card.y += 40;
    });
    const second = nodes.of(moved);
    expect(second[4]).not.toBe(first[4]);
    expect(second[4]?.data).toBe(first[4]?.data);
    expect(second[4]?.position.y).toBe((first[4]?.position.y ?? 0) + 40);
    expect(second.filter((node, index) => node !== first[index])).toHaveLength(1);
  });

  it("are made anew where the words are others", () => {
    const nodes = new PictureNodes();
    const first = nodes.of(allVerbs);
    const renamed = changed(({ cards }) => {
      const card = cards[4];
      if (card) card.title = "another";
    });
    expect(nodes.of(renamed)[4]?.data).not.toBe(first[4]?.data);
  });

  it("lay frames under wires", () => {
    const nodes = new PictureNodes().of(allVerbs);
    const frames = nodes.filter((node) => node.data.card.form.endsWith("frame"));
    expect(frames.map((node) => node.zIndex)).toEqual([0, 0]);
    expect(nodes.length - frames.length).toBe(nodes.filter((node) => node.zIndex === 2).length);
  });
});
