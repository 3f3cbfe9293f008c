// Does what a key or a menu of the canvas asks for.
import type { Slot } from "../api/types";
import type { DocumentStore } from "../document/store";
import type { Board } from "./board";
import type { Scene } from "./canvas-view";
import type { Commands } from "./commands";
import type { KeyCommand } from "./keys";
import type { Spot } from "./order";

interface Asked {
  readonly command: KeyCommand;
  readonly spot: Spot | undefined;
  readonly scene: Scene | null;
  readonly store: DocumentStore;
  readonly board: Board;
  readonly commands: Commands;
  readonly isEditing: boolean;
}

export function runCommand({ command, spot, store, board, commands, isEditing }: Asked): void {
  switch (command.kind) {
    case "search":
      return board.search(true);
    case "help":
      return board.open({ kind: "help" });
    case "collapse":
      if (spot?.card?.can_collapse) commands.toggle(spot.card.key);
      return;
    case "open":
      if (spot?.slot && isEditing) return openAdd(board, slotOf(spot, commands, true));
      return focusPanel(store.snapshot().selected);
    case "menu":
      return board.open({ kind: "menu", place: placeOf(board, spot) });
    default:
      if (!isEditing) return;
  }
  switch (command.kind) {
    case "add_after":
      return openAdd(board, slotOf(spot, commands, true));
    case "add_before":
      return openAdd(board, slotOf(spot, commands, false));
    case "move_up":
      return void commands.move(-1);
    case "move_down":
      return void commands.move(1);
    case "duplicate":
      return void commands.duplicate();
    case "delete":
      return void commands.delete();
    case "wrap":
      if (commands.canWrap()) board.open({ kind: "wrap", place: placeOf(board, spot) });
      else if (commands.paths().length > 0) store.setNotice("Steps can be wrapped that stand one after another.");
      return;
    case "unwrap":
      return void commands.unwrap();
    default:
  }
}

/** The slot that a step added at a spot goes to. */
function slotOf(spot: Spot | undefined, commands: Commands, isAfter: boolean): Slot {
  if (spot?.slot) return { list: spot.slot.list, index: spot.slot.index };
  if (spot?.key === "trigger") return { list: "steps", index: 0 };
  if (spot?.key === "on_error") return { list: "on_error", index: 0 };
  return isAfter ? commands.slotAfterSelected() : commands.slotBeforeSelected();
}

function openAdd(board: Board, at: Slot): void {
  board.open({ kind: "add", at, place: board.canvas?.placeOf(at) ?? { x: innerWidth / 2, y: innerHeight / 3 } });
}

function placeOf(board: Board, spot: Spot | undefined): { x: number; y: number } {
  return board.canvas?.placeOfCard(spot?.key ?? "") ?? { x: innerWidth / 2, y: innerHeight / 3 };
}

/** How long the form of a step that was just selected is waited for, in milliseconds. */
const PATIENCE = 3000;

/** Goes to the first field of the form, once it is the form of what is selected; unless one goes elsewhere meanwhile. */
function focusPanel(selected: readonly string[]): void {
  const fields = "input:not([type=hidden]):not(:disabled), select:not(:disabled), textarea:not(:disabled), [contenteditable=true]";
  const [from, end] = [document.activeElement, performance.now() + PATIENCE];
  const look = (): void => {
    if (document.activeElement !== from) return;
    const panel = document.querySelector<HTMLElement>("[data-step-panel]");
    const form = selected.length > 1 ? panel : panel?.querySelector<HTMLElement>(`form[data-step="${CSS.escape(selected[0] ?? "")}"]`);
    if (form) (form.querySelector<HTMLElement>(fields) ?? form.querySelector<HTMLElement>("button:not(:disabled)"))?.focus();
    else if (panel && performance.now() < end) requestAnimationFrame(look);
  };
  look();
}
