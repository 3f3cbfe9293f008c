// Ctrl+C, Ctrl+X and Ctrl+V on the canvas: steps are text.
import { type RefObject, useEffect } from "react";
import { clipboard } from "./clipboard";
import type { Commands } from "./commands";

export function useClipboard(element: RefObject<HTMLDivElement | null>, commands: Commands, isEditing: boolean): void {
  useEffect(() => {
    const isHere = (): boolean => document.activeElement !== null && document.activeElement === element.current;
    const onCopy = (event: ClipboardEvent): void => {
      // Words that are marked somewhere are meant.
      if (!isHere() || getSelection()?.isCollapsed === false) return;
      const text = commands.copyText();
      if (text === null) return;
      event.preventDefault();
      event.clipboardData?.setData("text/plain", text);
      clipboard.remember(text);
      if (event.type === "cut" && isEditing) void commands.delete();
    };
    const onPaste = (event: ClipboardEvent): void => {
      if (!isHere() || !isEditing) return;
      event.preventDefault();
      void commands.paste(event.clipboardData?.getData("text/plain") ?? "");
    };
    document.addEventListener("copy", onCopy);
    document.addEventListener("cut", onCopy);
    document.addEventListener("paste", onPaste);
    return () => {
      document.removeEventListener("copy", onCopy);
      document.removeEventListener("cut", onCopy);
      document.removeEventListener("paste", onPaste);
    };
  }, [element, commands, isEditing]);
}
