// Files with carriage returns: the text keeps them, since offsets and bytes are the file's. They are not shown, the cursor
// passes over them, and lines that are added end as the others do.
import { Annotation, EditorSelection, EditorState, type Extension, Prec, RangeSet, type RangeValue, type Text, type Transaction, type TransactionSpec } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate } from "@codemirror/view";

const hidden = Decoration.replace({});

/** Whether the lines of a text end with CR LF: as its first one does. */
export function hasCarriageReturns(doc: Text): boolean {
  return doc.lines > 1 && doc.line(1).text.endsWith("\r");
}

/** What has to be changed in a text that was typed or pasted, so that its lines end as the file's. `before` stands in front of it. */
export function lineEndFixes(inserted: string, before: string, isCrLf: boolean): { from: number; to: number; insert: string }[] {
  const fixes: { from: number; to: number; insert: string }[] = [];
  for (let at = 0; at < inserted.length; at += 1) {
    const last = at === 0 ? before : inserted.charAt(at - 1);
    if (isCrLf && inserted.charAt(at) === "\n" && last !== "\r") fixes.push({ from: at, to: at, insert: "\r" });
    if (!isCrLf && inserted.charAt(at) === "\r") fixes.push({ from: at, to: at + 1, insert: "" });
  }
  return fixes;
}

const fixed = Annotation.define<boolean>();

/** Lines that are typed, pasted, dropped or completed end as the file's. What the server changes does already. */
const endings = EditorState.transactionFilter.of((transaction): TransactionSpec | readonly TransactionSpec[] => {
  if (!transaction.docChanged || !transaction.isUserEvent("input") || transaction.annotation(fixed)) return transaction;
  const isCrLf = hasCarriageReturns(transaction.startState.doc);
  const fixes: { from: number; to: number; insert: string }[] = [];
  transaction.changes.iterChanges((_fromA, _toA, fromB, _toB, inserted) => {
    const before = fromB === 0 ? "" : transaction.newDoc.sliceString(fromB - 1, fromB);
    for (const fix of lineEndFixes(inserted.toString(), before, isCrLf)) {
      fixes.push({ from: fromB + fix.from, to: fromB + fix.to, insert: fix.insert });
    }
  });
  if (fixes.length === 0) return transaction;
  return [transaction, { changes: fixes, sequential: true, annotations: fixed.of(true) }];
});

/** Where the cursor must not stand: between CR and LF. */
function before(state: Pick<EditorState, "doc">, at: number): number {
  const line = state.doc.lineAt(at);
  return at === line.to && line.number < state.doc.lines && line.text.endsWith("\r") ? at - 1 : at;
}

const cursor = EditorState.transactionFilter.of((transaction: Transaction): TransactionSpec | readonly TransactionSpec[] => {
  if (!transaction.selection || !hasCarriageReturns(transaction.newDoc)) return transaction;
  const { newSelection, newDoc } = transaction;
  const at = (place: number): number => before({ doc: newDoc }, place);
  if (newSelection.ranges.every((range) => at(range.from) === range.from && at(range.to) === range.to)) return transaction;
  const ranges = newSelection.ranges.map((range) => EditorSelection.range(at(range.anchor), at(range.head)));
  return [transaction, { selection: EditorSelection.create(ranges, newSelection.mainIndex), sequential: true }];
});

const hiding = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet = Decoration.none;
    atoms: RangeSet<RangeValue> = RangeSet.empty;

    constructor(view: EditorView) {
      this.#build(view);
    }

    update(update: ViewUpdate): void {
      if (update.docChanged || update.viewportChanged) this.#build(update.view);
    }

    #build(view: EditorView): void {
      const signs = [];
      const breaks = [];
      for (const { from, to } of view.visibleRanges) {
        for (let at = from; at <= to; ) {
          const line = view.state.doc.lineAt(at);
          if (line.text.endsWith("\r")) {
            signs.push(hidden.range(line.to - 1, line.to));
            if (line.number < view.state.doc.lines) breaks.push(hidden.range(line.to - 1, line.to + 1));
          }
          at = line.to + 1;
        }
      }
      this.decorations = Decoration.set(signs);
      // Deleting at the edge of a break takes both of its signs.
      this.atoms = Decoration.set(breaks);
    }
  },
  {
    decorations: (value) => value.decorations,
    provide: (plugin) => EditorView.atomicRanges.of((view) => view.plugin(plugin)?.atoms ?? RangeSet.empty),
  },
);

export const lineEnds: Extension = [endings, cursor, Prec.high(hiding)];
