// A box of the picture, in exactly the size and fonts that the layout has measured.
import type { NodeProps } from "@xyflow/react";
import { memo, use, useSyncExternalStore } from "react";
import { Icon, iconOf } from "../ui/icon";
import { CardBadges } from "./card-badges";
import { CanvasContext } from "./context";
import type { Look } from "./looks";
import { type CardFace, type CardNode, isFrame } from "./picture-nodes";
import { stateWords } from "./states";

export const CardNodeView = memo(
  function CardNodeView({ data }: NodeProps<CardNode>) {
    const { card } = data;
    const { looks } = use(CanvasContext);
    const look = useSyncExternalStore(looks.subscribe, () => looks.of(card.key, card.path));
    return <CardBox card={card} look={look} />;
  },
  (before, after) => before.data === after.data,
);

/** The element's id, for `aria-activedescendant`. */
export function domIdOf(canvas: string, key: string): string {
  return `${canvas}-${encodeURIComponent(key)}`;
}

function CardBox({ card, look }: { readonly card: CardFace; readonly look: Look }) {
  const { id, toggle } = use(CanvasContext);
  if (card.form === "join") return <div className="flow-box" data-form="join" data-kind={card.kind} data-state={look.paint?.state} />;
  return (
    <div
      id={domIdOf(id, card.key)}
      className={isFrame(card.form) || card.path === null ? "flow-box" : "flow-box grabs"}
      role="group"
      aria-roledescription={card.path === null ? undefined : "step"}
      aria-label={nameOf(card, look)}
      aria-current={look.isCursor || undefined}
      title={card.hover}
      data-form={card.form}
      data-kind={card.kind}
      data-path={card.path ?? undefined}
      data-key={card.key}
      data-selected={look.isSelected || undefined}
      data-cursor={look.isCursor || undefined}
      data-match={look.isMatch || undefined}
      data-dragged={look.isDragged || undefined}
      data-finding={look.errors > 0 ? "bad" : look.warnings > 0 ? "warn" : undefined}
      data-state={look.paint?.state}
      data-collapsed={card.hides > 0 || undefined}
    >
      {card.form === "hexagon" && <Hexagon width={card.width} height={card.height} />}
      <div className={isFrame(card.form) && card.path !== null ? "flow-box-head grabs" : "flow-box-head"}>
        {card.form !== "fork" && card.form !== "end" && (
          <span className="flow-box-tile">
            <Icon name={iconOf(card.icon)} size={18} />
          </span>
        )}
        <span className="flow-box-lines">
          {card.lines.map((line, index) => (
            <span key={index} className="flow-box-line" data-font={line.font}>
              {line.text}
            </span>
          ))}
        </span>
      </div>
      {card.fields.length > 0 && <Fields card={card} />}
      <CardBadges look={look} />
      {card.can_collapse && toggle && (
        <button
          type="button"
          className="flow-box-toggle nopan grabs"
          tabIndex={-1}
          aria-expanded={card.hides === 0}
          aria-label={card.hides === 0 ? `Hide what is inside ${card.title}` : `Show what is inside ${card.title}`}
          onClick={(event) => {
            event.stopPropagation();
            toggle(card.key);
          }}
        >
          <Icon name="chevron" size={12} />
        </button>
      )}
    </div>
  );
}

function Fields({ card }: { readonly card: CardFace }) {
  return (
    <dl className="flow-box-fields">
      {card.fields.map((field, index) => (
        <div key={index} data-aside={field.is_aside || undefined}>
          <dt>{field.name}</dt>
          <dd>{field.description}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Pointed at both sides. */
function Hexagon({ width, height }: { readonly width: number; readonly height: number }) {
  const tip = 14;
  const [right, bottom] = [width - 1, height - 1];
  const points = [
    [tip, 1],
    [width - tip, 1],
    [right, height / 2],
    [width - tip, bottom],
    [tip, bottom],
    [1, height / 2],
  ];
  return (
    <svg className="flow-box-hexagon" width={width} height={height} aria-hidden="true">
      <polygon points={points.map((point) => point.join(",")).join(" ")} strokeLinejoin="round" />
    </svg>
  );
}

/** Kind, title, what it does, findings, state: what is seen, in words. */
function nameOf(card: CardFace, look: Look): string {
  const findings = [count(look.errors, "error"), count(look.warnings, "warning")].filter(Boolean);
  const parts = [
    card.title,
    card.subtitle,
    card.kind === "action" || card.title.startsWith(card.kind) ? null : card.kind.replaceAll("_", " "),
    card.hides > 0 ? `${card.hides} hidden` : null,
    look.isSelected ? "selected" : null,
    findings.length > 0 ? `${findings.join(", ")}: ${look.findings.replaceAll("\n", "; ")}` : null,
    look.paint ? `${stateWords[look.paint.state]}${look.paint.note === undefined ? "" : `, ${look.paint.note}`}` : null,
  ];
  return parts.filter((part) => part !== null && part !== "").join(", ");
}

function count(many: number, what: string): string {
  return many === 0 ? "" : many === 1 ? `1 ${what}` : `${many} ${what}s`;
}
