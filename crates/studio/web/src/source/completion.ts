// What can be written at the cursor, as the server says.
import {
  autocompletion,
  type Completion as Option,
  type CompletionContext,
  type CompletionResult,
  pickedCompletion,
  startCompletion,
} from "@codemirror/autocomplete";
import type { Extension } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import { post } from "../api/client";
import type { Completion } from "../api/types";
import { drawMarkdown } from "../ui/markdown-dom";
import { readSnippet } from "./snippet";

type Kind = Completion["kind"];

/** The letter of a kind, beside its name. */
const LETTERS: Readonly<Record<Kind, string>> = {
  key: "k",
  value: "v",
  action: "a",
  connection: "c",
  flow: "f",
  reference: "r",
  function: "ƒ",
  code: "!",
  step: "s",
};

export function completion(path: string): Extension {
  return autocompletion({
    override: [(context) => complete(context, path)],
    activateOnTypingDelay: 80,
    icons: false,
    ...completionLook,
  });
}

/** How an entry looks: the letter of its kind, its name, a word about it. */
export const completionLook = {
  addToOptions: [{ render: (option: Option) => kindSign(option.type), position: 20 }],
};

function kindSign(type: string | undefined): Node | null {
  const letter = LETTERS[type as Kind];
  if (letter === undefined) return null;
  const sign = document.createElement("span");
  sign.className = "cm-completion-kind";
  sign.textContent = letter;
  sign.title = type ?? "";
  sign.setAttribute("aria-hidden", "true");
  return sign;
}

async function complete(context: CompletionContext, path: string): Promise<CompletionResult | null> {
  const asked = new AbortController();
  context.addEventListener("abort", () => asked.abort(), { onDocChange: true });
  const body = { path, text: context.state.doc.toString(), offset: context.pos };
  try {
    const { from, to, items } = await post("/api/document/completions", { body, signal: asked.signal });
    if (items.length === 0) return null;
    const typed = context.state.sliceDoc(from, context.pos).replace(/^[\s"'{]+/, "").toLowerCase();
    // What fits, and in which order, is the server's to say: it is asked at each letter.
    return {
      from,
      to: Math.max(to, context.pos),
      filter: false,
      options: items.map(optionOf),
      getMatch: (option) => matchOf(option.label, typed),
    };
  } catch {
    // Without an answer there is nothing to offer; the banner says why.
    return null;
  }
}

/** The letters of a label that were typed. */
function matchOf(label: string, typed: string): number[] {
  const at = typed === "" ? -1 : label.toLowerCase().indexOf(typed);
  return at < 0 ? [] : [at, at + typed.length];
}

function optionOf(item: Completion): Option {
  const option: Option = { label: item.label, type: item.kind, apply: (view, option, from, to) => write(view, option, item, from, to) };
  if (item.detail !== null) option.detail = item.detail;
  const { docs } = item;
  if (docs !== null) option.info = () => drawMarkdown(docs);
  return option;
}

function write(view: EditorView, option: Option, item: Completion, from: number, to: number): void {
  const { text, cursor } = readSnippet(item.insert);
  view.dispatch({
    changes: { from, to, insert: text },
    selection: { anchor: from + cursor },
    scrollIntoView: true,
    userEvent: "input.complete",
    annotations: pickedCompletion.of(option),
  });
  // Behind a key its value is asked for at once.
  if (item.kind === "key" && /:\s*$/.test(text.slice(0, cursor))) setTimeout(() => startCompletion(view));
}
