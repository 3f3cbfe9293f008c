// Where in a run something happened: a structural path with loop indices, and below a call the path in the called flow.

export interface KeyPlace {
  /** The path in its flow, with `#` for each loop index: what a card is named by. */
  readonly path: string;
  readonly indices: readonly number[];
}

/** A loop, one of its iterations, or a call: what other steps happen in. */
export interface Scope {
  /** The beginning of the key that leads to it. */
  readonly key: string;
  readonly kind: "loop" | "iteration" | "call";
  /** Of an iteration. */
  readonly index: number | null;
  /** Where the loop's, or the call's, step stands; one place more for each flow that was called. */
  readonly places: readonly KeyPlace[];
}

export interface StepKey {
  /** One place for the flow of the run, and one more for each flow that was called. */
  readonly places: readonly KeyPlace[];
  /** `input`, `if`, `wait`, `retry`; empty for the step's effect. */
  readonly part: string;
  readonly scopes: readonly Scope[];
}

/** A key without its part. */
export function withoutPart(key: string): string {
  const at = key.lastIndexOf("@");
  return at < 0 ? key : key.slice(0, at);
}

/** The same keys are read again with each record that comes. */
const read = new Map<string, StepKey>();
const MOST = 50_000;

export function readKey(key: string): StepKey {
  const known = read.get(key);
  if (known !== undefined) return known;
  if (read.size >= MOST) read.clear();
  const fresh = parseKey(key);
  read.set(key, fresh);
  return fresh;
}

/**
 * Reads a key. Names in it (branches, cases, codes) are escaped, so that `/`, `#` and `@` are never theirs; that a branch may be
 * named `each` or `call` is why it is read from its beginning.
 */
function parseKey(key: string): StepKey {
  const whole = withoutPart(key);
  const pieces = whole.split("/");
  const done: KeyPlace[] = [];
  const scopes: Scope[] = [];
  let path: string[] = [];
  let indices: number[] = [];
  const here = (): KeyPlace[] => [...done, { path: path.join("/"), indices: [...indices] }];
  const prefix = (end: number): string => pieces.slice(0, end).join("/");
  const isNumber = (piece: string | undefined): boolean => piece !== undefined && /^\d+$/.test(piece);
  for (let at = 0; at < pieces.length; ) {
    const piece = pieces[at] ?? "";
    // What comes after a step, or at the beginning of a flow, is a word of the language.
    if (piece === "call" && path.length > 0) {
      scopes.push({ key: prefix(at), kind: "call", index: null, places: here() });
      done.push({ path: path.join("/"), indices });
      path = [];
      indices = [];
      at += 1;
    } else if (piece === "each" && path.length > 0) {
      const index = Number(pieces[at + 1]);
      scopes.push({ key: prefix(at), kind: "loop", index: null, places: here() });
      scopes.push({ key: prefix(at + 2), kind: "iteration", index, places: here() });
      indices.push(index);
      path.push("each", "#");
      at += 2;
    } else if (piece === "cases" || piece === "parallel" || (piece === "on_error" && path.length > 0 && isNumber(pieces[at + 2]))) {
      // A word, a name, an index.
      path.push(...pieces.slice(at, at + 3));
      at += 3;
    } else {
      // `steps/3`, `then/0`, `else/0`, `default/0`, `on_error/0`.
      path.push(...pieces.slice(at, at + 2));
      at += 2;
    }
  }
  const part = whole.length < key.length ? key.slice(whole.length + 1) : "";
  return { places: here(), part, scopes };
}

/** The path, in the flow of the run, that a key belongs to: of a step of a called flow, the call's. */
export function ownPath(key: string): string {
  return readKey(key).places[0]?.path ?? key;
}

/** The steps around a step, the nearest first: `steps/3` of `steps/3/then/0`. */
export function stepsAround(path: string, steps: ReadonlySet<string>): string[] {
  const around: string[] = [];
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    const before = path.slice(0, end);
    if (steps.has(before)) around.push(before);
  }
  return around;
}
