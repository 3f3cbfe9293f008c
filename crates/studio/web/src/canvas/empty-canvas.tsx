// A flow that has no picture, or no step yet: how to begin.
import { useEffect, useRef } from "react";
import { ViewportPortal } from "@xyflow/react";
import type { Picture } from "../api/types";
import type { DocumentStore } from "../document/store";
import { useDocument } from "../document/use-document";
import { Icon } from "../ui/icon";
import { type Board, useBoard } from "./board";
import { CanvasPopup } from "./canvas-popup";
import type { Commands } from "./commands";
import { DragGhost } from "./drag-ghost";
import "./canvas.css";

interface EmptyCanvasProps {
  readonly store: DocumentStore;
  readonly board: Board;
  readonly commands: Commands;
  readonly isReadOnly: boolean;
}

const FIRST = { list: "steps", index: 0 };

export function EmptyCanvas({ store, board, commands, isReadOnly }: EmptyCanvasProps) {
  const { text, document } = useDocument(store);
  const { drag } = useBoard(board);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const isBlank = text.trim() === "";
  useEffect(() => {
    // The whole of it is the slot.
    board.canvas = {
      slotAt: (at) => (isWithin(box.current, at) ? { ...FIRST, x: 0, y: 0 } : null),
      placeOf: () => below(button.current),
      placeOfCard: () => below(button.current),
      focus: () => button.current?.focus(),
      reveal: () => undefined,
    };
    return () => {
      board.canvas = null;
    };
  }, [board]);
  if (document === null) return <div className="canvas-empty" aria-busy="true" />;
  return (
    <div className="canvas-empty" ref={box} data-target={drag?.target ? "" : undefined}>
      {isBlank && !isReadOnly ? (
        <>
          <p>This flow is empty.</p>
          <button
            ref={button}
            type="button"
            className="button"
            data-kind="primary"
            onClick={() => board.open({ kind: "add", at: FIRST, place: below(button.current) })}
          >
            <Icon name="plus" /> Add the first step
          </button>
          <p className="canvas-hint">Or drag one here from the left, or write it as text.</p>
        </>
      ) : (
        <p>{isBlank ? "This flow is empty." : "The text cannot be read: there is no picture of it yet."}</p>
      )}
      <CanvasPopup store={store} board={board} commands={commands} scene={null} isEditing={!isReadOnly} />
      {drag && <DragGhost drag={drag} />}
    </div>
  );
}

function below(element: HTMLElement | null): { x: number; y: number } {
  const box = element?.getBoundingClientRect();
  return box ? { x: box.left + box.width / 2, y: box.bottom } : { x: innerWidth / 2, y: innerHeight / 2 };
}

function isWithin(element: HTMLElement | null, at: { readonly x: number; readonly y: number }): boolean {
  const box = element?.getBoundingClientRect();
  return box !== undefined && at.x >= box.left && at.x <= box.right && at.y >= box.top && at.y <= box.bottom;
}

/** Beside the first slot of a flow without steps. */
export function FirstStepHint({ picture }: { readonly picture: Picture }) {
  const slot = picture.slots.find(({ list, index }) => list === "steps" && index === 0);
  if (!slot) return null;
  return (
    <ViewportPortal>
      <p className="first-hint" style={{ left: slot.x + 22, top: slot.y }}>
        Add the first step: press <kbd>A</kbd> or the plus.
      </p>
    </ViewportPortal>
  );
}
