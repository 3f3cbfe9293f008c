// Whatever menu or dialog of the canvas is open.
import type { RefObject } from "react";
import type { DocumentStore } from "../document/store";
import { AddMenu } from "./add-menu";
import { ArmDialog } from "./arm-dialog";
import { type Board, useBoard } from "./board";
import type { Scene } from "./canvas-view";
import type { Commands } from "./commands";
import { ErrorDialog } from "./error-dialog";
import { HelpDialog } from "./help-dialog";
import { Menu } from "./menu";
import { stepMenu, wrapMenu } from "./step-menu";

interface CanvasPopupProps {
  readonly store: DocumentStore;
  readonly board: Board;
  readonly commands: Commands;
  readonly scene: RefObject<Scene | null> | null;
  readonly isEditing: boolean;
}

export function CanvasPopup({ store, board, commands, scene, isEditing }: CanvasPopupProps) {
  const { popup } = useBoard(board);
  switch (popup?.kind) {
    case undefined:
      return null;
    case "add":
      return (
        <AddMenu
          key={`${popup.at.list} ${popup.at.index}`}
          place={popup.place}
          onClose={() => board.close()}
          onPick={(step) => {
            board.close();
            void commands.insert(popup.at, step).then(() => keepFocus(board));
          }}
        />
      );
    case "menu":
      return (
        <Menu
          label="Step"
          place={popup.place}
          items={stepMenu({ store, board, commands, scene: scene?.current ?? null, place: popup.place, isEditing })}
          onClose={() => board.close()}
        />
      );
    case "wrap":
      return <Menu label="Wrap in" place={popup.place} items={wrapMenu(commands)} onClose={() => board.close()} />;
    case "name":
      return <ArmDialog arm={popup.arm} step={popup.step} board={board} />;
    case "error":
      return <ErrorDialog step={popup.step} store={store} board={board} commands={commands} />;
    case "help":
      return <HelpDialog isEditing={isEditing} onClose={() => board.close()} />;
  }
}

/** The first step makes a canvas of what was empty: it takes over the keyboard. */
function keepFocus(board: Board): void {
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) board.canvas?.focus();
  });
}
