import { expect, test } from "vitest";
import { templateSpot, templateTokens } from "./template-tokens";

const kinds = (text: string): [string, string][] =>
  templateTokens(text).map((token) => [text.slice(token.from, token.to), token.kind]);

test("an expression falls into its pieces", () => {
  expect(kinds('{{default input.name "no {{name}}"}}')).toEqual([
    ["{{", "brace"],
    ["default", "function"],
    ["input.name", "path"],
    ['"no {{name}}"', "string"],
    ["}}", "brace"],
  ]);
  expect(kinds('and (eq input.plan "pro") steps.user.email_verified 3')).toEqual([
    ["and", "function"],
    ["(", "brace"],
    ["eq", "function"],
    ["input.plan", "path"],
    ['"pro"', "string"],
    [")", "brace"],
    ["steps.user.email_verified", "path"],
    ["3", "number"],
  ]);
  expect(kinds("{{item}}")[1]).toEqual(["item", "path"]);
  expect(kinds("{{#if (exists a.b)}}x{{else}}y{{/if}}").filter(([, kind]) => kind === "word")).toHaveLength(3);
});

/** `|` is the caret. */
function spot(marked: string, isExpression = false) {
  const found = templateSpot(marked.replace("|", ""), marked.indexOf("|"), isExpression);
  return found && [marked.replace("|", "").slice(found.from, found.to), found.isFirst, found.isClosed];
}

test("the word at the caret", () => {
  expect(spot("Hello {{inp|}} you")).toEqual(["inp", true, true]);
  expect(spot("Hello {{inp|")).toEqual(["inp", true, false]);
  expect(spot("{{lower input.em|ail}}")).toEqual(["input.email", false, true]);
  expect(spot("{{a}} {{|")).toEqual(["", true, false]);
  expect(spot("{{ (eq st|")).toEqual(["st", false, false]);
  expect(spot("{{lower (|)}}")).toEqual(["", true, true]);
  expect(spot("{{| {{b}}")).toEqual(["", true, false]);
});

test("no word outside of templates and in strings", () => {
  expect(spot("Hel|lo {{a}}")).toBe(null);
  expect(spot("{{a}}|")).toBe(null);
  expect(spot('{{eq a "in|put"}}')).toBe(null);
  expect(spot("{|")).toBe(null);
});

test("an expression has no braces", () => {
  expect(spot("eq in|", true)).toEqual(["in", false, true]);
  expect(spot("|", true)).toEqual(["", true, true]);
  expect(spot('eq a "x|', true)).toBe(null);
});
