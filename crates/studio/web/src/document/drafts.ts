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

function parsed(text: string | null): Draft | null {
  try {
    const value: unknown = JSON.parse(text ?? "null");
    return isDraft(value) ? value : null;
  } catch {
    return null;
  }
}

/** This tab's own, or else what an earlier visit has left. */
export function readDraft(path: string): Draft | null {
  return parsed(sessionStorage.getItem(key(path))) ?? parsed(localStorage.getItem(key(path)));
}

/** Whether it could be kept: the browser's room is bounded. */
export function keepDraft(path: string, draft: Draft): boolean {
  const text = JSON.stringify(draft);
  try {
    // Each tab has its own over a reload; the last one is there after all tabs were closed.
    sessionStorage.setItem(key(path), text);
    localStorage.setItem(key(path), text);
    return true;
  } catch {
    return false;
  }
}

/** Drops this tab's draft; that of another tab stays. */
export function dropDraft(path: string): void {
  const own = sessionStorage.getItem(key(path));
  if (own === null) return;
  sessionStorage.removeItem(key(path));
  if (localStorage.getItem(key(path)) === own) localStorage.removeItem(key(path));
}

/** Drops whatever was kept: it is saved, or its file was deleted on purpose. */
export function forgetDraft(path: string): void {
  sessionStorage.removeItem(key(path));
  localStorage.removeItem(key(path));
}
