// The whole picture, small, with the part that is seen: press or drag in it to look elsewhere.
import { type ReactFlowState, useReactFlow, useStore } from "@xyflow/react";
import { memo, type PointerEvent, useMemo } from "react";
import type { Card, Picture } from "../api/types";

const WIDE = 168;
const HIGH = 132;
/** Pixels of the map for one of the picture, at the least: a very long flow is shown in part. */
const LEAST = 0.045;

const seen = ({ transform: [x, y, zoom], width, height }: ReactFlowState): string =>
  [-x / zoom, -y / zoom, width / zoom, height / zoom, zoom].join(" ");

export function Minimap({ picture }: { readonly picture: Picture }) {
  const flow = useReactFlow();
  const [x = 0, y = 0, width = 0, height = 0, zoom = 1] = useStore(seen).split(" ").map(Number);
  const scale = Math.max(Math.min(WIDE / picture.width, HIGH / picture.height), Math.min(LEAST, WIDE / picture.width));
  const [wide, high] = [Math.min(picture.width * scale, WIDE), Math.min(picture.height * scale, HIGH)];
  // Where not all of it fits, the part around what is seen.
  const over = Math.max(picture.height - high / scale, 0);
  const top = Math.min(Math.max(y + height / 2 - high / scale / 2, 0), over);
  const lookAt = (event: PointerEvent<SVGSVGElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    const to = { x: (event.clientX - box.left) / scale, y: (event.clientY - box.top) / scale + top };
    void flow.setCenter(to.x, to.y, { zoom });
  };
  return (
    <div className="canvas-map" aria-hidden="true">
      <svg
        width={wide}
        height={high}
        viewBox={`0 ${top} ${wide / scale} ${high / scale}`}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          lookAt(event);
        }}
        onPointerMove={(event) => {
          if (event.buttons === 1) lookAt(event);
        }}
      >
        <Boxes picture={picture} />
        <rect className="map-seen" x={x} y={y} width={width} height={height} strokeWidth={1.5 / scale} rx={3 / scale} />
      </svg>
    </div>
  );
}

/** One shape for all boxes of a sort. */
const Boxes = memo(function Boxes({ picture }: { readonly picture: Picture }) {
  const shapes = useMemo(() => {
    const sorts = new Map<string, string>();
    for (const card of picture.cards) {
      const sort = sortOf(card);
      sorts.set(sort, `${sorts.get(sort) ?? ""}M${card.x} ${card.y}h${card.width}v${card.height}h${-card.width}z`);
    }
    return [...sorts].toSorted(([a]) => (a === "frame" ? -1 : 1));
  }, [picture]);
  return shapes.map(([sort, path]) => <path key={sort} className="map-box" data-sort={sort} d={path} />);
});

function sortOf(card: Card): string {
  return card.form === "frame" || card.form === "error_frame" ? "frame" : card.kind;
}
