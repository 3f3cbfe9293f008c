// Files with carriage returns: the text keeps them, since offsets and bytes are the file's. They are not shown, the cursor
// passes over them, and lines that are added end as the others do.
import { Annotation, EditorSelection, EditorState, type Extension, Prec, type Text, type TransactionSpec } from "@codemirror/state";
import { type Command, Decoration, type DecorationSet, type EditorView, keymap, ViewPlugin, type ViewUpdate } from "@codemirror/view";

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
  const { doc } = transaction.startState;
  transaction.changes.iterChanges((_fromA, toA, fromB, toB, inserted) => {
    const before = fromB === 0 ? "" : transaction.newDoc.sliceString(fromB - 1, fromB);
    for (const fix of lineEndFixes(inserted.toString(), before, isCrLf)) {
      fixes.push({ from: fromB + fix.from, to: fromB + fix.to, insert: fix.insert });
    }
    // What is blank behind the cursor goes at a new line, and the CR with it: the break keeps its own.
    const hasLost = doc.sliceString(toA - 1, toA + 1) === "\r\n" && transaction.newDoc.sliceString(toB - 1, toB) !== "\r";
    if (hasLost) fixes.push({ from: toB, to: toB, insert: "\r" });
  });
  if (fixes.length === 0) return transaction;
  return [transaction, { changes: fixes, sequential: true, annotations: fixed.of(true) }];
});

/** The last place of a line at which the cursor may stand: before CR LF. */
function beforeBreak(doc: Text, at: number): number {
  const line = doc.lineAt(at);
  return at === line.to && line.number < doc.lines && line.text.endsWith("\r") ? at - 1 : at;
}

const cursor = EditorState.transactionFilter.of((transaction): TransactionSpec | readonly TransactionSpec[] => {
  if (!transaction.selection || !hasCarriageReturns(transaction.newDoc)) return transaction;
  const { newSelection, newDoc } = transaction;
  const at = (place: number): number => beforeBreak(newDoc, place);
  if (newSelection.ranges.every((range) => at(range.from) === range.from && at(range.to) === range.to)) return transaction;
  const ranges = newSelection.ranges.map((range) => EditorSelection.range(at(range.anchor), at(range.head)));
  return [transaction, { selection: EditorSelection.create(ranges, newSelection.mainIndex), sequential: true }];
});

/** Who deletes one sign of a break deletes both. */
const deletions = EditorState.transactionFilter.of((transaction): TransactionSpec | readonly TransactionSpec[] => {
  if (!transaction.isUserEvent("delete") || !hasCarriageReturns(transaction.startState.doc)) return transaction;
  const { doc } = transaction.startState;
  const more: { from: number; to: number }[] = [];
  transaction.changes.iterChanges((fromA, toA, fromB, toB) => {
    if (fromB !== toB) return;
    if (doc.sliceString(fromA - 1, fromA + 1) === "\r\n") more.push({ from: fromB - 1, to: fromB });
    if (doc.sliceString(toA - 1, toA + 1) === "\r\n") more.push({ from: fromB, to: fromB + 1 });
  });
  return more.length === 0 ? transaction : [transaction, { changes: more, sequential: true }];
});

/** From the end of a line on to the next one, over both signs. */
function goOn(isExtending: boolean): Command {
  return (view) => {
    const { doc, selection } = view.state;
    const { anchor, head, empty } = selection.main;
    if (doc.sliceString(head, head + 2) !== "\r\n" || (!isExtending && !empty)) return false;
    view.dispatch({ selection: { anchor: isExtending ? anchor : head + 2, head: head + 2 }, scrollIntoView: true, userEvent: "select" });
    return true;
  };
}

const keys = keymap.of([
  { key: "ArrowRight", run: goOn(false), shift: goOn(true) },
  { key: "Ctrl-ArrowRight", mac: "Alt-ArrowRight", run: goOn(false), shift: goOn(true) },
]);

const hiding = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;

    constructor(view: EditorView) {
      this.decorations = hide(view);
    }

    update(update: ViewUpdate): void {
      if (update.docChanged || update.viewportChanged) this.decorations = hide(update.view);
    }
  },
  { decorations: (value) => value.decorations },
);

function hide(view: EditorView): DecorationSet {
  const { doc } = view.state;
  const signs = [];
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to; ) {
      const line = doc.lineAt(at);
      if (line.text.endsWith("\r")) signs.push(hidden.range(line.to - 1, line.to));
      at = line.to + 1;
    }
  }
  return Decoration.set(signs);
}

export const lineEnds: Extension = [endings, cursor, deletions, Prec.high(keys), Prec.high(hiding)];
