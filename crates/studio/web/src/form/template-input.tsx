// A text field that knows templates: colours, and completion of what can be named. A small editor without a history of its own:
// what is written goes into the flow's, as one step.
import { autocompletion, closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { insertNewline, standardKeymap } from "@codemirror/commands";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, keymap, placeholder as emptyText } from "@codemirror/view";
import { useEffect, useLayoutEffect, useRef } from "react";
import { completionLook } from "../source/completion";
import { editorNonce } from "../source/extensions";
import { bareExpression, templatesInText } from "../source/templates";
import { fieldTheme } from "../source/theme";
import { typeOver } from "../source/type-over";
import { type Commit, DraftText } from "./draft-text";
import { type Form, useForm } from "./form-context";
import { completeTemplate } from "./template-completion";

interface TemplateInputProps {
  readonly value: string;
  readonly onCommit: Commit;
  /** Each text as it is typed. */
  readonly onType?: (text: string) => void;
  readonly labelledBy: string;
  readonly describedBy?: string | undefined;
  readonly isExpression?: boolean;
  readonly isMultiline?: boolean;
  readonly isRequired?: boolean;
  readonly isInvalid?: boolean;
  readonly placeholder?: string;
}

type Latest = Pick<TemplateInputProps, "onCommit" | "onType"> & { readonly form: Form };

export function TemplateInput(props: TemplateInputProps) {
  const { value, labelledBy, describedBy, isExpression = false, isMultiline = false, placeholder = "" } = props;
  const { isRequired = false, isInvalid = false } = props;
  const form = useForm();
  const parent = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const draft = useRef<DraftText | null>(null);
  const latest = useRef<Latest>({ form, onCommit: props.onCommit, ...(props.onType ? { onType: props.onType } : {}) });
  useLayoutEffect(() => {
    latest.current = { form, onCommit: props.onCommit, ...(props.onType ? { onType: props.onType } : {}) };
  });

  const { isReadOnly } = form;
  useEffect(() => {
    if (parent.current === null) return;
    const own = new DraftText(value, (text) => latest.current.onCommit(text));
    const extensions = extensionsOf(own, latest, { isExpression, isMultiline, isReadOnly, placeholder });
    const made = new EditorView({ parent: parent.current, state: EditorState.create({ doc: value, extensions }) });
    [view.current, draft.current] = [made, own];
    const forget = latest.current.form.store.addField(() => own.flush());
    return () => {
      forget();
      void own.flush();
      own.close();
      made.destroy();
      [view.current, draft.current] = [null, null];
    };
    // The value of later renders is received below.
  }, [isExpression, isMultiline, isReadOnly, placeholder]);

  useEffect(() => {
    const editor = view.current;
    if (editor && draft.current?.receive(value)) showText(editor, value);
  }, [value]);

  useEffect(() => {
    view.current?.dispatch({ effects: words.reconfigure(wordsOf({ labelledBy, describedBy, isRequired, isInvalid })) });
  }, [labelledBy, describedBy, isRequired, isInvalid, isExpression, isMultiline, isReadOnly, placeholder]);

  return <div className="template-input" data-multiline={isMultiline || undefined} data-invalid={isInvalid || undefined} ref={parent} />;
}

/** What is said of a field to assistive technology. */
const words = new Compartment();

interface Words {
  readonly labelledBy: string;
  readonly describedBy: string | undefined;
  readonly isRequired: boolean;
  readonly isInvalid: boolean;
}

function wordsOf({ labelledBy, describedBy, isRequired, isInvalid }: Words): Extension {
  return EditorView.contentAttributes.of({
    "aria-labelledby": labelledBy,
    ...(describedBy === undefined ? {} : { "aria-describedby": describedBy }),
    ...(isRequired ? { "aria-required": "true" } : {}),
    ...(isInvalid ? { "aria-invalid": "true" } : {}),
  });
}

interface Manner {
  readonly isExpression: boolean;
  readonly isMultiline: boolean;
  readonly isReadOnly: boolean;
  readonly placeholder: string;
}

function extensionsOf(draft: DraftText, latest: { readonly current: Latest }, manner: Manner): Extension[] {
  const { isExpression, isMultiline } = manner;
  const flush = (): boolean => {
    void draft.flush();
    return true;
  };
  return [
    editorNonce(),
    EditorState.readOnly.of(manner.isReadOnly),
    words.of([]),
    EditorView.contentAttributes.of({ tabindex: "0", spellcheck: "false" }),
    EditorView.lineWrapping,
    drawSelection(),
    emptyText(manner.placeholder),
    isExpression ? bareExpression : templatesInText,
    closeBrackets(),
    typeOver,
    EditorState.languageData.of(() => [{ closeBrackets: { brackets: ["{", "("] } }]),
    autocompletion({
      override: [(context) => completeTemplate(context, latest.current.form, isExpression)],
      activateOnTypingDelay: 20,
      icons: false,
      optionClass: (option) => (option.detail?.endsWith("may be missing") ? "cm-completion-unsure" : ""),
      ...completionLook,
    }),
    keymap.of([
      { key: "Enter", run: isMultiline ? insertNewline : flush, shift: isExpression ? flush : insertNewline },
      { key: "Mod-Enter", run: flush },
      { key: "Escape", run: (view) => revert(view, draft) },
      { key: "Mod-z", run: (view) => revert(view, draft) || undo(latest.current.form) },
      { key: "Mod-Shift-z", run: () => redo(latest.current.form) },
      { key: "Mod-y", run: () => redo(latest.current.form) },
      ...closeBracketsKeymap,
      ...standardKeymap,
    ]),
    EditorView.updateListener.of((update) => {
      if (!update.docChanged) return;
      const text = update.state.doc.toString();
      // What `receive` has put there is known already.
      if (text === draft.text) return;
      draft.type(text);
      latest.current.onType?.(text);
    }),
    EditorView.domEventHandlers({ blur: () => void draft.flush() }),
    fieldTheme,
  ];
}

function revert(view: EditorView, draft: DraftText): boolean {
  if (!draft.isDirty) return false;
  showText(view, draft.revert());
  return true;
}

function undo(form: Form): boolean {
  if (!form.isReadOnly) form.store.undo();
  return true;
}

function redo(form: Form): boolean {
  if (!form.isReadOnly) form.store.redo();
  return true;
}

/** Only what differs is replaced: the cursor stays where it can. */
function showText(view: EditorView, text: string): void {
  const now = view.state.doc.toString();
  const most = Math.min(now.length, text.length);
  let from = 0;
  while (from < most && now[from] === text[from]) from += 1;
  let end = 0;
  while (end < most - from && now[now.length - 1 - end] === text[text.length - 1 - end]) end += 1;
  view.dispatch({ changes: { from, to: now.length - end, insert: text.slice(from, text.length - end) } });
}
