// A text to be written, with the place where the cursor goes.

export interface Snippet {
  readonly text: string;
  /** In the text. */
  readonly cursor: number;
}

/** `${}` marks the place; without one it is the end. */
export function readSnippet(insert: string): Snippet {
  const at = insert.indexOf("${}");
  return at < 0 ? { text: insert, cursor: insert.length } : { text: insert.slice(0, at) + insert.slice(at + 3), cursor: at };
}
