import { expect, test } from "vitest";
import { type Inline, parseInline, parseMarkdown, safeHref } from "./markdown-parse";

const textOf = (inline: readonly Inline[]): string =>
  inline.map((one) => ("text" in one ? one.text : "children" in one ? textOf(one.children) : "\n")).join("");

test("blocks are told apart", () => {
  const kinds = parseMarkdown("# Head\n\ntext\nmore\n- a\n- b\n\n  still b\n\n1. x\n\n```yaml\na: 1\n\n# no\n```\n\n    shell\n\n> said\n\n---\n| a | b |\n|---|---|\n| `x|y` | 2 |\n").map(
    (block) => block.kind,
  );
  expect(kinds).toEqual(["heading", "paragraph", "list", "list", "code", "code", "quote", "rule", "table"]);
});

test("code keeps its text", () => {
  expect(parseMarkdown("```yaml file=a.yaml\na:\n  - 1\n\n# x\n```\nafter")).toMatchObject([
    { kind: "code", language: "yaml", text: "a:\n  - 1\n\n# x" },
    { kind: "paragraph" },
  ]);
  expect(parseMarkdown("```\nnever closed")).toMatchObject([{ kind: "code", text: "never closed" }]);
});

test("items hold their own blocks", () => {
  const [list] = parseMarkdown("- one\n  goes on\n  - inner\n- two\nlazy");
  expect(list).toMatchObject({ kind: "list", items: [[{ kind: "paragraph" }, { kind: "list" }], [{ kind: "paragraph" }]] });
});

test("a table keeps pipes in code, and no more cells than its head", () => {
  const [table] = parseMarkdown("a | b\n--|--\n`x|y` | 2 | 3\nz \\| w |");
  expect(table?.kind === "table" && table.rows.map((row) => row.map(textOf))).toEqual([["x|y", "2"], ["z | w"]]);
});

test("inline: code, emphasis, links", () => {
  expect(parseInline("a `b*c*` **d** *e* \\*f\\* g_h_i")).toEqual([
    { kind: "text", text: "a " },
    { kind: "code", text: "b*c*" },
    { kind: "text", text: " " },
    { kind: "strong", children: [{ kind: "text", text: "d" }] },
    { kind: "text", text: " " },
    { kind: "emphasis", children: [{ kind: "text", text: "e" }] },
    { kind: "text", text: " *f* g_h_i" },
  ]);
  expect(parseInline("[x](#/actions/log) and [y](https://a.example/b_c_d)").filter((one) => one.kind === "link")).toHaveLength(2);
});

test("two blanks at the end of a line break it", () => {
  const [paragraph] = parseMarkdown("`a` → `1`  \n`b` → `2`\nc  ");
  expect(paragraph?.kind === "paragraph" && paragraph.children.map((one) => one.kind)).toEqual(["code", "text", "code", "break", "code", "text", "code", "text"]);
});

test("mark-up stays text, and a link leads nowhere else", () => {
  expect(parseInline("<img src=x onerror=alert(1)>")).toEqual([{ kind: "text", text: "<img src=x onerror=alert(1)>" }]);
  expect(parseInline("[x](javascript:alert(1)) ![pic](http://a.example/p.png)").some((one) => one.kind === "link")).toBe(false);
  expect([safeHref("JavaScript:x"), safeHref("//evil.example"), safeHref("/studio"), safeHref("data:text/html,x")]).toEqual([null, null, null, null]);
});

test("hostile texts end soon", () => {
  const start = performance.now();
  parseMarkdown("*".repeat(5000) + "a".repeat(5000));
  parseMarkdown("[".repeat(5000));
  parseMarkdown(">".repeat(3000) + "- ".repeat(3000));
  parseMarkdown("`".repeat(3000) + "x" + "_a".repeat(3000));
  expect(performance.now() - start).toBeLessThan(2000);
});
