// One open file: its text and history, what the server says it means, what is selected, and how it is saved.
// `useSyncExternalStore` reads it: see `useDocument`.
import { isolateHistory, redo, redoDepth, undo, undoDepth } from "@codemirror/commands";
import { type ChangeSpec, type EditorState, Transaction, type TransactionSpec } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import { get, post, put } from "../api/client";
import { ApiProblem, messageOf } from "../api/problem";
import type { Document, Edit, File, OutlineStep, Picture, SaveConflict } from "../api/types";
import { dropDraft, forgetDraft, keepDraft, readDraft } from "./drafts";
import { stateOf } from "./state";

export type Saving = "idle" | "saving" | "failed";

export interface DocumentSnapshot {
  readonly path: string;
  readonly text: string;
  readonly base: File | null;
  readonly isDirty: boolean;
  /** What the text means; of the text before while `isBehind`. */
  readonly document: Document | null;
  /** The last picture that could be drawn. */
  readonly picture: Picture | null;
  /** Whether the picture is not that of the text as it is: it cannot be read. */
  readonly isPictureOld: boolean;
  /** Whether it is of no more than could be read: there was none before. */
  readonly isPicturePart: boolean;
  readonly isBehind: boolean;
  readonly selected: readonly string[];
  readonly collapsed: ReadonlySet<string>;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  readonly saving: Saving;
  readonly conflict: SaveConflict | null;
  /** The file on disk is another than `base`, or is gone. */
  readonly changedOnDisk: "no" | "changed" | "deleted";
  /** A sentence about the last thing that was done. */
  readonly notice: string | null;
}

/** Who selected: each view follows the others, not itself. */
export type SelectionOrigin = "canvas" | "source" | "panel" | "edit";

const TYPING_PAUSE = 60;

export class DocumentStore {
  readonly path: string;
  #state: EditorState;
  #view: EditorView | null = null;
  #base: File | null;
  #document: Document | null = null;
  #picture: Picture | null = null;
  #isPicturePart = false;
  #meant: string | null = null;
  #selected: readonly string[] = [];
  #selectionOrigin: SelectionOrigin = "edit";
  /** How often a person has selected something. */
  #choices = 0;
  #collapsed: ReadonlySet<string> = new Set();
  #saving: Saving = "idle";
  #conflict: SaveConflict | null = null;
  #changedOnDisk: DocumentSnapshot["changedOnDisk"] = "no";
  #notice: string | null = null;
  #snapshot: DocumentSnapshot;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #draftTimer: ReturnType<typeof setTimeout> | undefined;
  #reading: AbortController | null = null;
  #edits: Promise<unknown> = Promise.resolve();
  readonly #fields = new Set<() => Promise<void>>();
  readonly #listeners = new Set<() => void>();

  private constructor(path: string, base: File | null, text: string) {
    this.path = path;
    this.#base = base;
    this.#state = stateOf(base?.text ?? "");
    this.#snapshot = this.#take();
    if (text !== this.#text()) {
      this.dispatch({ changes: { from: 0, to: this.#state.doc.length, insert: text } });
    } else {
      void this.read();
    }
  }

  /** Opens a file, with the unsaved work on it, if there is any. `isNew` opens one that is not there yet. */
  static async open(path: string, isNew = false): Promise<DocumentStore> {
    const draft = readDraft(path);
    const file = isNew ? null : await fileOf(path, draft !== null);
    if (draft === null || draft.text === file?.text) {
      forgetDraft(path);
      return new DocumentStore(path, file, file?.text ?? "");
    }
    const base = file && draft.base && { path, text: draft.base.text, version: draft.base.version };
    const store = new DocumentStore(path, base, draft.text);
    store.#notice = "Unsaved changes of an earlier visit are here again.";
    store.#changedOnDisk = file === null ? (isNew ? "no" : "deleted") : file.version === base?.version ? "no" : "changed";
    store.#publish();
    return store;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): DocumentSnapshot => this.#snapshot;

  get state(): EditorState {
    return this.#state;
  }

  get selectionOrigin(): SelectionOrigin {
    return this.#selectionOrigin;
  }

  // —— the text

  /** An editor shows the text from now on. It hands every transaction to `applied`. */
  attach(view: EditorView): () => void {
    this.#view = view;
    return () => {
      if (this.#view === view) this.#view = null;
    };
  }

  /** An editor has applied transactions. */
  applied(state: EditorState, docChanged: boolean): void {
    this.#state = state;
    if (docChanged) this.#textChanged(TYPING_PAUSE);
    this.#publish();
  }

  dispatch(spec: TransactionSpec): void {
    const transaction = this.#state.update(spec);
    if (this.#view) this.#view.dispatch(transaction);
    else this.applied(transaction.state, transaction.docChanged);
  }

  undo(): void {
    undo({ state: this.#state, dispatch: (transaction) => this.#forward(transaction) });
  }

  redo(): void {
    redo({ state: this.#state, dispatch: (transaction) => this.#forward(transaction) });
  }

  /** Another text in the place of all of it, as one step of the history. */
  replace(text: string): void {
    const now = this.#text();
    if (text === now) return;
    let from = 0;
    while (from < Math.min(text.length, now.length) && text[from] === now[from]) from += 1;
    let end = 0;
    const most = Math.min(text.length, now.length) - from;
    while (end < most && text[text.length - 1 - end] === now[now.length - 1 - end]) end += 1;
    this.#change([{ from, to: now.length - end, insert: text.slice(from, text.length - end) }], "replace");
  }

  // —— what it means

  /** Asks what the text means. */
  async read(): Promise<void> {
    clearTimeout(this.#timer);
    this.#reading?.abort();
    const reading = new AbortController();
    this.#reading = reading;
    const text = this.#text();
    try {
      const document = await post("/api/document", { body: this.#body(text), signal: reading.signal });
      if (reading.signal.aborted) return;
      this.#takeIn(document, text);
    } catch (error) {
      if (reading.signal.aborted) return;
      // Once the server is there again it is asked again.
      if (error instanceof ApiProblem && error.isOffline) this.#timer = setTimeout(() => void this.read(), 1000);
      else this.#notice = messageOf(error);
    }
    this.#publish();
  }

  /** Does a visual edit: one change of the text, one step of the history. `false` where it was refused, with a notice. */
  edit(edit: Edit): Promise<boolean> {
    const choices = this.#choices;
    const done = this.#edits.then(() => this.#edit(edit, choices));
    this.#edits = done;
    return done;
  }

  async #edit(edit: Edit, choices: number): Promise<boolean> {
    try {
      for (;;) {
        const text = this.#text();
        const edited = await post("/api/document/edit", { body: { ...this.#body(text), edit } });
        // Somebody typed meanwhile: the places are others now.
        if (text !== this.#text()) continue;
        this.#reading?.abort();
        this.#change(edited.changes, edit.edit);
        this.#takeIn(edited.document, this.#text());
        clearTimeout(this.#timer);
        // Who has selected something else meanwhile stays there.
        if (edited.select !== null && choices === this.#choices) this.#select([edited.select], "edit");
        else this.#select(this.#selected.filter((path) => this.step(path)), "edit");
        this.#notice = null;
        this.#publish();
        return true;
      }
    } catch (error) {
      this.#notice = messageOf(error);
      this.#publish();
      return false;
    }
  }

  /** A field of a form may hold words that are not in the text yet; `flush` writes them. */
  addField(flush: () => Promise<void>): () => void {
    this.#fields.add(flush);
    return () => this.#fields.delete(flush);
  }

  /** Once all that was typed into fields, and every edit before, is in the text. */
  async settled(): Promise<void> {
    await Promise.all([...this.#fields].map((flush) => flush()));
    await this.#edits;
  }

  step(path: string): OutlineStep | undefined {
    return this.#document?.steps.find((step) => step.path === path);
  }

  /** The innermost step around an offset. */
  stepAt(offset: number): OutlineStep | undefined {
    let found: OutlineStep | undefined;
    for (const step of this.#document?.steps ?? []) {
      if (step.from <= offset && offset <= step.to && (!found || step.from >= found.from)) found = step;
    }
    return found;
  }

  // —— selection and collapse

  select(paths: readonly string[], origin: SelectionOrigin): void {
    this.#choices += 1;
    this.#select(paths, origin);
    this.#publish();
  }

  #select(paths: readonly string[], origin: SelectionOrigin): void {
    if (paths.join("\n") === this.#selected.join("\n")) return;
    this.#selected = paths;
    this.#selectionOrigin = origin;
  }

  setCollapsed(paths: ReadonlySet<string>): void {
    this.#collapsed = paths;
    this.#publish();
    void this.read();
  }

  // —— saving

  /** Writes the file. What was changed on disk meanwhile is merged, or becomes `conflict`; it is never overwritten. */
  async save(): Promise<boolean> {
    if (this.#saving === "saving") return false;
    this.#saving = "saving";
    this.#publish();
    try {
      await this.settled();
      for (;;) {
        const text = this.#text();
        try {
          const base = this.#base;
          const body = { text, base: base?.version ?? null, ...(base ? { base_text: base.text } : {}) };
          const { version } = await put("/api/files/{path}", { params: { path: this.path }, body });
          this.#base = { path: this.path, text, version };
          this.#saving = "idle";
          this.#conflict = null;
          this.#changedOnDisk = "no";
          if (text === this.#text()) dropDraft(this.path);
          this.#publish();
          return true;
        } catch (error) {
          const conflict = conflictOf(error);
          if (conflict === null) throw error;
          if (conflict.merged === null || conflict.theirs === null || text !== this.#text()) {
            this.#conflict = conflict;
            this.#saving = "failed";
            this.#publish();
            return false;
          }
          this.#base = conflict.theirs;
          this.replace(conflict.merged);
          this.#notice = "Merged with what has changed on disk.";
        }
      }
    } catch (error) {
      this.#saving = "failed";
      this.#notice = messageOf(error);
      this.#publish();
      return false;
    }
  }

  /** Ends a conflict: with the file on disk, or with one's own text, which is saved over what was just seen. */
  resolve(which: "mine" | "theirs"): void {
    const conflict = this.#conflict;
    if (conflict === null) return;
    this.#conflict = null;
    this.#base = conflict.theirs;
    this.#changedOnDisk = "no";
    this.#saving = "idle";
    if (which === "theirs" && conflict.theirs) this.replace(conflict.theirs.text);
    this.#publish();
    if (which === "mine") void this.save();
  }

  closeConflict(): void {
    this.#conflict = null;
    this.#saving = "idle";
    this.#publish();
  }

  setNotice(notice: string | null): void {
    this.#notice = notice;
    this.#publish();
  }

  /** The workspace has changed: the file may have, too; and what the text means with the other files. */
  async refresh(): Promise<void> {
    if (this.#saving === "saving") return;
    try {
      const file = await get("/api/files/{path}", { params: { path: this.path } });
      if (file.version !== this.#base?.version) {
        const isDirty = this.#isDirty();
        if (isDirty && file.text !== this.#text()) this.#changedOnDisk = "changed";
        else {
          this.#base = file;
          this.#changedOnDisk = "no";
          this.replace(file.text);
        }
      } else this.#changedOnDisk = "no";
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 404 && this.#base !== null) {
        this.#changedOnDisk = "deleted";
        this.#base = null;
      }
    }
    this.#publish();
    await this.read();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#reading?.abort();
    this.keep();
  }

  /** Keeps what is unsaved now, not only at the next pause. */
  keep(): void {
    this.#keepDraft();
  }

  // —— inside

  #text(): string {
    return this.#state.doc.toString();
  }

  #isDirty(): boolean {
    return this.#base === null ? this.#state.doc.length > 0 : this.#base.text !== this.#text();
  }

  #body(text: string): { path: string; text: string; collapsed: string[] } {
    return { path: this.path, text, collapsed: [...this.#collapsed] };
  }

  #forward(transaction: Transaction): void {
    if (this.#view) this.#view.dispatch(transaction);
    else this.applied(transaction.state, transaction.docChanged);
    this.#textChanged(0);
  }

  #change(changes: ChangeSpec, kind: string): void {
    this.dispatch({
      changes,
      annotations: [Transaction.userEvent.of(`edit.${kind}`), isolateHistory.of("full")],
    });
  }

  #textChanged(pause: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.read(), pause);
    clearTimeout(this.#draftTimer);
    this.#draftTimer = setTimeout(() => this.#keepDraft(), 300);
  }

  #keepDraft(): void {
    clearTimeout(this.#draftTimer);
    if (!this.#isDirty()) return dropDraft(this.path);
    const base = this.#base && { version: this.#base.version, text: this.#base.text };
    if (!keepDraft(this.path, { text: this.#text(), base })) {
      this.#notice = "This browser has no room left to keep unsaved changes over a reload.";
    }
  }

  #takeIn(document: Document, text: string): void {
    this.#document = document;
    this.#meant = text;
    const drawn = document.picture;
    if (!drawn || !(document.complete || this.#picture === null || this.#isPicturePart)) return;
    this.#picture = drawn;
    this.#isPicturePart = !document.complete;
  }

  #take(): DocumentSnapshot {
    const text = this.#text();
    return {
      path: this.path,
      text,
      base: this.#base,
      isDirty: this.#isDirty(),
      document: this.#document,
      picture: this.#picture,
      isPictureOld: this.#picture !== null && this.#document !== null && !this.#document.complete,
      isPicturePart: this.#isPicturePart,
      isBehind: this.#meant !== text,
      selected: this.#selected,
      collapsed: this.#collapsed,
      canUndo: undoDepth(this.#state) > 0,
      canRedo: redoDepth(this.#state) > 0,
      saving: this.#saving,
      conflict: this.#conflict,
      changedOnDisk: this.#changedOnDisk,
      notice: this.#notice,
    };
  }

  #publish(): void {
    this.#snapshot = this.#take();
    for (const listener of this.#listeners) listener();
  }
}

/** `null` where it is gone and there may be unsaved work on it, which is not to go with it. */
async function fileOf(path: string, isKept: boolean): Promise<File | null> {
  try {
    return await get("/api/files/{path}", { params: { path } });
  } catch (error) {
    if (isKept && error instanceof ApiProblem && error.status === 404) return null;
    throw error;
  }
}

function conflictOf(error: unknown): SaveConflict | null {
  if (!(error instanceof ApiProblem) || error.status !== 409) return null;
  const body = error.body;
  const isConflict = typeof body === "object" && body !== null && "theirs" in body && "merged" in body;
  return isConflict ? (body as SaveConflict) : null;
}
