// What a box shows besides its words: whether it is selected, its findings, its state in a run. Each box asks for its own,
// so that another selection draws two boxes again and not a thousand.
import type { Diagnostic } from "../api/types";
import type { PaintedStep } from "../document/paint";

export interface Look {
  readonly isSelected: boolean;
  /** Where the keyboard stands. */
  readonly isCursor: boolean;
  readonly isMatch: boolean;
  readonly isDragged: boolean;
  readonly errors: number;
  readonly warnings: number;
  /** The findings in words, one a line. */
  readonly findings: string;
  readonly paint: PaintedStep | null;
}

export interface LooksInput {
  readonly selected: ReadonlySet<string>;
  readonly cursor: string | null;
  readonly matches: ReadonlySet<string>;
  readonly dragged: ReadonlySet<string>;
  readonly findings: ReadonlyMap<string, readonly Diagnostic[]>;
  readonly paint: ReadonlyMap<string, PaintedStep>;
}

const NO_INPUT: LooksInput = {
  selected: new Set(),
  cursor: null,
  matches: new Set(),
  dragged: new Set(),
  findings: new Map(),
  paint: new Map(),
};

export class Looks {
  #input = NO_INPUT;
  readonly #given = new Map<string, Look>();
  readonly #listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The same object as before, unless it is another look. A box's key and the path of its step. */
  of(key: string, path: string | null): Look {
    const input = this.#input;
    const found = input.findings.get(key) ?? [];
    const look: Look = {
      isSelected: path !== null && input.selected.has(path),
      isCursor: input.cursor === key,
      isMatch: path !== null && input.matches.has(path),
      isDragged: path !== null && input.dragged.has(path),
      errors: found.filter(({ severity }) => severity === "error").length,
      warnings: found.filter(({ severity }) => severity === "warning").length,
      findings: found.map(({ message }) => message).join("\n"),
      paint: input.paint.get(key) ?? null,
    };
    const before = this.#given.get(key);
    if (before && isSame(before, look)) return before;
    this.#given.set(key, look);
    return look;
  }

  update(input: LooksInput): void {
    this.#input = input;
    for (const listener of this.#listeners) listener();
  }
}

function isSame(a: Look, b: Look): boolean {
  return (Object.keys(a) as (keyof Look)[]).every(
    (key) => a[key] === b[key] || (key === "paint" && a.paint?.state === b.paint?.state && a.paint?.note === b.paint?.note),
  );
}

/** Findings by the box that shows them: the step's, or that of the step that hides it; the trigger's for the flow itself. */
export function findingsByCard(
  diagnostics: readonly Diagnostic[],
  path: string | null,
  boxOf: (step: string) => string | null,
): ReadonlyMap<string, readonly Diagnostic[]> {
  const found = new Map<string, Diagnostic[]>();
  for (const finding of diagnostics) {
    if (path !== null && finding.path !== path) continue;
    const key = (finding.step === null ? null : boxOf(finding.step)) ?? "trigger";
    const own = found.get(key) ?? [];
    own.push(finding);
    found.set(key, own);
  }
  return found;
}
