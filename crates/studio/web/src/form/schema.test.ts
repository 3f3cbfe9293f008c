import { expect, test } from "vitest";
import { choicesOf, fieldKind, placeholderOf, schemaOf, typeWord } from "./schema";

test("the control for a schema", () => {
  const kinds: [unknown, string][] = [
    [{ type: "string", format: "email" }, "text"],
    [{ type: "integer" }, "number"],
    [{ type: ["number", "null"] }, "number"],
    [{ type: "boolean" }, "choice"],
    [{ enum: ["a", 1, null] }, "choice"],
    [{ anyOf: [{ const: "a", description: "one" }, { const: "b" }] }, "choice"],
    [{ anyOf: [{ const: "a" }, { type: "string" }] }, "any"],
    [{ type: "object" }, "fields"],
    [{ properties: { a: {} } }, "fields"],
    [{ type: "array", items: { type: "string" } }, "list"],
    [{ type: ["string", "object"] }, "any"],
    [true, "any"],
    [{}, "any"],
  ];
  for (const [schema, kind] of kinds) expect([schema, fieldKind(schemaOf(schema))]).toEqual([schema, kind]);
  expect(fieldKind({ type: "string" }, true)).toBe("expression");
  expect(fieldKind({}, false, "string")).toBe("text");
});

test("the alternative of a template is left out", () => {
  const schema = schemaOf({ anyOf: [{ type: "integer", default: 5 }, { type: "string", pattern: "\\{\\{" }], description: "How many." });
  expect(fieldKind(schema)).toBe("number");
  expect(schema["description"]).toBe("How many.");
  expect(placeholderOf(schema)).toBe("5");
});

test("choices keep their values", () => {
  expect(choicesOf({ type: "boolean" })).toEqual([
    { label: "true", value: true },
    { label: "false", value: false },
  ]);
  expect(choicesOf({ oneOf: [{ const: 1, description: "one" }] })).toEqual([{ label: "1", value: 1, about: "one" }]);
});

test("types in words", () => {
  expect(typeWord({ type: "array", items: { type: "string", format: "email" } })).toBe("list of string (email)");
  expect(typeWord({ type: ["string", "boolean"] })).toBe("string or boolean");
  expect(typeWord({ type: "array" })).toBe("list");
});
