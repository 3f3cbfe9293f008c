// Lines that are too long go on below their beginning, not at the edge: the shape of the file stays readable.
import { type Extension, RangeSetBuilder } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate } from "@codemirror/view";

const DEEPEST = 40;
/** The line's own inset, which every line has. */
const INSET = 6;
const FURTHER = 2;

const depths = Array.from({ length: DEEPEST + 1 }, (_, depth) => Decoration.line({ class: `cm-hang-${depth}` }));

const theme = EditorView.theme(
  Object.fromEntries(
    depths.map((_, depth) => [
      `.cm-line.cm-hang-${depth}`,
      { paddingLeft: `calc(${depth + FURTHER}ch + ${INSET}px)`, textIndent: `-${depth + FURTHER}ch` },
    ]),
  ),
);

const plugin = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;

    constructor(view: EditorView) {
      this.decorations = build(view);
    }

    update(update: ViewUpdate): void {
      if (update.docChanged || update.viewportChanged) this.decorations = build(update.view);
    }
  },
  { decorations: (value) => value.decorations },
);

function build(view: EditorView): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to; ) {
      const line = view.state.doc.lineAt(at);
      const depth = /^ *(?:- +)*/.exec(line.text)?.[0].length ?? 0;
      const decoration = depths[Math.min(depth, DEEPEST)];
      if (decoration) builder.add(line.from, line.from, decoration);
      at = line.to + 1;
    }
  }
  return builder.finish();
}

export const hangingIndent: Extension = [plugin, theme];
