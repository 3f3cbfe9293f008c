// What stands under the pointer, in a bubble; where it is defined.
import type { Extension } from "@codemirror/state";
import { EditorView, hoverTooltip, keymap, type Tooltip } from "@codemirror/view";
import { post } from "../api/client";
import { messageOf } from "../api/problem";
import type { DocumentStore } from "../document/store";
import { go } from "../shell/router";
import { drawMarkdown } from "../ui/markdown-dom";
import { pendingPlaces } from "./pending-place";

export function hover(path: string): Extension {
  const look = async (view: EditorView, offset: number): Promise<Tooltip | null> => {
    const body = { path, text: view.state.doc.toString(), offset };
    const found = await post("/api/document/hover", { body }).catch(() => null);
    if (found === null || found.docs === "" || view.state.doc.toString() !== body.text) return null;
    return {
      pos: found.from,
      end: found.to,
      above: true,
      create: () => {
        const { dom, destroy } = drawMarkdown(found.docs);
        dom.className = "cm-hover-docs";
        return { dom, destroy };
      },
    };
  };
  return hoverTooltip(look, { hideOnChange: true });
}

/** F12, and a click with Ctrl or Cmd. */
export function definitions(store: DocumentStore): Extension {
  return [
    keymap.of([
      {
        key: "F12",
        run: (view) => {
          void goToDefinition(store, view, view.state.selection.main.head);
          return true;
        },
      },
    ]),
    EditorView.domEventHandlers({
      mousedown: (event, view) => {
        if (event.button !== 0 || !(event.ctrlKey || event.metaKey) || event.altKey) return false;
        const at = view.posAtCoords({ x: event.clientX, y: event.clientY });
        if (at === null) return false;
        event.preventDefault();
        void goToDefinition(store, view, at);
        return true;
      },
      mousemove: (event, view) => {
        view.dom.classList.toggle("cm-goes-to", event.ctrlKey || event.metaKey);
        return false;
      },
    }),
  ];
}

async function goToDefinition(store: DocumentStore, view: EditorView, offset: number): Promise<void> {
  const body = { path: store.path, text: view.state.doc.toString(), offset };
  try {
    const place = await post("/api/document/definition", { body });
    if (place === null) {
      store.setNotice("Nothing here is defined elsewhere.");
    } else if (place.path !== store.path) {
      pendingPlaces.set(place.path, place.from, place.to);
      go({ page: "file", path: place.path, isNew: false, step: null });
    } else if (view.state.doc.toString() === body.text) {
      view.dispatch({
        selection: { anchor: place.from, head: place.to },
        effects: EditorView.scrollIntoView(place.from, { y: "center" }),
        userEvent: "select.definition",
      });
      view.focus();
    }
  } catch (error) {
    store.setNotice(messageOf(error));
  }
}
