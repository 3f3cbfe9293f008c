// The last input of a flow, as long as the tab lives. Secrets are never kept.
import type { FormInput, FormValues } from "./input-fields";

function key(flow: string): string {
  return `lockgate.input ${flow}`;
}

export function rememberInput(flow: string, inputs: readonly FormInput[], values: FormValues): void {
  const kept = Object.fromEntries(inputs.filter((one) => !one.isSecret).map((one) => [one.name, values[one.name] ?? ""]));
  try {
    sessionStorage.setItem(key(flow), JSON.stringify(kept));
  } catch {
    // A long input has no room: the next time it is put in again.
    sessionStorage.removeItem(key(flow));
  }
}

export function rememberedInput(flow: string): FormValues {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(key(flow)) ?? "null");
    if (typeof kept !== "object" || kept === null) return {};
    return Object.fromEntries(Object.entries(kept).filter((one): one is [string, string] => typeof one[1] === "string"));
  } catch {
    return {};
  }
}
