// A menu: arrows go, Enter takes, Escape closes; each item tells its key.
import { Fragment, useLayoutEffect, useRef } from "react";
import { Icon, type IconName } from "../ui/icon";
import type { Point } from "./board";
import { Popover } from "./popover";
import "./menu.css";

export interface MenuItem {
  readonly label: string;
  readonly icon: IconName;
  readonly keys?: string;
  readonly isOff?: boolean;
  readonly isDanger?: boolean;
  /** Opens something else: the menu then does not give the keyboard back to the canvas. */
  readonly opens?: boolean;
  readonly run: () => void;
}

interface MenuProps {
  readonly label: string;
  readonly place: Point;
  /** In stretches, with a line between. */
  readonly items: readonly (readonly MenuItem[])[];
  readonly onClose: () => void;
}

export function Menu({ label, place, items, onClose }: MenuProps) {
  const box = useRef<HTMLDivElement>(null);
  const buttons = (): HTMLButtonElement[] => [...(box.current?.querySelectorAll<HTMLButtonElement>("button:not(:disabled)") ?? [])];
  useLayoutEffect(() => buttons()[0]?.focus({ preventScroll: true }), []);
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const all = buttons();
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    if (event.key === "Escape" || event.key === "Tab") onClose();
    else if (event.key === "ArrowDown") all[(at + 1) % all.length]?.focus();
    else if (event.key === "ArrowUp") all[(at + all.length - 1) % all.length]?.focus();
    else if (event.key === "Home") all[0]?.focus();
    else if (event.key === "End") all.at(-1)?.focus();
    else if (/^[a-z]$/i.test(event.key) && !event.ctrlKey && !event.metaKey) {
      const next = [...all.slice(at + 1), ...all.slice(0, at + 1)];
      next.find((button) => button.textContent?.toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const shown = items.filter((stretch) => stretch.length > 0);
  return (
    <Popover place={place} className="canvas-menu" onClose={onClose}>
      <div ref={box} role="menu" aria-label={label} onKeyDown={onKeyDown}>
        {shown.map((stretch, index) => (
          <Fragment key={index}>
            {index > 0 && <hr />}
            {stretch.map((item) => (
              <button
                key={item.label}
                type="button"
                role="menuitem"
                tabIndex={-1}
                disabled={item.isOff}
                data-danger={item.isDanger || undefined}
                onClick={() => {
                  if (!item.opens) onClose();
                  item.run();
                }}
                onPointerMove={(event) => event.currentTarget.focus()}
              >
                <Icon name={item.icon} size={16} />
                <span>{item.label}</span>
                {item.keys && <kbd aria-hidden="true">{item.keys}</kbd>}
              </button>
            ))}
          </Fragment>
        ))}
      </div>
    </Popover>
  );
}
