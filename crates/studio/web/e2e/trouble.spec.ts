// Bad input: a text that cannot be read, markup in a text, a flow of ten thousand lines.
import type { Page } from "@playwright/test";
import { bigFlow } from "./big-flow";
import { instead, PATH, WELCOME } from "./commented";
import { Desk } from "./desk";
import { expect, test } from "./fixtures";
import { drawer, openRun, ran } from "./running";

const banner = (page: Page, text: RegExp) => page.locator(".banner", { hasText: text });

test.describe("a text that cannot be read", () => {
  test.use({ files: { [PATH]: WELCOME } });
  const OLD = /picture is the last one that could be drawn/;
  const BROKEN = instead("  - respond:\n", "  - respond: [\n");

  test("keeps the last picture with the findings beside it, and is well again when it is mended", async ({ page, server }) => {
    const desk = await Desk.open(page, server, PATH);
    await expect(desk.card("steps/0")).toBeVisible();
    await desk.fit();
    await expect(desk.card("steps/4")).toBeVisible();
    const cards = await page.locator(".flow-box[data-path]").count();
    await page.locator(".cm-line", { hasText: "- respond:" }).click();
    await page.keyboard.press("End");
    await page.keyboard.insertText(" [");

    await expect(banner(page, OLD)).toBeVisible();
    await expect(page.locator(".canvas-old")).toBeVisible();
    await expect(page.locator(".flow-box[data-path]")).toHaveCount(cards);
    await expect(desk.card("steps/4")).toContainText("200");
    // The finding stands in the text, and is told where one points.
    await expect(page.locator(".cm-lint-marker-error").first()).toBeVisible();
    await page.locator(".cm-lint-marker-error").first().hover();
    await expect(page.locator(".cm-tooltip-lint .cm-diagnostic-error").first()).not.toBeEmpty();
    // The places of the old picture are not those of the text: nothing can be added there, nothing moved.
    await expect(page.locator(".slot")).toHaveCount(0);
    await desk.picture.focus();
    await page.keyboard.press("End");
    await page.keyboard.press("Delete");
    await page.keyboard.press("Control+d");
    expect(await desk.text()).toBe(BROKEN);
    // One may save it, as any text.
    expect(await desk.saved()).toBe(BROKEN);
    await expect(page.locator(".navigation-problems")).toContainText(/\d error/);

    await page.locator(".cm-line", { hasText: "- respond:" }).click();
    await page.keyboard.press("End");
    await page.keyboard.press("Backspace");
    await page.keyboard.press("Backspace");
    await expect(banner(page, OLD)).toHaveCount(0);
    await expect(page.locator(".canvas-old")).toHaveCount(0);
    await expect(page.locator(".cm-lint-marker-error")).toHaveCount(0);
    await expect(page.locator(".slot").first()).toBeVisible();
    expect(await desk.saved()).toBe(WELCOME);
    await expect(page.locator(".navigation-problems")).toContainText("No problems");
  });

  test("is shown as far as it can be when it is so from the beginning, and wholly when it is mended on disk", async ({ page, server }) => {
    const [before, after] = WELCOME.split("  # Side by side.\n");
    if (before === undefined || after === undefined) throw new Error("the flow is another");
    server.write(PATH, `${before}  - log: [ {\n${after}`);
    const desk = await Desk.open(page, server, PATH);
    await expect(banner(page, /the picture is that of what could be read/)).toBeVisible();
    await expect(desk.card("steps/1")).toBeVisible();
    await expect(desk.card("steps/4")).toHaveCount(0);
    await expect(page.locator(".cm-lint-marker-error").first()).toBeVisible();
    server.write(PATH, WELCOME);
    await expect(page.locator(".canvas-old")).toHaveCount(0);
    await desk.fit();
    await expect(desk.card("steps/4")).toContainText("200");
    await expect(page.locator(".cm-lint-marker-error")).toHaveCount(0);
    expect(await desk.text()).toBe(WELCOME);
    await expect(page.locator(".canvas-old")).toHaveCount(0);
  });

  test("of which nothing can be read has no picture, and says so", async ({ page, server }) => {
    server.write(PATH, '"');
    const desk = new Desk(page, server, PATH);
    await page.goto(`${server.url}#/file/${PATH}`);
    await expect(page.locator(".canvas-empty")).toHaveText("The text cannot be read: there is no picture of it yet.");
    await expect(page.locator(".cm-lint-marker-error")).toBeVisible();
    await desk.source.click();
    await page.keyboard.press("Control+A");
    await page.keyboard.insertText("steps:\n  - respond: { status: 204 }\n");
    await expect(desk.card("steps/0")).toContainText("204");
  });
});

test.describe("markup in a text", () => {
  const IMG = "<img src=x onerror=alert(1)>";
  const SCRIPT = "<script>alert(2)</script>";
  const path = "flows/markup.yaml";
  const flow = `name: markup
description: "${SCRIPT}"
input:
  word: { type: string, description: "${IMG}" }
steps:
  - id: first
    name: "${IMG}"
    notes: "${SCRIPT} **bold** [go](javascript:alert(3)) ![x](http://example.com/x.png)"
    action: log
    with: { message: "${SCRIPT} {{input.word}}" }
  - name: "${SCRIPT}"
    respond:
      body: { html: "${IMG}", said: "{{input.word}}" }
`;
  test.use({ files: { [path]: flow } });

  /** Nothing was made of it. */
  async function isInert(page: Page): Promise<void> {
    const found = await page.evaluate(() => ({
      images: document.querySelectorAll("img[src=x], [onerror], [src*='example.com'], a[href^='javascript:']").length,
      scripts: [...document.scripts].filter((script) => script.src === "").length,
    }));
    expect(found).toEqual({ images: 0, scripts: 0 });
  }

  test("is shown as text by picture, form, search, run and pages, and does nothing", async ({ page, server }) => {
    const dialogs: string[] = [];
    page.on("dialog", (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    const desk = await Desk.open(page, server, path);
    await expect(desk.card("steps/0")).toContainText(IMG);
    await expect(desk.card("steps/1")).toContainText(SCRIPT);
    await expect(desk.form).toContainText(SCRIPT);
    await isInert(page);

    await desk.select("steps/0");
    await expect(desk.form.getByRole("heading", { level: 2 })).toHaveText(IMG);
    await expect(desk.field("name")).toHaveValue(IMG);
    await expect(desk.field("message")).toContainText(SCRIPT);
    await isInert(page);
    await desk.head("steps/0").hover();
    await page.locator(".cm-line", { hasText: "id: first" }).getByText("first").hover();
    await isInert(page);

    await desk.picture.focus();
    await page.keyboard.press("/");
    await page.keyboard.insertText("<img");
    await expect(page.getByRole("option").first()).toContainText(IMG);
    await isInert(page);
    await page.keyboard.press("Escape");

    await ran(desk, "succeeded", { word: IMG });
    await expect(drawer(page)).toContainText(IMG);
    await isInert(page);
    await drawer(page).locator(".run-steps").getByText(IMG).first().click();
    await expect(drawer(page).locator(".run-result")).toContainText(IMG);
    await isInert(page);
    await openRun(page);
    await expect(page.locator(".flow-box[data-path='steps/0']")).toContainText(IMG);
    await isInert(page);
    await page.goto(`${server.url}#/`);
    await expect(page.getByRole("main")).toContainText(SCRIPT);
    await isInert(page);
    await page.goto(`${server.url}#/runs`);
    await expect(page.getByRole("main")).toContainText("markup");
    await isInert(page);
    expect(dialogs).toEqual([]);
  });

  test("in a finding, and in an address, is text, too", async ({ page, server }) => {
    const desk = await Desk.open(page, server, path);
    server.write(path, `"${IMG}": 1\nsteps:\n  - action: "${IMG}"\n`);
    await expect(page.locator(".cm-lint-marker-error").first()).toBeVisible();
    await page.locator(".cm-lint-marker-error").first().hover();
    await expect(page.locator(".cm-tooltip-lint")).toContainText("<img");
    await isInert(page);
    await page.goto(`${server.url}#/problems`);
    await expect(page.getByRole("main")).toContainText("<img");
    await isInert(page);
    await page.goto(`${server.url}#/file/${encodeURIComponent(`flows/${IMG}.yaml`)}`);
    await expect(page.getByRole("alert")).toBeVisible();
    await isInert(page);
    expect(desk.disk()).toContain(IMG);
  });
});

test.describe("a flow of ten thousand lines", () => {
  const path = "flows/big.yaml";
  const text = bigFlow(4444);
  test.use({ files: { [path]: text } });

  test("opens, is panned, found in, edited as text and as picture, and saved", async ({ page, server }) => {
    test.slow();
    expect(text.split("\n").length).toBeGreaterThan(10_000);
    const desk = await Desk.open(page, server, path);
    const position = () => page.locator(".react-flow__viewport").evaluate((element) => getComputedStyle(element).transform);
    await desk.picture.hover();
    for (let turn = 0; turn < 20; turn += 1) {
      const before = await position();
      await page.mouse.wheel(0, 600);
      await expect.poll(position).not.toBe(before);
    }
    // Others are drawn, and only those that are seen.
    await expect(desk.card("steps/0")).toHaveCount(0);
    await expect(page.locator(".flow-box[data-path]").first()).toBeVisible();
    expect(await page.locator(".flow-box").count()).toBeLessThan(200);

    await desk.picture.focus();
    await page.keyboard.press("End");
    await expect(desk.card("steps/3332")).toBeVisible();

    await desk.source.click();
    await page.keyboard.press("Control+End");
    await page.keyboard.insertText("  - id: last\n    action: log\n    with: { message: the end }\n");
    await expect(page.getByRole("button", { name: "Add a step after last" })).toBeAttached();
    await desk.picture.focus();
    await page.keyboard.press("End");
    await expect(desk.card("steps/3333")).toContainText("last");
    const edited = `${text}  - id: last\n    action: log\n    with: { message: the end }\n`;
    expect(await desk.saved()).toBe(edited);

    await desk.select("steps/3333");
    await page.keyboard.press("Delete");
    await expect(desk.card("steps/3333")).toHaveCount(0);
    expect(await desk.saved()).toBe(text);
  });
});
