// The canvas of an open flow: the picture, and all that can be done to the flow on it.
import { useCallback, useEffect, useMemo, useRef } from "react";
import type { Paint } from "../document/paint";
import type { DocumentStore } from "../document/store";
import { useDocument } from "../document/use-document";
import { Icon, iconOf } from "../ui/icon";
import { boardOf, useBoard } from "./board";
import { CanvasPopup } from "./canvas-popup";
import { CanvasView, type Scene } from "./canvas-view";
import { DragGhost } from "./drag-ghost";
import { beginDrag, useDragPanning } from "./drag";
import { EmptyCanvas, FirstStepHint } from "./empty-canvas";
import { handleOf } from "./handle";
import { runCommand } from "./run-command";
import { SearchBox } from "./search-box";
import { Slots } from "./slots";
import { useClipboard } from "./use-clipboard";

interface FlowCanvasProps {
  readonly store: DocumentStore;
  readonly paint: Paint | null;
  readonly isReadOnly: boolean;
}

const NOTHING: ReadonlySet<string> = new Set();

export function FlowCanvas({ store, paint, isReadOnly }: FlowCanvasProps) {
  const shown = useDocument(store);
  const { document, picture, selected, isPictureOld, isPicturePart } = shown;
  const board = boardOf(store);
  const { drag, isSearching, matches } = useBoard(board);
  const { commands } = board;
  const scene = useRef<Scene | null>(null);
  const element = useRef<HTMLDivElement | null>(null);
  // Of a text that cannot be read the picture is an older one: its places are not those of the text.
  const isEditing = !isReadOnly && !isPictureOld;
  useClipboard(element, commands, isEditing);
  useDragPanning(board, scene, element);

  // Without a picture it is the empty canvas that answers.
  const hasPicture = picture !== null;
  useEffect(() => {
    if (!hasPicture) return;
    board.canvas = handleOf(scene, element);
    return () => {
      board.canvas = null;
    };
  }, [board, hasPicture]);

  const titles = useMemo(() => new Map(document?.steps.map((step) => [step.path, step.title])), [document]);
  const onSelect = useCallback((paths: readonly string[]) => store.select(paths, "canvas"), [store]);
  const onToggle = useCallback((key: string) => commands.toggle(key), [commands]);
  const moving = drag?.load.kind === "steps" && !drag.isCopy ? drag.load.paths : null;
  const dragged = useMemo(() => (moving ? new Set(moving) : NOTHING), [moving]);

  if (picture === null) return <EmptyCanvas store={store} board={board} commands={commands} isReadOnly={isReadOnly} />;
  const isEmpty = document?.complete === true && document.steps.length === 0;
  return (
    <CanvasView
      picture={picture}
      path={shown.path}
      diagnostics={document?.diagnostics ?? []}
      paint={paint}
      selected={selected}
      isFollowing={store.selectionOrigin !== "canvas"}
      matches={matches}
      dragged={dragged}
      onSelect={onSelect}
      onCommand={(command, spot) => runCommand({ command, spot, scene: scene.current, store, board, commands, isEditing })}
      onToggle={onToggle}
      isGrabbing={isEditing && !isTouch()}
      onScene={(next) => {
        scene.current = next;
      }}
      onMount={(node) => {
        element.current = node;
      }}
      onCardPointerDown={(event, path) => {
        if (!isEditing || event.button !== 0 || event.pointerType === "touch") return;
        const paths = selected.includes(path) ? commands.paths() : [path];
        const card = picture.cards.find(({ key }) => key === path);
        const label = paths.length > 1 ? `${paths.length} steps` : (card?.title ?? path);
        beginDrag(event, { board, load: { kind: "steps", paths }, label, icon: iconOf(card?.icon ?? "action") });
      }}
      onMenu={(event, key) => {
        event.preventDefault();
        if (key === null || !key.includes("/")) onSelect([]);
        board.open({ kind: "menu", place: { x: event.clientX, y: event.clientY } });
      }}
      layers={({ cursor }) =>
        isEditing && (
          <>
            <Slots picture={picture} board={board} cursor={cursor?.slot ? cursor.key : null} titles={titles} />
            {isEmpty && <FirstStepHint picture={picture} />}
          </>
        )
      }
    >
      {isPictureOld && (
        <p className="canvas-old" role="status">
          <Icon name="warning" size={15} /> {isPicturePart ? "The text cannot be read to its end: this is the picture of what could be." : "The text cannot be read: this is the picture from before."}
        </p>
      )}
      {isSearching && <SearchBox store={store} board={board} commands={commands} />}
      <CanvasPopup store={store} board={board} commands={commands} scene={scene} isEditing={isEditing} />
      {drag && <DragGhost drag={drag} />}
    </CanvasView>
  );
}

function isTouch(): boolean {
  return matchMedia("(pointer: coarse)").matches;
}
