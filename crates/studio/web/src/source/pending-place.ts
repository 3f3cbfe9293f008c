// A place in a file that is about to be opened: the editor that opens it goes there.

let pending: { readonly path: string; readonly from: number; readonly to: number } | null = null;

export const pendingPlaces = {
  set(path: string, from: number, to: number): void {
    pending = { path, from, to };
  },
  /** The place, once. */
  take(path: string): { readonly from: number; readonly to: number } | null {
    const found = pending?.path === path ? pending : null;
    if (found) pending = null;
    return found;
  },
};
