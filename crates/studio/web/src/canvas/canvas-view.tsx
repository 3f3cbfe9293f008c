// The picture as it is looked at: boxes, wires, pan and zoom, selection and the keyboard. Who edits adds its own on top.
import { ReactFlow, ReactFlowProvider, type ReactFlowInstance } from "@xyflow/react";
import { type KeyboardEvent, type MouseEvent, type PointerEvent, type ReactNode, useCallback, useId, useMemo, useState } from "react";
import type { Diagnostic, Picture } from "../api/types";
import type { Paint } from "../document/paint";
import { CardNodeView, domIdOf } from "./card-node";
import { CanvasContext, type CanvasShared } from "./context";
import { commandOf, type KeyCommand } from "./keys";
import { Far } from "./far";
import { Legend } from "./legend";
import { Looks } from "./looks";
import { Minimap } from "./minimap";
import { CanvasTools } from "./canvas-tools";
import { type Order, orderOf, type Spot } from "./order";
import { paintedOf } from "./painted";
import { type CardNode, PictureNodes } from "./picture-nodes";
import { NodesNow } from "./nodes-now";
import { useCursor } from "./use-cursor";
import { useLooks } from "./use-looks";
import { useMap } from "./use-map";
import { type Look as Viewing, useViewing } from "./use-viewing";
import { MAX_ZOOM, MIN_ZOOM } from "./viewport";
import { Wires } from "./wires";
import "@xyflow/react/dist/base.css";
import "./canvas.css";
import "./card.css";

export interface Scene {
  readonly order: Order;
  readonly cursor: Spot | undefined;
  readonly viewing: Viewing;
  readonly flow: ReactFlowInstance<CardNode> | null;
}

interface CanvasViewProps {
  readonly picture: Picture;
  /** The file that the findings are to be of. */
  readonly path: string;
  readonly diagnostics: readonly Diagnostic[];
  readonly paint: Paint | null;
  readonly selected: readonly string[];
  /** Whether a selection of somebody else's was made, which is to be brought into view. */
  readonly isFollowing: boolean;
  readonly matches: ReadonlySet<string>;
  readonly dragged: ReadonlySet<string>;
  readonly onSelect: (paths: readonly string[]) => void;
  /** Commands that are not of looking and going; the spot is where the keyboard stands. */
  readonly onCommand: (command: KeyCommand, spot: Spot | undefined) => void;
  readonly onToggle: ((key: string) => void) | null;
  readonly onCardPointerDown?: (event: PointerEvent, path: string) => void;
  readonly onMenu?: (event: MouseEvent, key: string | null) => void;
  readonly onScene?: (scene: Scene) => void;
  /** Whether boxes can be dragged, instead of the picture at them. */
  readonly isGrabbing: boolean;
  /** Whether steps can be searched. */
  readonly hasSearch?: boolean;
  readonly onMount?: (element: HTMLDivElement | null) => void;
  /** In the picture's coordinates. */
  readonly layers?: (scene: Scene) => ReactNode;
  /** Above it all. */
  readonly children?: ReactNode;
}

const NODE_TYPES = { card: CardNodeView };

export function CanvasView(props: CanvasViewProps) {
  return (
    <ReactFlowProvider>
      <CanvasBody {...props} />
    </ReactFlowProvider>
  );
}

function CanvasBody(props: CanvasViewProps) {
  const { picture, paint, selected, onSelect, onCommand, onMenu } = props;
  const id = useId();
  const looks = useMemo(() => new Looks(), []);
  const shared = useMemo<CanvasShared>(() => ({ id, looks, toggle: props.onToggle }), [id, looks, props.onToggle]);
  const [nodesOf] = useState(() => new PictureNodes());
  const nodes = nodesOf.of(picture);
  const order = useMemo(() => orderOf(picture), [picture]);
  const painted = useMemo(() => (paint ? paintedOf(picture, paint) : null), [picture, paint]);
  const cursor = useCursor(order, selected, onSelect);
  const viewing = useViewing(picture, cursor.spot, props.isFollowing);
  const map = useMap();
  const [isSpace, setIsSpace] = useState(false);
  // With the space bar held, a drag moves the picture wherever it begins.
  const isGrabbing = props.isGrabbing && !isSpace;
  useLooks(looks, { ...props, order, painted, cursor: cursor.spot?.key ?? null });
  const scene: Scene = { order, cursor: cursor.spot, viewing, flow: viewing.flow };
  props.onScene?.(scene);

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    if (event.key === " " && event.target === event.currentTarget) setIsSpace(true);
    const isField = event.target instanceof HTMLElement && event.target.closest("input, textarea, select, dialog") !== null;
    const command = isField ? null : commandOf(event);
    if (command === null) return;
    event.preventDefault();
    if (command.kind === "go") cursor.go(command.to, command.isRange);
    else if (command.kind === "all") cursor.selectList();
    else if (command.kind === "clear") onSelect([]);
    else if (command.kind === "zoom") viewing.zoom(command.by);
    else if (command.kind === "fit") viewing.fit();
    else if (command.kind === "map") map.toggle(viewing.isOverflowing);
    else onCommand(command, cursor.spot);
  };

  const onNodeClick = useCallback(
    (event: MouseEvent, node: CardNode) => {
      if (node.data.card.kind === "end" || node.data.card.kind === "join") onSelect([]);
      else cursor.press(node.data.card.path ?? node.id, event.shiftKey, event.ctrlKey || event.metaKey);
    },
    [cursor, onSelect],
  );

  return (
    <CanvasContext value={shared}>
      <div className="canvas" ref={viewing.element} data-grab={isGrabbing ? "" : undefined} data-painted={paint ? "" : undefined}>
        {viewing.start && (
          <ReactFlow<CardNode>
            ref={props.onMount}
            className="canvas-flow"
            nodes={nodes}
            edges={NO_EDGES}
            nodeTypes={NODE_TYPES}
            defaultViewport={viewing.start}
            minZoom={MIN_ZOOM}
            maxZoom={MAX_ZOOM}
            onlyRenderVisibleElements
            nodesDraggable={false}
            nodesConnectable={false}
            nodesFocusable={false}
            edgesFocusable={false}
            elementsSelectable={false}
            elevateNodesOnSelect={false}
            disableKeyboardA11y
            panOnScroll
            zoomOnScroll={false}
            zoomOnDoubleClick={false}
            deleteKeyCode={null}
            selectionKeyCode={null}
            multiSelectionKeyCode={null}
            zoomActivationKeyCode={null}
            panActivationKeyCode={null}
            noPanClassName={isGrabbing ? "grabs" : "nopan"}
            paneClickDistance={4}
            attributionPosition="bottom-left"
            onInit={viewing.onInit}
            onNodeClick={onNodeClick}
            onNodeDoubleClick={(_, node) => {
              if (node.data.card.path !== null || node.data.card.kind === "trigger") onCommand({ kind: "open" }, cursor.spot);
            }}
            onNodeContextMenu={(event, node) => {
              const { card } = node.data;
              if (card.path !== null && !selected.includes(card.path)) cursor.press(card.path, false, false);
              onMenu?.(event, card.key);
            }}
            onPaneClick={() => onSelect([])}
            onPaneContextMenu={(event) => onMenu?.(event as MouseEvent, null)}
            onPointerDown={(event) => {
              const held = event.target instanceof Element ? event.target.closest(".grabs") : null;
              const path = held?.closest("[data-path]")?.getAttribute("data-path");
              if (path != null && isGrabbing) props.onCardPointerDown?.(event, path);
            }}
            onKeyDown={onKeyDown}
            onKeyUp={(event) => event.key === " " && setIsSpace(false)}
            onBlur={() => setIsSpace(false)}
            tabIndex={0}
            aria-label="Picture of the flow"
            aria-describedby={`${id}-keys`}
            aria-activedescendant={cursor.spot?.card ? domIdOf(id, cursor.spot.key) : undefined}
          >
            <NodesNow nodes={nodes} />
            <Far />
            <Wires picture={picture} painted={painted} />
            {props.layers?.(scene)}
          </ReactFlow>
        )}
        <p id={`${id}-keys`} className="visually-hidden">
          Arrow keys go from step to step. The question mark key tells all keys.
        </p>
        {paint && <Legend paint={paint} />}
        {map.isOpen(viewing.isOverflowing) && viewing.flow && <Minimap picture={picture} />}
        <CanvasTools
          onZoom={viewing.zoom}
          onFit={viewing.fit}
          isMapOpen={map.isOpen(viewing.isOverflowing)}
          onMap={() => map.toggle(viewing.isOverflowing)}
          onSearch={props.hasSearch === false ? null : () => onCommand({ kind: "search" }, cursor.spot)}
          onHelp={() => onCommand({ kind: "help" }, cursor.spot)}
        />
        {props.children}
      </div>
    </CanvasContext>
  );
}

const NO_EDGES: never[] = [];
