// What is being typed into a field, until it is written into the flow: at a pause, at Enter, when the field is left.

/** Writes a text; gives whether it was taken. */
export type Commit = (text: string) => Promise<boolean>;

const PAUSE = 600;

export class DraftText {
  #text: string;
  /** What the flow holds, as far as is known here. */
  #committed: string;
  #inFlight = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #commit: Commit;

  constructor(text: string, commit: Commit) {
    this.#text = text;
    this.#committed = text;
    this.#commit = commit;
  }

  get text(): string {
    return this.#text;
  }

  get isDirty(): boolean {
    return this.#text !== this.#committed;
  }

  type(text: string): void {
    this.#text = text;
    clearTimeout(this.#timer);
    if (this.isDirty) this.#timer = setTimeout(() => void this.flush(), PAUSE);
  }

  /** Writes what was typed, now. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    if (!this.isDirty) return;
    const [text, before] = [this.#text, this.#committed];
    this.#committed = text;
    this.#inFlight += 1;
    const isTaken = await this.#commit(text);
    this.#inFlight -= 1;
    // Refused: it stays as something to be written; but not at once again.
    if (!isTaken && this.#committed === text) this.#committed = before;
  }

  /** Forgets what was typed since the last write. */
  revert(): string {
    clearTimeout(this.#timer);
    this.#text = this.#committed;
    return this.#text;
  }

  /** The flow holds this now. `true` where the field has to show it: nobody has typed something else. */
  receive(text: string): boolean {
    if (this.isDirty || this.#inFlight > 0) return false;
    this.#committed = text;
    if (text === this.#text) return false;
    this.#text = text;
    return true;
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
