// The text that all views show: a CodeMirror state, which also works where no editor is mounted. One text, one history.
import { history, historyKeymap } from "@codemirror/commands";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { keymap } from "@codemirror/view";

/** What a mounted editor adds: its look, keys, completion. */
export const viewExtensions = new Compartment();

export function stateOf(text: string): EditorState {
  const extensions: Extension[] = [
    history({ newGroupDelay: 400 }),
    keymap.of(historyKeymap),
    // A carriage return stays where it is, as a character of its line: offsets and bytes are the file's.
    EditorState.lineSeparator.of("\n"),
    viewExtensions.of([]),
  ];
  return EditorState.create({ doc: text, extensions });
}
