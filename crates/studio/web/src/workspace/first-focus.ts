// Where the focus goes when a dialog opens: the browser looks for the attribute, which React does not write.

/** As a `ref`. */
export function firstFocus(element: HTMLElement | null): void {
  element?.setAttribute("autofocus", "");
}
