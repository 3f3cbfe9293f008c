// A JSON Schema as rows of a table: fields, and the fields inside of them.
import { describeType } from "../runs/input-fields";

export interface SchemaRow {
  /** `body.items[].id` */
  readonly name: string;
  readonly depth: number;
  readonly type: string;
  readonly isRequired: boolean;
  readonly isSecret: boolean;
  readonly description: string;
  readonly options: readonly string[];
  readonly standard: string | null;
}

type JsonSchema = Readonly<Record<string, unknown>>;

function schemaOf(value: unknown): JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonSchema) : {};
}

/** Schemas may hold themselves: no deeper than this. */
const DEEPEST = 3;

function properties(schema: JsonSchema): [string, JsonSchema][] {
  return Object.entries(schemaOf(schema["properties"])).map(([name, inner]) => [name, schemaOf(inner)]);
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  return ["anyOf", "oneOf"].flatMap((key) => (Array.isArray(schema[key]) ? (schema[key] as unknown[]).map(schemaOf) : []));
}

function typeText(schema: JsonSchema): string {
  const options = alternatives(schema);
  if (options.length > 0) return [...new Set(options.map(typeText))].join(" or ");
  const type = schema["type"];
  if (Array.isArray(type)) return type.join(" or ");
  if (schema["const"] !== undefined) return JSON.stringify(schema["const"]);
  const text = describeType(schema);
  const keys = schemaOf(schema["additionalProperties"]);
  return type === "object" && properties(schema).length === 0 && typeof keys["type"] === "string" ? `map to ${keys["type"]}` : text;
}

export function schemaRows(schema: unknown): SchemaRow[] {
  const rows: SchemaRow[] = [];
  const visit = (of: JsonSchema, prefix: string, depth: number): void => {
    const required = Array.isArray(of["required"]) ? of["required"] : [];
    for (const [name, inner] of properties(of)) {
      const options = inner["enum"];
      const full = `${prefix}${name}`;
      rows.push({
        name: full,
        depth,
        type: typeText(inner),
        isRequired: required.includes(name),
        isSecret: inner["secret"] === true,
        description: typeof inner["description"] === "string" ? inner["description"] : "",
        options: Array.isArray(options) ? options.map((option) => (typeof option === "string" ? option : JSON.stringify(option))) : [],
        standard: inner["default"] === undefined ? null : JSON.stringify(inner["default"]),
      });
      if (depth >= DEEPEST) continue;
      visit(inner, `${full}.`, depth + 1);
      visit(schemaOf(inner["items"]), `${full}[].`, depth + 1);
      for (const other of alternatives(inner)) visit(other, `${full}.`, depth + 1);
    }
  };
  visit(schemaOf(schema), "", 0);
  return rows;
}

/** What a schema without fields says of itself. */
export function schemaText(schema: unknown): string {
  const known = schemaOf(schema);
  const description = known["description"];
  return [typeText(known), typeof description === "string" ? description : null].filter(Boolean).join(" – ");
}
