// What the menu of a step, of several, or of the flow offers.
import type { Slot } from "../api/types";
import type { DocumentStore } from "../document/store";
import type { Board, Point } from "./board";
import type { Scene } from "./canvas-view";
import type { Commands, Wrapper } from "./commands";
import type { MenuItem } from "./menu";

interface Around {
  readonly store: DocumentStore;
  readonly board: Board;
  readonly commands: Commands;
  readonly scene: Scene | null;
  readonly place: Point;
  readonly isEditing: boolean;
}

export const WRAPPERS: readonly Wrapper[] = ["if", "switch", "parallel", "for_each"];

export function wrapMenu(commands: Commands): readonly (readonly MenuItem[])[] {
  return [WRAPPERS.map((wrapper): MenuItem => ({ label: wrapper, icon: wrapper, run: () => void commands.wrap(wrapper) }))];
}

export function stepMenu(around: Around): readonly (readonly MenuItem[])[] {
  const steps = around.commands.selected();
  return steps.length === 0 ? flowMenu(around) : [...ofSteps(around), ofBox(around)];
}

function opens(around: Around, at: Slot): () => void {
  return () => around.board.open({ kind: "add", at, place: around.place });
}

function ofSteps(around: Around): readonly (readonly MenuItem[])[] {
  const { board, commands, scene, place, isEditing } = around;
  const copy: MenuItem = { label: "Copy", icon: "copy", keys: "Ctrl C", run: () => void commands.copy() };
  if (!isEditing) return [[copy]];
  const order = scene?.order;
  return [
    [
      { label: "Add a step after …", icon: "plus", keys: "A", opens: true, run: opens(around, commands.slotAfterSelected()) },
      { label: "Add a step before …", icon: "plus", keys: "Shift A", opens: true, run: opens(around, commands.slotBeforeSelected()) },
      ...armItems(around),
    ],
    [
      {
        label: "Wrap in …",
        icon: "wrap",
        keys: "W",
        opens: true,
        isOff: !commands.canWrap(),
        run: () => board.open({ kind: "wrap", place }),
      },
      { label: "Unwrap", icon: "unwrap", keys: "U", isOff: !commands.canUnwrap(), run: () => void commands.unwrap() },
      { label: "Move up", icon: "up", keys: "Alt ↑", isOff: !order || !commands.canMove(order, -1), run: () => void commands.move(-1) },
      { label: "Move down", icon: "down", keys: "Alt ↓", isOff: !order || !commands.canMove(order, 1), run: () => void commands.move(1) },
    ],
    [
      copy,
      { label: "Cut", icon: "cut", keys: "Ctrl X", run: () => void commands.cut() },
      { label: "Paste after", icon: "paste", keys: "Ctrl V", run: () => void commands.paste() },
      { label: "Duplicate", icon: "duplicate", keys: "Ctrl D", run: () => void commands.duplicate() },
      { label: "Delete", icon: "delete", keys: "Del", isDanger: true, run: () => void commands.delete() },
    ],
  ];
}

/** Further ways out of a single step. */
function armItems({ board, commands }: Around): readonly MenuItem[] {
  const [step, ...more] = commands.selected();
  if (!step || more.length > 0) return [];
  const items: MenuItem[] = [];
  const name = (arm: "case" | "branch") => () => board.open({ kind: "name", arm, step: step.path });
  if (step.kind === "switch") items.push({ label: "Add a case …", icon: "switch", opens: true, run: name("case") });
  if (step.kind === "parallel") items.push({ label: "Add a branch …", icon: "parallel", opens: true, run: name("branch") });
  if (["action", "if", "switch", "parallel", "for_each", "call"].includes(step.kind)) {
    const run = (): void => board.open({ kind: "error", step: step.path });
    items.push({ label: "Handle an error …", icon: "on_error", opens: true, run });
  }
  return items;
}

/** What is inside, where there is something. */
function ofBox({ commands, scene }: Around): readonly MenuItem[] {
  const path = commands.paths()[0];
  const card = scene?.order.spots.find((spot) => spot.key === path)?.card;
  if (!card?.can_collapse) return [];
  const label = card.hides > 0 ? "Show what is inside" : "Hide what is inside";
  return [{ label, icon: "chevron", keys: "C", run: () => commands.toggle(card.key) }];
}

function flowMenu(around: Around): readonly (readonly MenuItem[])[] {
  const { board, commands, scene, isEditing, store } = around;
  const cards = scene?.order.spots.flatMap((spot) => spot.card ?? []) ?? [];
  const closable = cards.filter((card) => card.can_collapse).map((card) => card.key);
  const hasHandler = cards.some((card) => card.key === "on_error");
  const edits: MenuItem[] = [
    { label: "Add a step at the end …", icon: "plus", opens: true, run: opens(around, commands.slotAtEnd()) },
    { label: "Paste at the end", icon: "paste", run: () => void commands.paste(null, commands.slotAtEnd()) },
  ];
  if (!hasHandler) {
    edits.push({
      label: "Handle errors of the flow …",
      icon: "on_error",
      opens: true,
      run: opens(around, { list: "on_error", index: 0 }),
    });
  }
  return [
    isEditing ? edits : [],
    [
      { label: "Find a step …", icon: "search", keys: "/", opens: true, run: () => board.search(true) },
      { label: "All of it", icon: "fit", keys: "F", run: () => scene?.viewing.fit() },
      {
        label: "Hide all insides",
        icon: "chevron",
        isOff: closable.length === 0,
        run: () => commands.setAllCollapsed(closable),
      },
      {
        label: "Show all insides",
        icon: "chevron",
        isOff: store.snapshot().collapsed.size === 0,
        run: () => commands.setAllCollapsed([]),
      },
    ],
  ];
}
