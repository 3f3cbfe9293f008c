// What a JSON Schema says for a form: the kind of its control, its words. Whether a value is valid is the server's to say.

export type Schema = Readonly<Record<string, unknown>>;

export type FieldKind = "text" | "expression" | "number" | "choice" | "fields" | "list" | "any";

export interface Choice {
  readonly label: string;
  readonly value: unknown;
  readonly about?: string;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A schema as an object; `true` and what is none says nothing. */
export function schemaOf(value: unknown): Schema {
  return isObject(value) ? unwrapped(value) : {};
}

/** A field may be a template instead of its own type; that alternative is understood. */
function unwrapped(schema: Schema): Schema {
  const alternatives = schema["anyOf"];
  if (!Array.isArray(alternatives)) return schema;
  const own = alternatives.filter(isObject).filter((one) => one["pattern"] !== "\\{\\{");
  const [only] = own;
  if (own.length !== 1 || only === undefined) return schema;
  const { anyOf: _, ...around } = schema;
  return { ...only, ...around };
}

/** The control for a value. `type` is the server's word for the type, where it has one. */
export function fieldKind(schema: Schema, isExpression = false, type?: string): FieldKind {
  if (isExpression) return "expression";
  if (choicesOf(schema).length > 0) return "choice";
  switch (type ?? typeOf(schema)) {
    case "string":
      return "text";
    case "integer":
    case "number":
      return "number";
    case "object":
      return "fields";
    case "array":
      return "list";
    default:
      return "any";
  }
}

/** The one type, apart from null; `any` where there are several or none. */
export function typeOf(schema: Schema): string {
  const type = schema["type"];
  if (typeof type === "string") return type;
  const types = Array.isArray(type) ? type.filter((one) => one !== "null") : [];
  if (types.length === 1 && typeof types[0] === "string") return types[0];
  if (isObject(schema["properties"])) return "object";
  return isObject(schema["items"]) ? "array" : "any";
}

/** The values of an `enum`, of constants side by side, of a boolean. */
export function choicesOf(schema: Schema): readonly Choice[] {
  const values = schema["enum"];
  if (Array.isArray(values)) return values.map((value: unknown) => ({ label: shown(value), value }));
  if (schema["type"] === "boolean") return [true, false].map((value) => ({ label: String(value), value }));
  const alternatives = schema["oneOf"] ?? schema["anyOf"];
  if (!Array.isArray(alternatives) || alternatives.length === 0) return [];
  const constants = alternatives.flatMap((one: unknown): Choice[] => {
    if (!isObject(one) || !("const" in one)) return [];
    const about = one["description"];
    return [{ label: shown(one["const"]), value: one["const"], ...(typeof about === "string" ? { about } : {}) }];
  });
  return constants.length === alternatives.length ? constants : [];
}

/** A value in one line. */
export function shown(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

export function textOf(schema: Schema, key: "description" | "title" | "format"): string | null {
  const text = schema[key];
  return typeof text === "string" && text !== "" ? text : null;
}

/** What stands in an empty field: its default, or an example. */
export function placeholderOf(schema: Schema): string {
  if (schema["default"] !== undefined && schema["default"] !== null) return shown(schema["default"]);
  const examples = schema["examples"];
  return Array.isArray(examples) && examples.length > 0 ? `like ${shown(examples[0])}` : "";
}

export function propertiesOf(schema: Schema): readonly (readonly [string, Schema])[] {
  const properties = schema["properties"];
  return isObject(properties) ? Object.entries(properties).map(([name, own]) => [name, schemaOf(own)] as const) : [];
}

export function requiredOf(schema: Schema): ReadonlySet<string> {
  const required = schema["required"];
  return new Set(Array.isArray(required) ? required.filter((name) => typeof name === "string") : []);
}

/** The schema of a key that is not among the properties; null where there can be none. */
export function additionalOf(schema: Schema): Schema | null {
  const additional = schema["additionalProperties"];
  return additional === false ? null : schemaOf(additional);
}

export function itemsOf(schema: Schema): Schema {
  return schemaOf(schema["items"]);
}

/** For people: `string (email)`, `list of string`. */
export function typeWord(schema: Schema): string {
  const type = typeOf(schema);
  if (type === "array") {
    const items = typeWord(itemsOf(schema));
    return items === "any" ? "list" : `list of ${items}`;
  }
  const format = textOf(schema, "format");
  const several = schema["type"];
  if (Array.isArray(several) && type === "any") return several.join(" or ");
  if (Array.isArray(schema["enum"])) return schema["enum"].map(shown).join(" | ");
  return format === null ? type : `${type} (${format})`;
}
