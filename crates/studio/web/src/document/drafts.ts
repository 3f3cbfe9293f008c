// Unsaved work, kept in the browser until it is saved: it outlives a reload, a crash and a server that has gone.

export interface Draft {
  readonly text: string;
  readonly base: { readonly version: string; readonly text: string } | null;
}

function key(path: string): string {
  return `lockgate.draft ${path}`;
}

function isDraft(value: unknown): value is Draft {
  return typeof value === "object" && value !== null && "text" in value && typeof value.text === "string" && "base" in value;
}

export function readDraft(path: string): Draft | null {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key(path)) ?? "null");
    return isDraft(value) ? value : null;
  } catch {
    return null;
  }
}

/** Whether it could be kept: the browser's room is bounded. */
export function keepDraft(path: string, draft: Draft): boolean {
  try {
    localStorage.setItem(key(path), JSON.stringify(draft));
    return true;
  } catch {
    return false;
  }
}

export function dropDraft(path: string): void {
  localStorage.removeItem(key(path));
}
