// The actions and verbs to put into a flow: drag one onto the picture, or press it to add it after what is selected.
import { useMemo, useState } from "react";
import type { DocumentStore } from "../document/store";
import { Icon } from "../ui/icon";
import { IconButton } from "../ui/icon-button";
import { type Board, boardOf } from "./board";
import { type Entry, grouped, matching, useCatalogue } from "./catalogue";
import { beginDrag } from "./drag";
import "./palette.css";

const KEY = "lockgate.palette";

export function Palette({ store }: { readonly store: DocumentStore }) {
  const [isOpen, setIsOpen] = useState(() => {
    const kept = localStorage.getItem(KEY);
    return kept === null ? matchMedia("(min-width: 1500px)").matches : kept === "open";
  });
  const toggle = (): void => {
    localStorage.setItem(KEY, isOpen ? "closed" : "open");
    setIsOpen(!isOpen);
  };
  if (!isOpen) {
    return (
      <aside className="palette" aria-label="Steps to add">
        <IconButton icon="plus" label="Steps to add" aria-expanded={false} onClick={toggle} />
      </aside>
    );
  }
  return (
    <aside className="palette" data-open="" aria-label="Steps to add">
      <PaletteBody store={store} onClose={toggle} />
    </aside>
  );
}

function PaletteBody({ store, onClose }: { readonly store: DocumentStore; readonly onClose: () => void }) {
  const { entries, problem } = useCatalogue();
  const [query, setQuery] = useState("");
  const groups = useMemo(() => grouped(matching(entries, query)), [entries, query]);
  return (
    <>
      <div className="palette-head">
        <input
          type="search"
          aria-label="Find a step to add"
          placeholder="Find a step to add"
          autoComplete="off"
          spellCheck={false}
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Escape" || query === "") return;
            event.stopPropagation();
            setQuery("");
          }}
        />
        <IconButton icon="close" label="Close the steps to add" aria-expanded onClick={onClose} />
      </div>
      <div className="palette-list">
        {groups.map(([group, members]) => (
          <details key={group} open>
            <summary>
              {group} <small>{members.length}</small>
            </summary>
            <ul>
              {members.map((entry) => (
                <li key={entry.key}>
                  <PaletteEntry entry={entry} board={boardOf(store)} />
                </li>
              ))}
            </ul>
          </details>
        ))}
        {groups.length === 0 && <p className="empty">Nothing is called that.</p>}
        {problem !== null && <p className="empty">The actions are not known: {problem}</p>}
      </div>
    </>
  );
}

interface PaletteEntryProps {
  readonly entry: Entry;
  readonly board: Board;
}

function PaletteEntry({ entry, board }: PaletteEntryProps) {
  return (
    <button
      type="button"
      className="palette-entry"
      title={entry.lacks === null ? entry.summary : `${entry.summary} It needs a connection of type ${entry.lacks}, which the workspace lacks.`}
      onPointerDown={(event) => {
        if (event.button !== 0 || event.pointerType === "touch") return;
        const load = { kind: "new", step: entry.step } as const;
        beginDrag(event, { board, load, label: entry.name, icon: entry.icon });
      }}
      onClick={() => void board.commands.insert(null, entry.step)}
    >
      <Icon name={entry.icon} size={16} />
      <span>{entry.name}</span>
    </button>
  );
}
