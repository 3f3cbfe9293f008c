// Completion in a field: what the step can name on its path, and functions.
import { type Completion as Option, type CompletionContext, type CompletionResult, pickedCompletion } from "@codemirror/autocomplete";
import type { EditorView } from "@codemirror/view";
import type { FunctionInfo, Reference, Scope } from "../api/types";
import { templateSpot, type TemplateSpot } from "../source/template-tokens";
import { drawMarkdown } from "../ui/markdown-dom";
import { allFunctions, type Form, scopeOf } from "./form-context";

export async function completeTemplate(context: CompletionContext, form: Form, isExpression: boolean): Promise<CompletionResult | null> {
  const text = context.state.doc.toString();
  const spot = templateSpot(text, context.pos, isExpression);
  // Outside of templates only who asks is told, and gets the braces too.
  if (spot === null && !context.explicit) return null;
  const [scope, functions] = await Promise.all([scopeOf(form), allFunctions()]);
  if (scope === null || context.aborted) return null;
  const at = spot ?? { from: context.pos, to: context.pos, isFirst: true, isClosed: false };
  const isClosed = isExpression || (spot !== null && spot.isClosed);
  // A whole template is done with its first word: the cursor goes behind its braces.
  const skip = !isExpression && at.isFirst && text.startsWith("}}", at.to) ? 2 : 0;
  const wrap = { before: spot === null ? "{{" : "", after: isClosed ? "" : "}}", skip };
  const options = optionsOf(scope, functions, at, wrap);
  return options.length === 0 ? null : { from: at.from, to: at.to, options, validFor: /^[\w.@[\]-]*$/ };
}

interface Wrap {
  readonly before: string;
  readonly after: string;
  /** How much the cursor passes of what stands behind. */
  readonly skip: number;
}

function optionsOf(scope: Scope, functions: ReadonlyMap<string, FunctionInfo>, spot: TemplateSpot, wrap: Wrap): Option[] {
  // What has fields is seldom meant whole.
  const parents = new Set(scope.references.map(({ path }) => path.slice(0, Math.max(path.lastIndexOf("."), 0))));
  const references = scope.references.map((reference) => referenceOption(reference, wrap, parents.has(reference.path)));
  if (!spot.isFirst) return references;
  return [...references, ...scope.functions.map((name) => functionOption(name, functions.get(name), wrap))];
}

function referenceOption(reference: Reference, wrap: Wrap, isParent: boolean): Option {
  const { path, type, is_sure, secret } = reference;
  const notes = [
    `\`${path}\`: ${type}${secret ? ", secret" : ""}`,
    reference.docs ?? "",
    is_sure ? "" : "May be missing here: use `default` or `optional`.",
  ];
  return {
    label: path,
    type: "reference",
    detail: is_sure ? type : `${type}, may be missing`,
    boost: (is_sure ? 2 : 0) - (isParent ? 3 : 0),
    info: () => drawMarkdown(notes.filter((note) => note !== "").join("\n\n")),
    apply: writer(path, wrap, wrap.after.length + wrap.skip),
  };
}

function functionOption(name: string, about: FunctionInfo | undefined, wrap: Wrap): Option {
  const option: Option = { label: name, type: "function", boost: -1, apply: writer(`${name} `, wrap, 0) };
  if (about === undefined) return option;
  const examples = about.examples.length === 0 ? "" : `\n\n\`\`\`\n${about.examples.join("\n")}\n\`\`\``;
  return { ...option, detail: about.signature, info: () => drawMarkdown(`${about.docs}${examples}`) };
}

/** Writes a word; `skip` is how much of what is closed behind it the cursor passes. */
function writer(word: string, wrap: Wrap, skip: number) {
  return (view: EditorView, option: Option, from: number, to: number): void => {
    const insert = wrap.before + word + wrap.after;
    view.dispatch({
      changes: { from, to, insert },
      selection: { anchor: from + wrap.before.length + word.length + skip },
      userEvent: "input.complete",
      annotations: pickedCompletion.of(option),
    });
  };
}
