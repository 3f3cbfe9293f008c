// The clipboard for commands that no key event brings: browsers may refuse it, then what was copied here is kept here.

let kept: string | null = null;

export const clipboard = {
  async write(text: string): Promise<void> {
    kept = text;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Refused, or no secure context: `kept` has it.
    }
  },

  async read(): Promise<string | null> {
    try {
      return await navigator.clipboard.readText();
    } catch {
      return kept;
    }
  },

  /** What an event of the browser's own has put there. */
  remember(text: string): void {
    kept = text;
  },
};
