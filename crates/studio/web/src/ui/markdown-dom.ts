// Markdown as nodes of the page, for the editor's bubbles, which React does not draw.
import { createRoot } from "react-dom/client";
import { flushSync } from "react-dom";
import { createElement } from "react";
import { Markdown } from "./markdown";

export interface Drawn {
  readonly dom: HTMLElement;
  readonly destroy: () => void;
}

/** Draws a text into a new element; `destroy` is called when it is taken away. */
export function drawMarkdown(text: string): Drawn {
  const dom = document.createElement("div");
  const root = createRoot(dom);
  flushSync(() => root.render(createElement(Markdown, { text })));
  // React must not be torn down while it is drawing something else.
  return { dom, destroy: () => queueMicrotask(() => root.unmount()) };
}
