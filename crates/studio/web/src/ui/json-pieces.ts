// Pieces of a JSON value, no more of them than are asked for.

export function isBranch(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** The first entries of an object or a list, by name or index. */
export function entriesOf(value: object, most: number): [string, unknown][] {
  if (Array.isArray(value)) return value.slice(0, most).map((child: unknown, index) => [String(index), child]);
  const found: [string, unknown][] = [];
  for (const key in value) {
    if (found.length >= most) break;
    if (Object.hasOwn(value, key)) found.push([key, (value as Record<string, unknown>)[key]]);
  }
  return found;
}

/** One line about an object or a list: its size, and where it is closed its first pieces. */
export function summaryOf(value: object, isOpen: boolean): string {
  const size = Array.isArray(value) ? value.length : Object.keys(value).length;
  const count = Array.isArray(value) ? `${size} ${size === 1 ? "item" : "items"}` : `${size} ${size === 1 ? "field" : "fields"}`;
  if (isOpen) return count;
  const pieces = entriesOf(value, 4).map(([key, child]) => (Array.isArray(value) ? short(child) : `${key}: ${short(child)}`));
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  return `${open} ${pieces.join(", ")}${size > 4 ? ", …" : ""} ${close}${size > 4 ? ` ${count}` : ""}`;
}

function short(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "[]" : "[…]";
  if (isBranch(value)) return Object.keys(value).length === 0 ? "{}" : "{…}";
  if (typeof value === "string") return JSON.stringify(value.length > 24 ? `${value.slice(0, 23)}…` : value);
  return JSON.stringify(value) ?? "nothing";
}
