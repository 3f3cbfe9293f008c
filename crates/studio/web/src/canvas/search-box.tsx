// Finds steps by title, id, action and what is written in them.
import { useEffect, useId, useMemo, useRef, useState } from "react";
import type { OutlineStep } from "../api/types";
import type { DocumentStore } from "../document/store";
import { useDocument } from "../document/use-document";
import { Icon, iconOf } from "../ui/icon";
import { IconButton } from "../ui/icon-button";
import type { Board } from "./board";
import type { Commands } from "./commands";
import { found } from "./search";

interface SearchBoxProps {
  readonly store: DocumentStore;
  readonly board: Board;
  readonly commands: Commands;
}

const MOST = 60;

export function SearchBox({ store, board, commands }: SearchBoxProps) {
  const { document, text } = useDocument(store);
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const id = useId();
  const list = useRef<HTMLUListElement>(null);
  const all = useMemo(() => found(document?.steps ?? [], text, query), [document, text, query]);
  const results = all.slice(0, MOST);
  const current = results[Math.min(at, results.length - 1)];

  useEffect(() => {
    board.setMatches(new Set(all.map((step) => step.path)));
  }, [board, all]);
  useEffect(() => {
    if (current) board.canvas?.reveal(current.path, true);
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [board, current]);

  const jump = (step: OutlineStep | undefined): void => {
    if (!step) return;
    commands.uncover(step.path);
    store.select([step.path], "canvas");
    board.canvas?.reveal(step.path, true);
    board.search(false);
  };
  const optionId = (step: OutlineStep): string => `${id}-${encodeURIComponent(step.path)}`;
  return (
    <div
      className="canvas-search"
      role="search"
      onKeyDown={(event) => {
        if (event.key === "Escape") board.search(false);
        else if (event.key === "Enter") jump(current);
        else if (event.key === "ArrowDown") setAt((at + 1) % Math.max(results.length, 1));
        else if (event.key === "ArrowUp") setAt((at + results.length - 1) % Math.max(results.length, 1));
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      <div className="search-line">
        <Icon name="search" />
        <input
          type="text"
          role="combobox"
          autoFocus
          autoComplete="off"
          spellCheck={false}
          placeholder="Find a step"
          aria-label="Find a step"
          aria-expanded={results.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={current && optionId(current)}
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setAt(0);
          }}
        />
        <span className="search-count" role="status">
          {query.trim() === "" ? "" : `${all.length} found`}
        </span>
        <IconButton icon="close" label="Close" onClick={() => board.search(false)} />
      </div>
      <ul ref={list} id={`${id}-list`} role="listbox" aria-label="Steps" hidden={results.length === 0}>
        {results.map((step) => (
          <li
            key={step.path}
            id={optionId(step)}
            role="option"
            aria-selected={step === current}
            onClick={() => jump(step)}
          >
            <Icon name={iconOf(step.kind)} size={16} />
            <span>{step.title}</span>
            <small>{step.id ?? step.path}</small>
          </li>
        ))}
      </ul>
    </div>
  );
}
