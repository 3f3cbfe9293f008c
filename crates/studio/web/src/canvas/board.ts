// What goes on at a document's canvas and is no part of the text: what is dragged, which menu is open. The canvas and the
// palette beside it share it.
import { useSyncExternalStore } from "react";
import type { NewStep, Slot, SlotPlace } from "../api/types";
import type { DocumentStore } from "../document/store";
import type { IconName } from "../ui/icon";
import { Commands } from "./commands";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export type Load =
  | { readonly kind: "steps"; readonly paths: readonly string[] }
  | { readonly kind: "new"; readonly step: NewStep };

export interface Drag {
  readonly load: Load;
  readonly label: string;
  readonly icon: IconName;
  /** Of the pointer, in the window. */
  readonly at: Point;
  readonly isCopy: boolean;
  readonly target: Slot | null;
}

/** Places are of the window. */
export type Popup =
  | { readonly kind: "add"; readonly at: Slot; readonly place: Point }
  | { readonly kind: "menu"; readonly place: Point }
  | { readonly kind: "wrap"; readonly place: Point }
  | { readonly kind: "name"; readonly arm: "case" | "branch"; readonly step: string }
  | { readonly kind: "error"; readonly step: string }
  | { readonly kind: "help" };

export interface BoardSnapshot {
  readonly drag: Drag | null;
  readonly popup: Popup | null;
  readonly isSearching: boolean;
  /** What the search has found. */
  readonly matches: ReadonlySet<string>;
}

/** What a mounted canvas can tell. */
export interface CanvasHandle {
  /** The slot that is meant at a point of the window. */
  readonly slotAt: (at: Point, isFree: (slot: SlotPlace) => boolean) => SlotPlace | null;
  /** Where a slot is seen in the window. */
  readonly placeOf: (slot: Slot) => Point;
  /** Where a box is seen: below its beginning. */
  readonly placeOfCard: (key: string) => Point;
  readonly focus: () => void;
  readonly reveal: (path: string, isCentred: boolean) => void;
}

const NO_MATCHES: ReadonlySet<string> = new Set();

export class Board {
  readonly commands: Commands;
  canvas: CanvasHandle | null = null;
  #snapshot: BoardSnapshot = { drag: null, popup: null, isSearching: false, matches: NO_MATCHES };
  readonly #listeners = new Set<() => void>();

  constructor(store: DocumentStore) {
    this.commands = new Commands(store);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): BoardSnapshot => this.#snapshot;

  setDrag(drag: Drag | null): void {
    this.#set({ ...this.#snapshot, drag });
  }

  open(popup: Popup): void {
    this.#set({ ...this.#snapshot, popup, isSearching: false, matches: NO_MATCHES });
  }

  /** Closes what is open; the canvas has the keyboard again. */
  close(): void {
    if (this.#snapshot.popup === null) return;
    this.#set({ ...this.#snapshot, popup: null });
    this.#giveBack();
  }

  search(isSearching: boolean): void {
    this.#set({ ...this.#snapshot, isSearching, popup: null, matches: NO_MATCHES });
    if (!isSearching) this.#giveBack();
  }

  setMatches(matches: ReadonlySet<string>): void {
    this.#set({ ...this.#snapshot, matches });
  }

  /** Once what was open is gone: a modal dialog keeps the focus. */
  #giveBack(): void {
    queueMicrotask(() => {
      if (this.#snapshot.popup === null) this.canvas?.focus();
    });
  }

  #set(snapshot: BoardSnapshot): void {
    this.#snapshot = snapshot;
    for (const listener of this.#listeners) listener();
  }
}

const boards = new WeakMap<DocumentStore, Board>();

export function boardOf(store: DocumentStore): Board {
  const board = boards.get(store) ?? new Board(store);
  boards.set(store, board);
  return board;
}

export function useBoard(board: Board): BoardSnapshot {
  return useSyncExternalStore(board.subscribe, board.snapshot);
}
