// What makes a text an editor: looks, keys, and what the server knows about it.
import { closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, indentWithTab } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, codeFolding, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import {
  crosshairCursor,
  drawSelection,
  dropCursor,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  rectangularSelection,
} from "@codemirror/view";
import type { DocumentStore } from "../document/store";
import { completion } from "./completion";
import { findings } from "./findings";
import { selectByCursor } from "./follow-selection";
import { definitions, hover } from "./hover";
import { hangingIndent } from "./hanging-indent";
import { lineEnds } from "./line-ends";
import { stepLines } from "./step-lines";
import { templatesInYaml } from "./templates";
import { sourceTheme } from "./theme";
import { typeOver } from "./type-over";

export interface SourceOptions {
  readonly store: DocumentStore;
  readonly isReadOnly: boolean;
  /** The id of the element that tells how to leave the editor. */
  readonly describedBy: string;
}

/** Signs that one does not see, apart from the carriage return at the end of a line. */
const SPECIAL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028\u2029\u202d\u202e\u2066\u2067\u2069\ufeff\ufff9-\ufffc]|\r(?!$)/g;

/** The words of the search panel and of the list of findings. */
const words = EditorState.phrases.of({
  next: "Next",
  previous: "Previous",
  all: "All",
  "match case": "Match case",
  regexp: "Regular expression",
  "by word": "Whole word",
  replace: "Replace",
  "replace all": "Replace all",
  Diagnostics: "Findings",
  "No diagnostics": "No findings",
});

export function sourceExtensions({ store, isReadOnly, describedBy }: SourceOptions): Extension[] {
  return [
    editorNonce(),
    findings(),
    lineNumbers(),
    highlightActiveLineGutter(),
    foldGutter({ markerDOM: foldMark }),
    codeFolding(),
    highlightSpecialChars({ specialChars: SPECIAL }),
    lineEnds,
    drawSelection(),
    dropCursor(),
    rectangularSelection(),
    crosshairCursor(),
    EditorState.allowMultipleSelections.of(true),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    typeOver,
    EditorState.languageData.of(() => [{ closeBrackets: { brackets: ["(", "[", "{"] }, commentTokens: { line: "#" } }]),
    highlightActiveLine(),
    highlightSelectionMatches({ minSelectionLength: 3 }),
    search({ top: true }),
    yaml(),
    templatesInYaml,
    indentUnit.of("  "),
    EditorState.tabSize.of(2),
    EditorView.lineWrapping,
    hangingIndent,
    words,
    completion(store.path),
    hover(store.path),
    definitions(store),
    stepLines,
    selectByCursor(store),
    EditorState.readOnly.of(isReadOnly),
    EditorView.contentAttributes.of({ "aria-label": `Text of ${store.path}`, "aria-describedby": describedBy, spellcheck: "false", tabindex: "0" }),
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...foldKeymap, ...completionKeymap, indentWithTab]),
    sourceTheme,
  ];
}

/** The styles of editors carry the nonce of the page. */
export function editorNonce(): Extension {
  const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce;
  return nonce ? EditorView.cspNonce.of(nonce) : [];
}

function foldMark(isOpen: boolean): HTMLElement {
  const mark = document.createElement("span");
  mark.className = "cm-fold-mark";
  mark.textContent = isOpen ? "⌄" : "›";
  mark.title = isOpen ? "Fold" : "Unfold";
  return mark;
}
