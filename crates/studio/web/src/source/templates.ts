// Colours `{{ … }}` inside of texts, and the bare expressions of `if`, `switch` and `for_each`.
import { syntaxTree } from "@codemirror/language";
import { type Extension, Prec } from "@codemirror/state";
import { Decoration, type DecorationSet, type EditorView, MatchDecorator, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import { type TokenKind, templateTokens } from "./template-tokens";

const template = Decoration.mark({ class: "cm-template" });
const MARKS: Readonly<Record<TokenKind, Decoration>> = {
  brace: Decoration.mark({ class: "cm-template-brace" }),
  string: Decoration.mark({ class: "cm-template-string" }),
  number: Decoration.mark({ class: "cm-template-number" }),
  word: Decoration.mark({ class: "cm-template-word" }),
  function: Decoration.mark({ class: "cm-template-function" }),
  path: Decoration.mark({ class: "cm-template-path" }),
};

const IN_YAML = /\{\{.*?\}\}|(?<=^\s*(?:- +)*(?:if|switch|for_each): +)[^\s{"'|>#&*![].*$/g;
const IN_TEXT = /\{\{.*?\}\}/g;
const BARE = /^.+$/g;

function decorator(regexp: RegExp, isYaml: boolean): MatchDecorator {
  return new MatchDecorator({
    regexp,
    decorate: (add, from, _to, match, view) => {
      if (isYaml && isComment(view, from)) return;
      // A comment behind an expression is not part of it.
      const text = isYaml && !match[0].startsWith("{{") ? match[0].replace(/\s+#.*$/, "") : match[0];
      add(from, from + text.length, template);
      for (const token of templateTokens(text, from)) add(token.from, token.to, MARKS[token.kind]);
    },
  });
}

function isComment(view: EditorView, at: number): boolean {
  return syntaxTree(view.state).resolveInner(at, 1).name === "Comment";
}

function highlighting(regexp: RegExp, isYaml: boolean): Extension {
  const matcher = decorator(regexp, isYaml);
  const plugin = ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;

      constructor(view: EditorView) {
        this.decorations = matcher.createDeco(view);
      }

      update(update: ViewUpdate): void {
        this.decorations = matcher.updateDeco(update, this.decorations);
      }
    },
    { decorations: (value) => value.decorations },
  );
  return Prec.low(plugin);
}

/** In a whole file. */
export const templatesInYaml: Extension = highlighting(IN_YAML, true);
/** In one text. */
export const templatesInText: Extension = highlighting(IN_TEXT, false);
/** Where the whole text is an expression. */
export const bareExpression: Extension = highlighting(BARE, false);
