// Values as texts in fields, and back.

export type Read = { readonly value: unknown } | { readonly problem: string };

/** What stands in the field for a value that is written in the flow. */
export function fieldText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

export function hasTemplate(value: unknown): boolean {
  return typeof value === "string" && value.includes("{{");
}

/** A number, or a template that gives one. */
export function readNumber(text: string, isInteger: boolean): Read {
  const trimmed = text.trim();
  if (hasTemplate(trimmed)) return { value: trimmed };
  const value = Number(trimmed);
  if (trimmed === "" || !Number.isFinite(value)) return { problem: "A number, or a template like {{input.count}}." };
  if (isInteger && !Number.isInteger(value)) return { problem: "A whole number, or a template like {{input.count}}." };
  return { value };
}

/** A value as JSON; a text that is one template stands for itself. */
export function readJson(text: string): Read {
  const trimmed = text.trim();
  if (/^\{\{[^]*\}\}$/.test(trimmed)) return { value: trimmed };
  try {
    return { value: JSON.parse(trimmed) as unknown };
  } catch (error) {
    return { problem: `Not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}
