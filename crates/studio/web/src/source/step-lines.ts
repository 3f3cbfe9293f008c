// The lines of the selected step, softly marked.
import { type EditorState, type Extension, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate } from "@codemirror/view";

interface Stretch {
  readonly from: number;
  readonly to: number;
}

const mark = StateEffect.define<readonly Stretch[]>();
const line = Decoration.line({ class: "cm-selected-step" });

const marked = StateField.define<readonly Stretch[]>({
  create: () => [],
  update: (stretches, transaction) => {
    let next = stretches;
    if (transaction.docChanged && next.length > 0) {
      next = next.map(({ from, to }) => ({ from: transaction.changes.mapPos(from, 1), to: transaction.changes.mapPos(to, -1) }));
    }
    for (const effect of transaction.effects) if (effect.is(mark)) next = effect.value;
    return next;
  },
});

const lines = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;

    constructor(view: EditorView) {
      this.decorations = linesOf(view);
    }

    update(update: ViewUpdate): void {
      if (update.docChanged || update.viewportChanged || update.startState.field(marked) !== update.state.field(marked)) {
        this.decorations = linesOf(update.view);
      }
    }
  },
  { decorations: (value) => value.decorations },
);

/** Only of the lines that are in view: a step can be as long as its file. */
function linesOf(view: EditorView): DecorationSet {
  const { doc } = view.state;
  const starts = new Set<number>();
  for (const stretch of view.state.field(marked)) {
    if (stretch.to < stretch.from) continue;
    for (const range of view.visibleRanges) {
      const [from, to] = [Math.max(range.from, doc.lineAt(stretch.from).from), Math.min(range.to, stretch.to)];
      for (let at = from; at <= to; at = doc.lineAt(at).to + 1) starts.add(doc.lineAt(at).from);
    }
  }
  return Decoration.set([...starts].sort((a, b) => a - b).map((start) => line.range(start)));
}

export const stepLines: Extension = [marked, lines];

/** Marks the lines of these stretches, and no others. */
export function markLines(state: EditorState, stretches: readonly Stretch[]): StateEffect<readonly Stretch[]> | null {
  const kept = stretches
    .filter(({ from, to }) => to <= state.doc.length && from <= to)
    // A step's end is often the line break behind it.
    .map(({ from, to }) => ({ from, to: from + state.doc.sliceString(from, to).trimEnd().length }));
  const now = state.field(marked, false);
  if (now === undefined || JSON.stringify(now) === JSON.stringify(kept)) return null;
  return mark.of(kept);
}
