// An error that a run recorded, as it can be shown.

export interface RunError {
  readonly code: string;
  readonly message: string;
  readonly status: number | null;
  readonly step: string | null;
  readonly place: { readonly file: string; readonly line: number } | null;
  /** What the remote end said. */
  readonly provider: unknown;
  readonly details: unknown;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

/** `null` where the value is no error. */
export function readError(value: unknown): RunError | null {
  const known = record(value);
  const { code, message, status, step, provider, details } = known;
  if (typeof code !== "string") return null;
  const { file, line } = record(known["place"]);
  return {
    code,
    message: typeof message === "string" ? message : "",
    status: typeof status === "number" ? status : null,
    step: typeof step === "string" ? step : null,
    place: typeof file === "string" && typeof line === "number" ? { file, line } : null,
    provider: provider ?? null,
    details: details ?? null,
  };
}
