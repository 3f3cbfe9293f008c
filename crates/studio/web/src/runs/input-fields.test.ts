import { expect, test } from "vitest";
import type { InputField } from "../api/types";
import { describeType, errorsByField, formInputs, isMasked, readInput, valuesOf } from "./input-fields";

const field = (name: string, schema: unknown, more: Partial<InputField> = {}): InputField => ({
  name,
  schema,
  required: true,
  secret: false,
  default: null,
  ...more,
});

const FIELDS = formInputs([
  field("email", { type: "string", format: "email" }),
  field("password", { type: "string", minLength: 8 }, { secret: true }),
  field("plan", { enum: ["free", "pro"] }, { default: "free", required: false }),
  field("level", { enum: [1, "1", null] }),
  field("count", { type: "integer", minimum: 0 }),
  field("newsletter", { type: ["boolean", "null"] }),
  field("tags", { type: "array", items: { type: "string" } }),
  field("csv", { type: "string", description: "A table." }),
  field("anything", {}),
]);

test("a schema becomes the control that fits it", () => {
  expect(FIELDS.map((one) => one.control)).toEqual([
    "line",
    "password",
    "choice",
    "choice",
    "number",
    "choice",
    "json",
    "text",
    "json",
  ]);
  expect(FIELDS[0]?.inputType).toBe("email");
  expect(FIELDS[2]?.standard).toBe("free");
  expect(FIELDS[7]?.description).toBe("A table.");
  expect(describeType({ type: "array", items: { type: "string" } })).toBe("list of string");
  expect(describeType({ type: "integer", minimum: 0 })).toBe("integer, at least 0");
});

test("what is put in becomes values of their types; what is empty is left out", () => {
  const { input, errors } = readInput(FIELDS, {
    email: "a@b.c",
    password: "",
    plan: "pro",
    level: "1",
    count: "07",
    newsletter: "false",
    tags: '["a"]',
    csv: "1,2\n",
    anything: "null",
  });
  expect(input).toEqual({
    email: "a@b.c",
    plan: "pro",
    level: 1,
    count: 7,
    newsletter: false,
    tags: ["a"],
    csv: "1,2\n",
    anything: null,
  });
  expect(errors.size).toBe(0);
});

test("what cannot be sent is said at its field", () => {
  const { input, errors } = readInput(FIELDS, { count: "many", tags: "[a" });
  expect(input).toEqual({});
  expect([...errors]).toEqual([
    ["count", "is not a number"],
    ["tags", "is not JSON"],
  ]);
});

test("an input goes back into the fields, without what was masked", () => {
  const values = valuesOf(FIELDS, { email: "a@b.c", password: "••••", count: 2, tags: ["x", "Bearer ••••"], more: 1 });
  expect(values).toEqual({ email: "a@b.c", count: "2" });
  expect(isMasked({ a: [{ b: "x••••y" }] })).toBe(true);
  expect(isMasked({ a: ["••"] })).toBe(false);
});

test("problems of parts of a field stand at the field, those of none apart", () => {
  const { byField, others } = errorsByField(FIELDS, [
    { field: "email", message: "is missing" },
    { field: "tags[0]", message: "must be a string" },
    { field: "tags", message: "too short" },
    { field: "emails", message: "is not a field of this flow" },
  ]);
  expect([...byField]).toEqual([
    ["email", "is missing"],
    ["tags", "[0]: must be a string; too short"],
  ]);
  expect(others).toEqual(["emails: is not a field of this flow"]);
});
