// What a run or a test report shows on the picture.

export type StepState = "taken" | "missed" | "running" | "failed" | "sleeping" | "in_doubt" | "retrying";

export interface PaintedStep {
  readonly state: StepState;
  /** `12 ms`, `attempt 2`: a word in the corner of the box. */
  readonly note?: string;
}

/** By structural path; ways by `wayKey`. */
export interface Paint {
  /** For assistive technology and the legend: `run 0199…`, `coverage`. */
  readonly title: string;
  readonly steps: ReadonlyMap<string, PaintedStep>;
  readonly ways: ReadonlyMap<string, boolean>;
}

export function wayKey(path: string, way: string): string {
  return `${path} ${way}`;
}
