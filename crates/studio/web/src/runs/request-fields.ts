// What a flow sees as `request`, as texts of a form: one header, or one parameter, a line.
import type { AdminSchemas } from "../api/types";

export interface RequestTexts {
  readonly method: string;
  readonly path: string;
  readonly ip: string;
  readonly query: string;
  readonly headers: string;
}

export const NO_REQUEST: RequestTexts = { method: "", path: "", ip: "", query: "", headers: "" };

function lines(text: string, separator: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => {
        const at = line.indexOf(separator);
        return at < 0 ? [line.trim(), ""] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
      }),
  );
}

/** What is left empty comes from the flow's route. */
export function requestOf(texts: RequestTexts): NonNullable<AdminSchemas["StartRun"]["request"]> | undefined {
  const request = {
    ...(texts.method.trim() === "" ? {} : { method: texts.method.trim().toUpperCase() }),
    ...(texts.path.trim() === "" ? {} : { path: texts.path.trim() }),
    ...(texts.ip.trim() === "" ? {} : { ip: texts.ip.trim() }),
    ...(texts.query.trim() === "" ? {} : { query: lines(texts.query, "=") }),
    ...(texts.headers.trim() === "" ? {} : { headers: lines(texts.headers, ":") }),
  };
  return Object.keys(request).length === 0 ? undefined : request;
}
