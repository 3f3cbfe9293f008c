// What the caller of a run got.
import type { RunStep } from "../api/types";

export interface Answer {
  readonly kind: "respond" | "redirect" | "return";
  /** Without one where a `return` is the body. */
  readonly status: number | null;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: unknown;
  readonly hasBody: boolean;
}

function pairs(value: unknown): (readonly [string, string])[] {
  if (Array.isArray(value)) {
    return value.flatMap((one): (readonly [string, string])[] =>
      Array.isArray(one) && one.length === 2 ? [[String(one[0]), String(one[1])]] : [],
    );
  }
  if (typeof value === "object" && value !== null) return Object.entries(value).map(([name, text]) => [name, String(text)]);
  return [];
}

/** The first answer that the run gave; where it gave none, what it returned. */
export function answerOf(steps: readonly RunStep[], output: unknown): Answer | null {
  const step = steps.find((one) => (one.verb === "respond" || one.verb === "redirect") && one.state === "finished");
  if (step) {
    const given = (step.output ?? {}) as Readonly<Record<string, unknown>>;
    return {
      kind: step.verb === "redirect" ? "redirect" : "respond",
      status: typeof given["status"] === "number" ? given["status"] : null,
      headers: pairs(given["headers"]),
      body: given["body"] ?? null,
      hasBody: given["body"] !== undefined && given["body"] !== null,
    };
  }
  if (output === null || output === undefined) return null;
  return { kind: "return", status: null, headers: [], body: output, hasBody: true };
}
