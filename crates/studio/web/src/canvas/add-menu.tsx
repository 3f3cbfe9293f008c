// Chooses what to put into a slot: type to narrow, arrows to go, Enter to take.
import { useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { NewStep } from "../api/types";
import { Icon } from "../ui/icon";
import { Markdown } from "../ui/markdown";
import type { Point } from "./board";
import { type Entry, grouped, matching, useCatalogue } from "./catalogue";
import { Popover } from "./popover";
import "./add-menu.css";

interface AddMenuProps {
  readonly place: Point;
  readonly onPick: (step: NewStep) => void;
  readonly onClose: () => void;
}

export function AddMenu({ place, onPick, onClose }: AddMenuProps) {
  const { entries, problem } = useCatalogue();
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const found = useMemo(() => matching(entries, query), [entries, query]);
  // One who searches wants the best first; one who looks around wants groups.
  const groups = useMemo(() => (query.trim() === "" ? grouped(found) : [["", found] as const]), [found, query]);
  const order = useMemo(() => groups.flatMap(([, group]) => group), [groups]);
  const current = order[Math.min(at, order.length - 1)];
  const close = useCallback(() => onClose(), [onClose]);

  // At once: the next letter is typed for it.
  useLayoutEffect(() => input.current?.focus({ preventScroll: true }), []);
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [current]);

  const go = (by: number): void => setAt((now) => Math.min(Math.max(Math.min(now, order.length - 1) + by, 0), order.length - 1));
  const optionId = (entry: Entry): string => `${id}-${entry.key}`;
  return (
    <Popover place={place} className="add-menu" onClose={close}>
      <div className="add-menu-line">
        <Icon name="search" />
        <input
          ref={input}
          type="text"
          role="combobox"
          autoComplete="off"
          spellCheck={false}
          placeholder="Add a step"
          aria-label="Add a step"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={current && optionId(current)}
          value={query}
          onChange={(event) => {
            setQuery(event.target.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            if (event.key === "Escape" || event.key === "Tab") onClose();
            else if (event.key === "Enter") current && onPick(current.step);
            else if (event.key === "ArrowDown") go(1);
            else if (event.key === "ArrowUp") go(-1);
            else if (event.key === "PageDown") go(8);
            else if (event.key === "PageUp") go(-8);
            else return;
            event.preventDefault();
            event.stopPropagation();
          }}
        />
      </div>
      <div className="add-menu-body">
        <div ref={list} id={`${id}-list`} className="add-menu-list" role="listbox" aria-label="Steps and actions" tabIndex={-1}>
          {groups.map(([group, members]) => (
            <div key={group} role="group" aria-label={group === "" ? "Found" : group}>
              {group !== "" && (
                <div className="add-menu-group" aria-hidden="true">
                  {group}
                </div>
              )}
              {members.map((entry) => (
                <div
                  key={entry.key}
                  id={optionId(entry)}
                  className="add-menu-option"
                  role="option"
                  aria-selected={entry === current}
                  onClick={() => onPick(entry.step)}
                  onPointerMove={() => entry !== current && setAt(order.indexOf(entry))}
                >
                  <Icon name={entry.icon} />
                  <span className="add-menu-name">{entry.name}</span>
                  <span className="add-menu-summary">{entry.lacks === null ? entry.summary : `needs a connection of type ${entry.lacks}`}</span>
                </div>
              ))}
            </div>
          ))}
        </div>
        {current && current.docs !== current.summary && (
          <div className="add-menu-docs" tabIndex={0} role="region" aria-label={`About ${current.name}`}>
            <strong>{current.name}</strong>
            <Markdown text={current.docs} headingLevel={4} />
          </div>
        )}
      </div>
      {order.length === 0 && (
        <p className="add-menu-none" role="status">
          Nothing is called that.
        </p>
      )}
      {problem !== null && (
        <p className="add-menu-none" role="status">
          The actions are not known: {problem}
        </p>
      )}
    </Popover>
  );
}
