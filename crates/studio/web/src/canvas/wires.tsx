// The wires of a picture and the words on them: one drawing under the boxes, of the part that is near what is seen.
import { ViewportPortal } from "@xyflow/react";
import { memo, useMemo } from "react";
import type { Label, Picture, Wire } from "../api/types";
import { wayKey } from "../document/paint";
import type { Painted } from "./painted";
import { type Band, isInBand, useBand } from "./band";
import { type Corner, headPath, wirePath } from "./wire-path";

interface WiresProps {
  readonly picture: Picture;
  readonly painted: Painted | null;
}

export const Wires = memo(function Wires({ picture, painted }: WiresProps) {
  const band = useBand();
  const drawing = useMemo(() => drawn(picture, painted, band), [picture, painted, band]);
  return (
    <ViewportPortal>
      <svg className="wires" width={picture.width} height={picture.height} aria-hidden="true">
        {drawing.wires.map(({ key, line, head, tone, state }) => (
          <g key={key} data-tone={tone} data-state={state}>
            <path className="wire" d={line} />
            {head !== "" && <path className="wire-head" d={head} />}
          </g>
        ))}
        {drawing.labels.map(({ label, state }) => (
          <text
            key={`${label.of} ${label.way}`}
            className="wire-label"
            x={label.x + label.width / 2}
            y={label.y + label.height / 2 + 4}
            textAnchor="middle"
            data-tone={label.tone}
            data-state={state}
          >
            {label.full !== label.text && <title>{label.full}</title>}
            {label.text}
          </text>
        ))}
      </svg>
    </ViewportPortal>
  );
});

interface DrawnWire {
  readonly key: string;
  readonly line: string;
  readonly head: string;
  readonly tone: Wire["tone"];
  readonly state: "taken" | "missed" | undefined;
}

interface Drawing {
  readonly wires: readonly DrawnWire[];
  readonly labels: readonly { readonly label: Label; readonly state: "taken" | "missed" | undefined }[];
}

function stateOf(isTaken: boolean | undefined): "taken" | "missed" | undefined {
  return isTaken === undefined ? undefined : isTaken ? "taken" : "missed";
}

function drawn(picture: Picture, painted: Painted | null, band: Band): Drawing {
  const labels = picture.labels.filter((label) => isInBand(band, label.y, label.y + label.height));
  const wires = picture.wires.flatMap((wire, index): DrawnWire[] => {
    const ys = wire.points.map((point) => point[1] ?? 0);
    if (!isInBand(band, Math.min(...ys), Math.max(...ys))) return [];
    const points = wire.points as readonly (readonly number[])[] as readonly Corner[];
    return [
      {
        key: `${wire.from} ${wire.way} ${wire.to}`,
        line: wirePath(points, labels, wire.head ? 4 : 0),
        head: wire.head ? headPath(points) : "",
        tone: wire.tone,
        state: stateOf(painted?.wires[index]),
      },
    ];
  });
  // What was taken lies over what was not, where their ways have joined.
  if (painted) wires.sort((a, b) => Number(a.state === "taken") - Number(b.state === "taken"));
  return {
    wires: unique(wires),
    labels: labels.map((label) => ({ label, state: stateOf(painted?.ways.get(wayKey(label.of, label.way))) })),
  };
}

/** Two wires may leave and end alike, by other ways around. */
function unique(wires: readonly DrawnWire[]): readonly DrawnWire[] {
  const seen = new Map<string, number>();
  return wires.map((wire) => {
    const many = seen.get(wire.key) ?? 0;
    seen.set(wire.key, many + 1);
    return many === 0 ? wire : { ...wire, key: `${wire.key} ${many}` };
  });
}

