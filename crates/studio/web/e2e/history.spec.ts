// One history for all views: what was done on the picture, in a form and in the text is undone in turn, and done again.
import { Desk } from "./desk";
import { expect, test } from "./fixtures";

const PATH = "flows/notes.yaml";
const NOTES = `# Notes.
steps:
  - id: first # one
    action: log
    with: { message: first }

  - id: second
    action: log
    with:
      message: "{{run.id}}" # as it is
`;
test.use({ files: { [PATH]: NOTES } });

test("edits of all views are undone one by one to the first byte, and done again", async ({ page, server }) => {
  const desk = await Desk.open(page, server, PATH);
  const { keyboard } = page;
  const atText = (): Promise<void> => desk.source.click();
  const atPicture = (): Promise<void> => desk.picture.focus();
  /** The template field of a form, which gives what is not its own to the history. */
  const atField = (): Promise<void> => desk.field("message").click();
  const texts = [NOTES];
  const done = async (act: () => Promise<void>): Promise<void> => {
    await act();
    await expect.poll(() => desk.text()).not.toBe(texts.at(-1));
    texts.push(await desk.text());
  };

  expect(await desk.text()).toBe(NOTES);
  await done(async () => {
    await desk.select("steps/0");
    await keyboard.press("Control+d");
  });
  await done(async () => {
    await desk.select("steps/2");
    await desk.write("message", "noted");
  });
  await done(async () => {
    await atText();
    await keyboard.press("Control+End");
    await keyboard.insertText("# The end.\n");
  });
  await done(async () => {
    await desk.select("steps/0");
    await keyboard.press("Delete");
  });
  await done(async () => {
    await atText();
    await keyboard.press("Control+Home");
    await keyboard.insertText("# Of all.\n");
  });
  expect(texts.at(-1)).toBe(`# Of all.
# Notes.
steps:
  - id: first_2 # one
    action: log
    with: { message: first }

  - id: second
    action: log
    with:
      message: "noted" # as it is
# The end.
`);

  const undo = [
    async () => desk.undo.click(),
    async () => atText().then(() => keyboard.press("Control+z")),
    async () => atPicture().then(() => keyboard.press("Control+z")),
    async () => {
      await desk.select("steps/2");
      await atField();
      await keyboard.press("Control+z");
    },
    async () => atText().then(() => keyboard.press("Control+z")),
  ];
  for (const [index, act] of undo.entries()) {
    await act();
    await expect.poll(() => desk.text(), `undone ${index + 1}`).toBe(texts[texts.length - 2 - index]);
  }
  await expect(desk.state).toHaveText("saved");
  await expect(desk.undo).toBeDisabled();
  await expect(desk.save).toBeDisabled();
  expect(desk.disk()).toBe(NOTES);

  const redo = [
    async () => desk.redo.click(),
    async () => atText().then(() => keyboard.press("Control+Shift+Z")),
    async () => atPicture().then(() => keyboard.press("Control+Shift+Z")),
    async () => {
      await desk.select("steps/1");
      await atField();
      await keyboard.press("Control+y");
    },
    async () => atText().then(() => keyboard.press("Control+y")),
  ];
  for (const [index, act] of redo.entries()) {
    await act();
    await expect.poll(() => desk.text(), `done again ${index + 1}`).toBe(texts[index + 1]);
  }
  await expect(desk.redo).toBeDisabled();
  expect(await desk.saved()).toBe(texts.at(-1));
});

test("the history outlives a view that is closed", async ({ page, server }) => {
  const desk = await Desk.open(page, server, PATH);
  await desk.source.click();
  await page.keyboard.press("Control+End");
  await page.keyboard.insertText("# The end.\n");
  await desk.wide();
  await desk.select("steps/0");
  await page.keyboard.press("Delete");
  await expect(desk.card("steps/1")).toHaveCount(0);
  await page.getByRole("button", { name: "Text", exact: true }).click();
  await expect.poll(() => desk.text()).not.toContain("first");
  await desk.source.click();
  await page.keyboard.press("Control+z");
  await expect.poll(() => desk.text()).toBe(`${NOTES}# The end.\n`);
  await page.keyboard.press("Control+z");
  await expect.poll(() => desk.text()).toBe(NOTES);
  await expect(desk.state).toHaveText("saved");
});

test("each view follows what is selected in the others", async ({ page, server }) => {
  const desk = await Desk.open(page, server, PATH);
  const marked = page.locator(".cm-selected-step");
  const title = desk.form.getByRole("heading", { level: 2 });

  await desk.select("steps/1");
  await expect(title).toHaveText("second");
  await expect.poll(() => marked.allTextContents()).toEqual(NOTES.split("\n").slice(6, 10));

  await page.locator(".cm-line", { hasText: "first # one" }).click();
  await expect(desk.card("steps/0")).toHaveAttribute("data-selected", "true");
  await expect(desk.card("steps/1")).not.toHaveAttribute("data-selected", "true");
  await expect(title).toHaveText("first");
  await expect.poll(() => marked.allTextContents()).toEqual(NOTES.split("\n").slice(2, 5));

  // The cursor goes on, and the others with it.
  for (let line = 0; line < 4; line += 1) await page.keyboard.press("ArrowDown");
  await expect(desk.card("steps/1")).toHaveAttribute("data-selected", "true");
  await page.keyboard.press("Control+Home");
  await expect(title).toHaveText("notes");
  await expect(marked).toHaveCount(0);

  await desk.picture.focus();
  await page.keyboard.press("End");
  await expect(title).toHaveText("second");
  await expect(page.locator(".cm-activeLine")).toHaveText(/id: second/);
});
