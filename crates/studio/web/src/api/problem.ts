// What went wrong, as an error that can be shown.
import type { Schemas } from "./types";

/** A request that was answered with a problem, or not at all (`status` 0). */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly errors: Schemas["Problem"]["errors"];
  /** The body, where it is more than a problem document. */
  readonly body: unknown;

  constructor(status: number, code: string, message: string, body: unknown = null) {
    super(message);
    this.name = "ApiProblem";
    this.status = status;
    this.code = code;
    this.body = body;
    this.errors = isProblem(body) ? body.errors : undefined;
  }

  /** The server could not be reached. */
  get isOffline(): boolean {
    return this.status === 0;
  }
}

export function isProblem(body: unknown): body is Schemas["Problem"] {
  return typeof body === "object" && body !== null && "code" in body && "message" in body;
}

/** What to tell people of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
