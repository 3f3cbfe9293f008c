import { expect, test } from "vitest";
import { schemaRows, schemaText } from "./schema-rows";

test("a schema becomes rows, the inner fields below the outer", () => {
  const rows = schemaRows({
    type: "object",
    required: ["method"],
    properties: {
      method: { enum: ["GET", "POST"], default: "GET", description: "The method." },
      headers: { type: "object", additionalProperties: { type: "string" } },
      token: { type: "string", secret: true },
      rows: { type: "array", items: { type: "object", required: ["id"], properties: { id: { type: ["string", "null"] } } } },
      when: { anyOf: [{ type: "string" }, { type: "integer" }] },
    },
  });
  expect(rows.map((row) => [row.name, row.depth, row.type, row.isRequired])).toEqual([
    ["method", 0, "string", true],
    ["headers", 0, "map to string", false],
    ["token", 0, "string", false],
    ["rows", 0, "list of object", false],
    ["rows[].id", 1, "string or null", true],
    ["when", 0, "string or integer", false],
  ]);
  expect(rows[0]).toMatchObject({ options: ["GET", "POST"], standard: '"GET"', description: "The method." });
  expect(rows[2]?.isSecret).toBe(true);
});

test("a schema that holds itself ends", () => {
  const schema: { type: string; properties: Record<string, unknown> } = { type: "object", properties: {} };
  schema.properties["child"] = schema;
  expect(schemaRows(schema)).toHaveLength(4);
});

test("a schema without fields says what it is", () => {
  expect(schemaRows({ type: "null" })).toEqual([]);
  expect(schemaText({ type: "string", description: "An id." })).toBe("string – An id.");
});
