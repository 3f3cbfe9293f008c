// A JSON value that opens piece by piece: what is not seen is not drawn, so that a value of many megabytes stays quick.
import { type ReactNode, useState } from "react";
import { CopyButton } from "./copy-button";
import { Icon } from "./icon";
import { entriesOf, isBranch, summaryOf } from "./json-pieces";
import "./json-view.css";

interface JsonViewProps {
  readonly value: unknown;
  /** What the value is, for assistive technology: `Input of the run`. */
  readonly label: string;
  /** How many levels are open at the beginning. */
  readonly openLevels?: number;
}

const FIRST_ENTRIES = 50;
const FIRST_LETTERS = 400;

export function JsonView({ value, label, openLevels = 1 }: JsonViewProps) {
  return (
    <div className="json" role="group" aria-label={label}>
      <ul>
        <Entry name={null} value={value} openLevels={isSmall(value) ? openLevels : Math.min(openLevels, 1)} />
      </ul>
      <CopyButton label={`Copy ${label}`} text={() => JSON.stringify(value, null, 2) ?? ""} />
    </div>
  );
}

/** Whether opening several levels at once draws little. */
function isSmall(value: unknown): boolean {
  let room = 200;
  const visit = (piece: unknown): void => {
    room -= 1;
    if (room > 0 && isBranch(piece)) for (const [, child] of entriesOf(piece, room)) visit(child);
  };
  visit(value);
  return room > 0;
}

interface EntryProps {
  readonly name: string | null;
  readonly value: unknown;
  readonly openLevels: number;
}

function Entry({ name, value, openLevels }: EntryProps) {
  const label = name === null ? null : <span className="json-name">{name}</span>;
  if (!isBranch(value) || Object.keys(value).length === 0) {
    return (
      <li>
        <span className="json-leaf">
          {label}
          <Leaf value={value} />
        </span>
      </li>
    );
  }
  return <Branch label={label} value={value} openLevels={openLevels} />;
}

interface BranchProps {
  readonly label: ReactNode;
  readonly value: object;
  readonly openLevels: number;
}

function Branch({ label, value, openLevels }: BranchProps) {
  const [isOpen, setOpen] = useState(openLevels > 0);
  const [shown, setShown] = useState(FIRST_ENTRIES);
  const size = Array.isArray(value) ? value.length : Object.keys(value).length;
  return (
    <li>
      <button type="button" className="json-toggle" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <Icon name="chevron" size={14} />
        {label}
        <span className="json-summary">{summaryOf(value, isOpen)}</span>
      </button>
      {isOpen && (
        <ul>
          {entriesOf(value, shown).map(([key, child]) => (
            <Entry key={key} name={key} value={child} openLevels={openLevels - 1} />
          ))}
          {size > shown && (
            <li>
              <button type="button" className="json-more" onClick={() => setShown(shown + Math.max(shown, FIRST_ENTRIES))}>
                Show more ({size - shown} left)
              </button>
            </li>
          )}
        </ul>
      )}
    </li>
  );
}

function Leaf({ value }: { readonly value: unknown }) {
  const [shown, setShown] = useState(FIRST_LETTERS);
  if (typeof value !== "string") {
    return <span className="json-value" data-type={value === null ? "null" : typeof value}>{JSON.stringify(value) ?? "nothing"}</span>;
  }
  const rest = value.length - shown;
  return (
    <>
      <span className="json-value" data-type="string">
        {JSON.stringify(value.slice(0, shown))}
      </span>
      {rest > 0 && (
        <button type="button" className="json-more" onClick={() => setShown(shown + Math.min(shown * 4, 100_000))}>
          Show more ({rest.toLocaleString("en")} characters left)
        </button>
      )}
    </>
  );
}
