// The text of a first test file.
import type { FlowHead, InputField } from "../api/types";

/** A value that may do for a field: its default, its first choice, or something of its type. */
function sample(field: InputField): unknown {
  if (field.default !== null && field.default !== undefined) return field.default;
  const schema = (typeof field.schema === "object" && field.schema !== null ? field.schema : {}) as Readonly<Record<string, unknown>>;
  const options = schema["enum"];
  if (Array.isArray(options)) return options[0] as unknown;
  switch (schema["type"]) {
    case "integer":
    case "number":
      return schema["minimum"] ?? 1;
    case "boolean":
      return false;
    case "array":
      return [];
    case "object":
      return {};
    default:
      return schema["format"] === "email" ? "ada@example.com" : field.secret ? "correct horse battery" : "text";
  }
}

/** `flows/sign-up.yaml` → `flows/sign-up.test.yaml` */
export function testPath(path: string): string {
  return path.replace(/\.yaml$/, ".test.yaml");
}

/** One case that runs the flow with what it must be given. JSON is YAML: values are written as it has them. */
export function newTestText(head: FlowHead): string {
  const input = head.input.filter((field) => field.required).map((field) => [field.name, sample(field)] as const);
  const lines = [`flow: ${head.name}`, "cases:", "  - name: it goes well"];
  if (input.length > 0) {
    lines.push("    input:");
    for (const [name, value] of input) lines.push(`      ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  }
  lines.push("    expect: { status: succeeded }", "");
  return lines.join("\n");
}
