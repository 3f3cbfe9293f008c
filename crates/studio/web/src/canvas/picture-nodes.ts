// A picture as nodes of React Flow. What has not changed is the same object as before, so that it is not drawn again.
import type { Node } from "@xyflow/react";
import type { Card, Picture } from "../api/types";

/** A box without its place in the text, which other edits move. */
export type CardFace = Omit<Card, "from" | "to" | "x" | "y">;

export interface CardData extends Record<string, unknown> {
  readonly card: CardFace;
}

export type CardNode = Node<CardData, "card">;

export function isFrame(form: Card["form"]): boolean {
  return form === "frame" || form === "error_frame";
}

interface Drawn {
  readonly face: string;
  readonly node: CardNode;
}

/** Keeps what it made for the picture before. */
export class PictureNodes {
  #picture: Picture | null = null;
  #drawn = new Map<string, Drawn>();
  #nodes: CardNode[] = [];

  of(picture: Picture): CardNode[] {
    if (picture === this.#picture) return this.#nodes;
    const drawn = new Map<string, Drawn>();
    let isSame = picture.cards.length === this.#nodes.length;
    const nodes = picture.cards.map((card, index) => {
      const one = drawnOf(card, this.#drawn.get(card.key));
      drawn.set(card.key, one);
      isSame &&= one.node === this.#nodes[index];
      return one.node;
    });
    this.#picture = picture;
    this.#drawn = drawn;
    if (!isSame) this.#nodes = nodes;
    return this.#nodes;
  }
}

function drawnOf(card: Card, before: Drawn | undefined): Drawn {
  const { from: _from, to: _to, x, y, ...rest } = card;
  const face = JSON.stringify(rest);
  if (before && before.face === face) {
    const { position } = before.node;
    if (position.x === x && position.y === y) return before;
    return { face, node: { ...before.node, position: { x, y } } };
  }
  const node: CardNode = {
    id: card.key,
    type: "card",
    data: { card: rest },
    position: { x, y },
    width: card.width,
    height: card.height,
    measured: { width: card.width, height: card.height },
    // Known to have none: React Flow would draw all boxes once to look for them.
    handles: [],
    // Frames lie under the wires, boxes above.
    zIndex: isFrame(card.form) ? 0 : 2,
    // Our own element carries role and name.
    domAttributes: { "aria-roledescription": undefined, tabIndex: undefined } as NonNullable<CardNode["domAttributes"]>,
  };
  return { face, node };
}
