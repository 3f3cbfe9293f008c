// JSON Pointers (RFC 6901), and segments of structural paths.

export function pointer(base: string, key: string | number): string {
  return `${base}/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** Whether a pointer is another, or within it. */
export function isWithin(key: string, base: string): boolean {
  return key === base || key.startsWith(`${base}/`);
}

/** A key of the author's as a segment of a structural path. */
export function pathSegment(key: string): string {
  return key.replaceAll("%", "%25").replaceAll("/", "%2F").replaceAll("#", "%23").replaceAll("@", "%40");
}
