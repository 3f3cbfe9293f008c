// Keys of the whole desk: save, undo and redo outside of fields, run, test.
import { useEffect } from "react";
import type { DocumentStore } from "../document/store";
import type { Drawer } from "./flow-desk";

/** Whether a key belongs to what is being typed into. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

export function useDeskKeys(store: DocumentStore, isReadOnly: boolean, onDrawer: (drawer: Drawer) => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isCommand = event.ctrlKey || event.metaKey;
      if (!isCommand || event.altKey || event.defaultPrevented) return;
      const key = event.key.toLowerCase();
      if (key === "s") {
        event.preventDefault();
        if (!isReadOnly) void store.save();
      } else if (key === "enter") {
        event.preventDefault();
        onDrawer("run");
      } else if (!isTyping(event.target) && !isReadOnly && (key === "z" || key === "y")) {
        event.preventDefault();
        if (key === "y" || event.shiftKey) store.redo();
        else store.undo();
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [store, isReadOnly, onDrawer]);
}
