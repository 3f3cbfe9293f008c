// A file that somebody else changes meanwhile, a file that goes, a second tab, a server that goes: nothing is lost, nothing is
// written over.
import type { Page } from "@playwright/test";
import { instead, PATH, WELCOME } from "./commented";
import { Desk } from "./desk";
import { expect, test } from "./fixtures";

test.use({ files: { [PATH]: WELCOME } });

const banner = (page: Page, text: RegExp) => page.locator(".banner", { hasText: text });
const dialog = (page: Page) => page.getByRole("dialog", { name: `${PATH} is another on disk` });

const MINE = instead("status: 200 # fine", "status: 404 # fine");

/** The answer's status is changed, and not saved. */
async function changeStatus(desk: Desk, to = "404"): Promise<void> {
  await desk.wide();
  await desk.select("steps/4");
  await desk.write("status", to);
  await expect(desk.state).toHaveText("not saved");
}

test("a file that changes on disk is shown at once where nothing is unsaved", async ({ page, server }) => {
  const desk = await Desk.open(page, server, PATH);
  server.write(PATH, WELCOME.replace("name: welcome", "name: hello"));
  await expect(page.locator(".desk-name")).toContainText("hello");
  await expect(desk.state).toHaveText("saved");
  expect(await desk.text()).toContain("name: hello");
});

test("changes in other lines are merged when it is saved", async ({ page, server }) => {
  const desk = await Desk.open(page, server, PATH);
  await changeStatus(desk);
  server.write(PATH, WELCOME.replace("# They pay.", "# They pay well."));
  await expect(banner(page, /has changed on disk/)).toBeVisible();
  const both = MINE.replace("# They pay.", "# They pay well.");
  expect(await desk.saved()).toBe(both);
  await expect(banner(page, /Merged with what has changed on disk/)).toBeVisible();
  await expect(banner(page, /has changed on disk\./)).toHaveCount(1);
  await page.getByRole("button", { name: "Text", exact: true }).click();
  await expect.poll(() => desk.text()).toContain("# They pay well.");
});

test.describe("changes in the same lines", () => {
  const THEIRS = instead("status: 200 # fine", "status: 418 # tea");

  async function meet(page: Page, desk: Desk): Promise<void> {
    await changeStatus(desk);
    desk.server.write(PATH, THEIRS);
    await expect(banner(page, /has changed on disk/)).toBeVisible();
    await desk.save.click();
    await expect(dialog(page)).toContainText("status: 418 # tea");
    await expect(dialog(page)).toContainText("status: 404 # fine");
    expect(desk.disk()).toBe(THEIRS);
  }

  test("one goes on editing, and nothing is written", async ({ page, server }) => {
    const desk = await Desk.open(page, server, PATH);
    await meet(page, desk);
    await page.getByRole("button", { name: "Go on editing" }).click();
    await expect(dialog(page)).toHaveCount(0);
    await expect(desk.state).toHaveText("not saved");
    expect(desk.disk()).toBe(THEIRS);
    // It is asked again, and Escape is an answer, too.
    await desk.save.click();
    await expect(dialog(page)).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(dialog(page)).toHaveCount(0);
    expect(desk.disk()).toBe(THEIRS);
  });

  test("one takes the file on disk, and can still undo that", async ({ page, server }) => {
    const desk = await Desk.open(page, server, PATH);
    await meet(page, desk);
    await page.getByRole("button", { name: "Take the file on disk" }).click();
    await expect(desk.state).toHaveText("saved");
    await expect(desk.card("steps/4")).toContainText("418");
    expect(desk.disk()).toBe(THEIRS);
    await desk.undo.click();
    await expect(desk.card("steps/4")).toContainText("404");
    expect(await desk.saved()).toBe(MINE);
  });

  test("one writes one's own over it", async ({ page, server }) => {
    const desk = await Desk.open(page, server, PATH);
    await meet(page, desk);
    await page.getByRole("button", { name: "Write mine over it" }).click();
    await expect(desk.state).toHaveText("saved");
    expect(desk.disk()).toBe(MINE);
  });

  test("what changes once more while one looks is not written over", async ({ page, server }) => {
    const desk = await Desk.open(page, server, PATH);
    await meet(page, desk);
    const again = instead("status: 200 # fine", "status: 500 # oh");
    server.write(PATH, again);
    await page.getByRole("button", { name: "Write mine over it" }).click();
    await expect(dialog(page)).toContainText("status: 500 # oh");
    expect(desk.disk()).toBe(again);
  });
});

test("a file that is deleted is written again when it is saved", async ({ page, server }) => {
  const desk = await Desk.open(page, server, PATH);
  await changeStatus(desk);
  server.delete(PATH);
  await expect(banner(page, /was deleted on disk/)).toBeVisible();
  await expect(desk.card("steps/4")).toContainText("404");
  expect(await desk.saved()).toBe(MINE);
  await expect(banner(page, /was deleted on disk/)).toHaveCount(0);
});

test("a file that is deleted does not take unsaved work with it over a reload", async ({ page, server }) => {
  const desk = await Desk.open(page, server, PATH);
  await changeStatus(desk);
  await desk.page.reload();
  await expect(banner(page, /Unsaved changes of an earlier visit/)).toBeVisible();
  server.delete(PATH);
  await expect(banner(page, /was deleted on disk/)).toBeVisible();
  await page.reload();
  await expect(banner(page, /was deleted on disk/)).toBeVisible();
  await expect(desk.state).toHaveText("not saved");
  await desk.fit();
  await expect(desk.card("steps/4")).toContainText("404");
  expect(await desk.saved()).toBe(MINE);
});

test("two tabs on one file: what one saves the other has, or merges", async ({ page, server, context }) => {
  const one = await Desk.open(page, server, PATH);
  const two = await Desk.open(await context.newPage(), server, PATH);
  // Chromium takes its time over clicks in a tab that is not in front.
  await one.page.bringToFront();
  await changeStatus(one);
  await one.saved();
  await two.page.bringToFront();
  await expect(two.state).toHaveText("saved");
  await expect.poll(() => two.text().then((text) => text.includes("status: 200"))).toBe(false);

  // Both have unsaved work, in lines of their own.
  await one.page.bringToFront();
  await changeStatus(one, "410");
  await two.page.bringToFront();
  await two.select("steps/0");
  await two.write("name", "look up");
  await expect(two.state).toHaveText("not saved");
  await one.saved();
  await expect(banner(two.page, /has changed on disk/)).toBeVisible();
  // What the other tab has saved does not take the unsaved work of this one with it.
  await two.page.reload();
  await expect(banner(two.page, /Unsaved changes of an earlier visit/)).toBeVisible();
  const both = await two.saved();
  expect(both).toBe(instead("  - id: user # the person\n", "  - id: user # the person\n    name: look up\n", MINE.replace("404", "410")));
  await expect(one.state).toHaveText("saved");
  await expect(one.card("steps/0")).toContainText("look up");
});

test("a server that goes: the page says so, keeps what is unsaved over a reload, and saves it once it is there again", async ({ page, server }) => {
  const desk = await Desk.open(page, server, PATH);
  const gone = banner(page, /The server does not answer/);
  await desk.source.click();
  await page.keyboard.press("Control+Home");
  await page.keyboard.insertText("# Before.\n");
  await server.stop();
  await expect(gone).toBeVisible();
  await page.keyboard.insertText("# While it was away.\n");
  await desk.save.click();
  await expect(desk.state).toHaveText("not saved");
  expect(desk.disk()).toBe(WELCOME);

  await server.start();
  await expect(gone).toHaveCount(0);
  await page.reload();
  await expect(banner(page, /Unsaved changes of an earlier visit/)).toBeVisible();
  await expect(desk.state).toHaveText("not saved");
  const mine = `# Before.\n# While it was away.\n${WELCOME}`;
  expect(await desk.saved()).toBe(mine);
  await page.reload();
  await expect(desk.state).toHaveText("saved");
  await expect(banner(page, /earlier visit/)).toHaveCount(0);
  expect(await desk.text()).toContain("# While it was away.");
});

test("a file that changed while the server was away is merged, too", async ({ page, server }) => {
  const desk = await Desk.open(page, server, PATH);
  await changeStatus(desk);
  await server.stop();
  await expect(banner(page, /The server does not answer/)).toBeVisible();
  server.write(PATH, WELCOME.replace("# They pay.", "# They pay well."));
  await server.start();
  await expect(banner(page, /has changed on disk/)).toBeVisible();
  expect(await desk.saved()).toBe(MINE.replace("# They pay.", "# They pay well."));
});
