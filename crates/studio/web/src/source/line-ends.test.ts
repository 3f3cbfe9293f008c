import { EditorSelection, EditorState } from "@codemirror/state";
import { expect, test } from "vitest";
import { lineEndFixes, lineEnds } from "./line-ends";

const stateOf = (doc: string): EditorState =>
  EditorState.create({ doc, extensions: [EditorState.lineSeparator.of("\n"), lineEnds] });

test("what is typed or pasted ends its lines as the file does", () => {
  const crlf = stateOf("a: 1\r\nb: 2\r\n");
  const typed = crlf.update({ changes: { from: 4, insert: "\n  " }, selection: { anchor: 7 }, userEvent: "input" }).state;
  expect(typed.doc.toString()).toBe("a: 1\r\n  \r\nb: 2\r\n");
  expect(typed.selection.main.head).toBe(8);
  const entered = crlf.update({ changes: { from: 4, to: 5, insert: "\n" }, selection: { anchor: 5 }, userEvent: "input" }).state;
  expect(entered.doc.toString()).toBe("a: 1\r\n\r\nb: 2\r\n");
  expect(entered.selection.main.head).toBe(6);
  const pasted = crlf.update({ changes: { from: 6, insert: "x\ny\r\nz" }, userEvent: "input.paste" }).state;
  expect(pasted.doc.toString()).toBe("a: 1\r\nx\r\ny\r\nzb: 2\r\n");
  const lf = stateOf("a: 1\nb: 2\n").update({ changes: { from: 5, insert: "x\r\ny\r\n" }, userEvent: "input.paste" }).state;
  expect(lf.doc.toString()).toBe("a: 1\nx\ny\nb: 2\n");
});

test("what an edit or the history changes stays as it is", () => {
  const state = stateOf("a: 1\r\n").update({ changes: { from: 6, insert: "b: 2\n" }, userEvent: "edit.set" }).state;
  expect(state.doc.toString()).toBe("a: 1\r\nb: 2\n");
});

test("the cursor does not come between CR and LF", () => {
  const state = stateOf("a: 1\r\nb: 2\r\n");
  expect(state.update({ selection: { anchor: 5 } }).state.selection.main.head).toBe(4);
  const both = state.update({ selection: EditorSelection.range(5, 11) }).state.selection.main;
  expect([both.from, both.to]).toEqual([4, 10]);
  expect(state.update({ selection: { anchor: 6 } }).state.selection.main.head).toBe(6);
});

test("both signs of a break go together", () => {
  const state = stateOf("a: 1\r\nb: 2\r\n");
  const text = (from: number, to: number): string => state.update({ changes: { from, to }, userEvent: "delete" }).state.doc.toString();
  expect([text(5, 6), text(4, 5), text(4, 6), text(0, 6), text(2, 5)]).toEqual([
    "a: 1b: 2\r\n",
    "a: 1b: 2\r\n",
    "a: 1b: 2\r\n",
    "b: 2\r\n",
    "a:b: 2\r\n",
  ]);
});

test("a lone CR at the end of a pasted text is judged by what stands before", () => {
  expect(lineEndFixes("\n", "\r", true)).toEqual([]);
  expect(lineEndFixes("\n", "", true)).toEqual([{ from: 0, to: 0, insert: "\r" }]);
});
