// What a flow takes, as the fields of a form; and what was put in, as the flow's input. Whether a value is valid is not decided
// here: the server says so. Only what cannot be sent is found: JSON that is none, a number that is none.
import type { InputField } from "../api/types";

export type Control = "line" | "text" | "password" | "number" | "choice" | "json";

export interface FormInput {
  readonly name: string;
  readonly control: Control;
  /** The `type` of a line. */
  readonly inputType: "text" | "email" | "url" | "tel";
  /** Of a choice; values in the order of the schema. */
  readonly options: readonly unknown[];
  readonly isRequired: boolean;
  readonly isSecret: boolean;
  /** `string (email)`, `integer, at least 0`. */
  readonly type: string;
  readonly description: string | null;
  /** The default as it is written into the field; null where there is none. */
  readonly standard: string | null;
  /** What is taken for a number or JSON; anything else of a choice. */
  readonly schemaType: string | null;
}

/** What stands in the fields, by name. A field that is not there, or empty, is left out of the input. */
export type FormValues = Readonly<Record<string, string>>;

type JsonSchema = Readonly<Record<string, unknown>>;

function schemaOf(schema: unknown): JsonSchema {
  return typeof schema === "object" && schema !== null ? (schema as JsonSchema) : {};
}

function typeName(schema: JsonSchema): string | null {
  const type = schema["type"];
  if (typeof type === "string") return type;
  if (Array.isArray(type)) return type.filter((one): one is string => typeof one === "string" && one !== "null")[0] ?? null;
  const options = schema["enum"];
  if (Array.isArray(options) && options.every((one) => typeof one === "string")) return "string";
  return null;
}

/** A schema in a few words, for people. */
export function describeType(schema: unknown): string {
  const known = schemaOf(schema);
  const type = typeName(known) ?? "any value";
  const words: string[] = [];
  const format = known["format"];
  const items = schemaOf(known["items"]);
  const name = type === "array" && typeName(items) !== null ? `list of ${typeName(items)}` : type === "array" ? "list" : type;
  words.push(typeof format === "string" ? `${name} (${format})` : name);
  const bound = (key: string, text: (value: unknown) => string): void => {
    if (known[key] !== undefined) words.push(text(known[key]));
  };
  bound("minimum", (value) => `at least ${String(value)}`);
  bound("maximum", (value) => `at most ${String(value)}`);
  bound("minLength", (value) => `${String(value)} or more characters`);
  bound("maxLength", (value) => `${String(value)} or fewer characters`);
  bound("pattern", (value) => `like ${String(value)}`);
  return words.join(", ");
}

function controlOf(field: InputField, schema: JsonSchema, type: string | null): Control {
  if (field.secret && (type === "string" || type === null)) return "password";
  if (Array.isArray(schema["enum"]) || type === "boolean") return "choice";
  if (type === "integer" || type === "number") return "number";
  if (type !== "string") return "json";
  const isShort = ["format", "pattern", "maxLength"].some((key) => schema[key] !== undefined);
  return isShort ? "line" : "text";
}

const INPUT_TYPES: Readonly<Record<string, FormInput["inputType"]>> = { email: "email", uri: "url", url: "url" };

export function formInputs(fields: readonly InputField[]): FormInput[] {
  return fields.map((field) => {
    const schema = schemaOf(field.schema);
    const type = typeName(schema);
    const options = schema["enum"];
    const format = schema["format"];
    const description = schema["description"];
    return {
      name: field.name,
      control: controlOf(field, schema, type),
      inputType: (typeof format === "string" ? INPUT_TYPES[format] : undefined) ?? "text",
      options: Array.isArray(options) ? options : type === "boolean" ? [true, false] : [],
      isRequired: field.required,
      isSecret: field.secret,
      type: describeType(schema),
      description: typeof description === "string" ? description : null,
      standard: field.default === null || field.default === undefined ? null : textOf(field.default),
      schemaType: type,
    };
  });
}

/** A value as it is written into a field. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

export interface ReadInput {
  readonly input: Readonly<Record<string, unknown>>;
  /** By field. */
  readonly errors: ReadonlyMap<string, string>;
}

/** The input that the fields give. */
export function readInput(inputs: readonly FormInput[], values: FormValues): ReadInput {
  const input: Record<string, unknown> = {};
  const errors = new Map<string, string>();
  for (const field of inputs) {
    const text = values[field.name] ?? "";
    if (text === "") continue;
    const value = valueOf(field, text);
    if (value === undefined) errors.set(field.name, field.control === "number" ? "is not a number" : "is not JSON");
    else input[field.name] = value;
  }
  return { input, errors };
}

/** `undefined` where the text says nothing. */
function valueOf(field: FormInput, text: string): unknown {
  switch (field.control) {
    case "number": {
      const number = Number(text.trim());
      return text.trim() === "" || !Number.isFinite(number) ? undefined : number;
    }
    case "choice":
      return field.options.find((option) => textOf(option) === text);
    case "json":
      try {
        return JSON.parse(text) as unknown;
      } catch {
        return undefined;
      }
    default:
      return text;
  }
}

/** An input as the texts of the fields; what no field takes is left out. Masked values are not values: they are left out, too. */
export function valuesOf(inputs: readonly FormInput[], input: unknown): FormValues {
  const known = schemaOf(input);
  return Object.fromEntries(
    inputs.flatMap((field) => {
      const value = known[field.name];
      return value === undefined || isMasked(value) ? [] : [[field.name, textOf(value)]];
    }),
  );
}

/** What stands in the place of a secret. */
const MASK = "••••";

/** Whether a secret was taken out of a value, or of something in it. */
export function isMasked(value: unknown): boolean {
  if (typeof value === "string") return value.includes(MASK);
  return typeof value === "object" && value !== null && Object.values(value).some(isMasked);
}

/** The problems that a server tells of an input, by field: `address.street` and `tags[0]` belong to `address` and `tags`. */
export function errorsByField(
  inputs: readonly FormInput[],
  errors: readonly { readonly field: string; readonly message: string }[],
): { readonly byField: ReadonlyMap<string, string>; readonly others: readonly string[] } {
  const byField = new Map<string, string>();
  const others: string[] = [];
  for (const { field, message } of errors) {
    const name = inputs.find((one) => field === one.name || field.startsWith(`${one.name}.`) || field.startsWith(`${one.name}[`) || field.startsWith(`${one.name}/`))?.name;
    if (name === undefined) others.push(field === "" ? message : `${field}: ${message}`);
    else {
      const text = field === name ? message : `${field.slice(name.length).replace(/^[./]/, "")}: ${message}`;
      byField.set(name, byField.has(name) ? `${byField.get(name)}; ${text}` : text);
    }
  }
  return { byField, others };
}
