// What is typed over a selection is written by the editor. The browser would do it on the page first, and carry the colours of what
// it replaces over as an inline style, which the page's policy forbids.
import { EditorView } from "@codemirror/view";

export const typeOver = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    const { data } = event;
    const { main, ranges } = view.state.selection;
    if (event.inputType !== "insertText" || data === null || view.composing || view.state.readOnly) return false;
    if (main.empty || ranges.length > 1) return false;
    const insert = () =>
      view.state.update(view.state.replaceSelection(data), { userEvent: "input.type", scrollIntoView: true });
    const isHandled = view.state.facet(EditorView.inputHandler).some((handle) => handle(view, main.from, main.to, data, insert));
    if (!isHandled) view.dispatch(insert());
    event.preventDefault();
    return true;
  },
});
