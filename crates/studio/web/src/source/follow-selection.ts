// The text and the other views follow each other's selection.
import { EditorView, type ViewUpdate } from "@codemirror/view";
import type { Extension } from "@codemirror/state";
import type { DocumentStore } from "../document/store";
import { markLines } from "./step-lines";

const PAUSE = 90;

/** The step around the cursor becomes the selected one. */
export function selectByCursor(store: DocumentStore): Extension {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return EditorView.updateListener.of((update) => {
    if (!isMove(update)) return;
    clearTimeout(timer);
    const { view } = update;
    const look = (): void => {
      // Where steps stand is known once the server has read the text.
      if (store.snapshot().isBehind) timer = setTimeout(look, PAUSE);
      else if (view.hasFocus) select(store, view);
    };
    timer = setTimeout(look, PAUSE);
  });
}

function isMove(update: ViewUpdate): boolean {
  return update.transactions.some(
    (transaction) => transaction.isUserEvent("select") || transaction.isUserEvent("input") || transaction.isUserEvent("delete"),
  );
}

function select(store: DocumentStore, view: EditorView): void {
  const { head, from, to } = view.state.selection.main;
  // Behind the selection of whole lines the cursor stands at the beginning of the next.
  const at = head === to && to > from && view.state.doc.lineAt(to).from === to ? to - 1 : head;
  const step = store.stepAt(startOfText(view, at));
  store.select(step ? [step.path] : [], "source");
}

/** In the indentation of a line one means what the line says. */
function startOfText(view: EditorView, at: number): number {
  const line = view.state.doc.lineAt(at);
  const indent = /^\s*(- )?/.exec(line.text)?.[0].length ?? 0;
  return line.text.trim() === "" ? at : Math.max(at, line.from + Math.min(indent, line.length));
}

/** Shows which step is selected; goes there if another view selected it. The focus stays where it is. */
export function showSelection(store: DocumentStore, view: EditorView, isNew: boolean): void {
  const { selected } = store.snapshot();
  const steps = selected.flatMap((path) => store.step(path) ?? []);
  const effects = [];
  const marks = markLines(view.state, steps);
  if (marks) effects.push(marks);
  const [first] = steps;
  const goes = isNew && first !== undefined && store.selectionOrigin !== "source" && first.from <= view.state.doc.length;
  if (goes) effects.push(EditorView.scrollIntoView(first.from, { y: isInView(view, first.from) ? "nearest" : "start", yMargin: 48 }));
  if (effects.length === 0) return;
  // The cursor comes along where nobody is typing.
  view.dispatch(goes && !view.hasFocus ? { effects, selection: { anchor: first.from } } : { effects });
}

function isInView(view: EditorView, at: number): boolean {
  const block = view.lineBlockAt(at);
  const { scrollTop, clientHeight } = view.scrollDOM;
  return block.top >= scrollTop && block.bottom <= scrollTop + clientHeight;
}
