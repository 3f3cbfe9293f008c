import { expect, test } from "vitest";
import { fieldText, readJson, readNumber } from "./value-text";

test("numbers and templates for them", () => {
  expect(readNumber(" 3.5 ", false)).toEqual({ value: 3.5 });
  expect(readNumber("{{input.n}}", true)).toEqual({ value: "{{input.n}}" });
  expect(readNumber("3.5", true)).toHaveProperty("problem");
  expect(readNumber("1e999", false)).toHaveProperty("problem");
  expect(readNumber("x", false)).toHaveProperty("problem");
});

test("JSON, or one template", () => {
  expect(readJson('{"a": "{{b}}"}')).toEqual({ value: { a: "{{b}}" } });
  expect(readJson("{{steps.a}}")).toEqual({ value: "{{steps.a}}" });
  expect(readJson("{a: 1}")).toHaveProperty("problem");
});

test("values as texts", () => {
  expect([fieldText("a"), fieldText(null), fieldText(3), fieldText([1])]).toEqual(["a", "", "3", "[\n  1\n]"]);
});
