// What can be done to a flow on its canvas. Each command is begun when the one before has ended, and sees what that left.
import type { Edit, NewStep, OutlineStep, Slot } from "../api/types";
import type { DocumentSnapshot, DocumentStore } from "../document/store";
import { clipboard } from "./clipboard";
import { moveTarget, type Order, orderOf } from "./order";
import { areNeighbours, outermost, placeOf, slotAfter, slotBefore } from "./slot";
import { looksLikeSteps, stepsAsYaml } from "./steps-yaml";

export type Wrapper = Extract<Edit, { edit: "wrap" }>["in"];

const WITH_INSIDE = new Set(["if", "switch", "parallel", "for_each"]);

export class Commands {
  readonly #store: DocumentStore;
  #last: Promise<unknown> = Promise.resolve();

  constructor(store: DocumentStore) {
    this.#store = store;
  }

  /** The selected steps, without what is inside of others of them, in the order of the text. */
  selected(): readonly OutlineStep[] {
    const { selected, document } = this.#store.snapshot();
    const paths = new Set(outermost(selected));
    return (document?.steps ?? []).filter((step) => paths.has(step.path));
  }

  paths(): readonly string[] {
    return this.selected().map((step) => step.path);
  }

  /** The slot after what is selected; at the flow's end where nothing is. */
  slotAfterSelected(): Slot {
    const last = this.paths().at(-1);
    return last === undefined ? this.slotAtEnd() : slotAfter(last);
  }

  slotBeforeSelected(): Slot {
    const first = this.paths()[0];
    return first === undefined ? { list: "steps", index: 0 } : slotBefore(first);
  }

  slotAtEnd(): Slot {
    const steps = this.#store.snapshot().document?.steps ?? [];
    return { list: "steps", index: steps.filter((step) => step.list === "steps").length };
  }

  insert(at: Slot | null, step: NewStep): Promise<boolean> {
    return this.#run(() => ({ edit: "insert", at: at ?? this.slotAfterSelected(), step }));
  }

  delete(): Promise<boolean> {
    return this.#run((paths) => (paths.length === 0 ? null : { edit: "delete", steps: [...paths] }));
  }

  moveTo(paths: readonly string[], at: Slot): Promise<boolean> {
    return this.#run(() => ({ edit: "move", steps: [...outermost(paths)], at }));
  }

  copyTo(paths: readonly string[], at: Slot): Promise<boolean> {
    return this.#run(() => ({ edit: "copy", steps: [...outermost(paths)], at }));
  }

  move(by: 1 | -1): Promise<boolean> {
    return this.#run((paths, { picture }) => {
      const at = picture && moveTarget(orderOf(picture), paths, by);
      return at ? { edit: "move", steps: [...paths], at } : null;
    });
  }

  canMove(order: Order, by: 1 | -1): boolean {
    return moveTarget(order, this.paths(), by) !== undefined;
  }

  duplicate(): Promise<boolean> {
    return this.#run((paths) =>
      paths.length === 0 ? null : { edit: "copy", steps: [...paths], at: this.slotAfterSelected() },
    );
  }

  canWrap(): boolean {
    return areNeighbours(this.paths());
  }

  wrap(wrapper: Wrapper): Promise<boolean> {
    return this.#run((paths) => (areNeighbours(paths) ? { edit: "wrap", steps: [...paths], in: wrapper } : null));
  }

  canUnwrap(): boolean {
    const [step, ...more] = this.selected();
    return step !== undefined && more.length === 0 && WITH_INSIDE.has(step.kind);
  }

  unwrap(): Promise<boolean> {
    return this.#run(([step]) => (step === undefined || !this.canUnwrap() ? null : { edit: "unwrap", step }));
  }

  /** Goes on in spite of the errors of a step. */
  continueOnError(step: string): Promise<boolean> {
    return this.#run(() => ({ edit: "set", step, key: "/on_error", value: "continue" }));
  }

  /** The selected steps as text; null where none is. */
  copyText(): string | null {
    const { text, isBehind } = this.#store.snapshot();
    const steps = this.selected();
    return steps.length === 0 || isBehind ? null : stepsAsYaml(text, steps);
  }

  async copy(): Promise<boolean> {
    const text = this.copyText();
    if (text !== null) await clipboard.write(text);
    return text !== null;
  }

  async cut(): Promise<void> {
    if (await this.copy()) await this.delete();
  }

  async paste(given: string | null = null, at: Slot | null = null): Promise<boolean> {
    const yaml = given ?? (await clipboard.read());
    if (yaml === null || !looksLikeSteps(yaml)) {
      this.#store.setNotice("There are no steps in the clipboard.");
      return false;
    }
    return this.insert(at, { yaml });
  }

  /** Hides or shows the inside of a step, or of the flow's error handler. */
  toggle(key: string): void {
    const collapsed = new Set(this.#store.snapshot().collapsed);
    if (!collapsed.delete(key)) collapsed.add(key);
    this.#store.setCollapsed(collapsed);
  }

  setAllCollapsed(keys: readonly string[]): void {
    this.#store.setCollapsed(new Set(keys));
  }

  /** Shows a step that others hide. */
  uncover(path: string): void {
    const { collapsed } = this.#store.snapshot();
    const left = [...collapsed].filter((key) => !path.startsWith(`${key}/`));
    if (left.length < collapsed.size) this.#store.setCollapsed(new Set(left));
  }

  #run(edit: (paths: readonly string[], snapshot: DocumentSnapshot) => Edit | null): Promise<boolean> {
    const done = this.#last.then(async () => {
      // Somebody types: paths are those of the text as it is.
      if (this.#store.snapshot().isBehind) await this.#store.read();
      const one = edit(this.paths(), this.#store.snapshot());
      return one === null ? false : this.#store.edit(one);
    });
    this.#last = done.catch(() => false);
    return done;
  }
}

/** The title of the list that a slot is in, for people: `after create user`. */
export function slotName(slot: Slot, titleOf: (path: string) => string | undefined): string {
  if (slot.index > 0) {
    const before = titleOf(`${slot.list}/${slot.index - 1}`);
    if (before !== undefined) return `after ${before}`;
  }
  const after = titleOf(`${slot.list}/${slot.index}`);
  if (after !== undefined) return `before ${after}`;
  const { list } = placeOf(slot.list);
  return slot.list === "steps" ? "to the flow" : `to ${armName(slot.list)}${ownerName(list, titleOf)}`;
}

function armName(list: string): string {
  const parts = list.split("/");
  const last = decodeURIComponentSafely(parts.at(-1) ?? "");
  const before = parts.at(-2);
  if (before === "cases") return `case ${last}`;
  if (before === "parallel") return `branch ${last}`;
  if (before === "on_error" || last === "on_error") return "the error handler";
  return last === "steps" ? "the loop" : last;
}

function ownerName(list: string, titleOf: (path: string) => string | undefined): string {
  for (let at = list; at.includes("/"); at = at.slice(0, at.lastIndexOf("/"))) {
    const title = titleOf(at);
    if (title !== undefined) return ` of ${title}`;
  }
  return "";
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
