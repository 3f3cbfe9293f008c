// Who may look, and who may change: a server that asks for a token, and one that lets nobody write.
import type { Page } from "@playwright/test";
import { PATH, WELCOME } from "./commented";
import { Desk } from "./desk";
import { expect, isAccessible, test } from "./fixtures";

const TOKEN = "a-token-of-the-tests-0123456789";
// `serve` emulates no tenant. Nobody is called: no run is started.
const TENANT = { AUTH0_DOMAIN: "tenant.invalid", AUTH0_CLIENT_ID: "id", AUTH0_CLIENT_SECRET: "a secret of the tests" };
const STORE = ["--store", ".lockgate/serve.db"];

test.use({ files: { [PATH]: WELCOME } });

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Asks as the studio's own pages do. */
function ask(page: Page, method: string, path: string, body: unknown): Promise<Answer> {
  return page.evaluate(
    async ({ method, path, body }) => {
      const response = await fetch(path, { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
      return { status: response.status, body: await response.text() };
    },
    { method, path, body },
  );
}

test("read-only: everything is seen, nothing can be changed, neither on the page nor by the API", async ({ page, server }) => {
  await server.stop();
  await server.start(["serve", "--studio", ...STORE], TENANT);
  const desk = await Desk.open(page, server, PATH);
  await expect(desk.state).toHaveText("read-only");
  for (const gone of [desk.save, desk.undo, desk.redo, page.locator(".slot"), page.getByRole("complementary", { name: "Steps to add" })]) {
    await expect(gone).toHaveCount(0);
  }
  await isAccessible(page, "a flow that can only be read");

  // By keyboard neither, nor by a menu.
  await desk.select("steps/4");
  for (const key of ["Delete", "Control+d", "Control+x", "a", "w", "Alt+ArrowUp", "Control+s"]) {
    await desk.picture.focus();
    await page.keyboard.press(key);
  }
  await expect(page.getByRole("combobox", { name: "Add a step" })).toHaveCount(0);
  await expect(desk.card("steps/4")).toContainText("200");
  await desk.head("steps/4").click({ button: "right" });
  await expect(page.getByRole("menuitem", { name: "Copy" })).toBeVisible();
  for (const name of [/^Delete/, /^Cut/, /^Paste/, /^Add/, /^Wrap/, /^Duplicate/]) await expect(page.getByRole("menuitem", { name })).toHaveCount(0);
  await page.keyboard.press("Escape");

  // The fields show what is there.
  const open = await desk.form.locator("input:not([readonly]):not(:disabled), textarea:not([readonly]):not(:disabled), select:not(:disabled)").count();
  expect(open, "fields that can be changed").toBe(0);
  const body = desk.form.getByRole("textbox").and(page.locator("[contenteditable=true]")).first();
  await body.click();
  await page.keyboard.insertText("mine");
  await page.keyboard.press("Tab");
  await expect(body).not.toContainText("mine");
  await expect(desk.form.getByRole("button", { name: /^(Add|Remove|Delete|Wrap)/ })).toHaveCount(0);
  await page.locator(".cm-line").first().click();
  await page.keyboard.insertText("# Mine.");
  await page.keyboard.press("Control+z");
  expect(await desk.text()).toBe(WELCOME);
  await expect(desk.state).toHaveText("read-only");

  // The other pages offer nothing, and say why.
  await page.goto(`${server.url}#/`);
  await expect(page.getByText("files cannot be changed from here")).toBeVisible();
  await expect(page.getByRole("button", { name: /New flow|Delete/ })).toHaveCount(0);
  await page.goto(`${server.url}#/scenarios/email-otp`);
  await expect(page.getByRole("main").getByText("One-time codes by e-mail").first()).toBeVisible();
  await expect(page.getByRole("main").getByRole("button", { name: /Add/ })).toHaveCount(0);

  const { version } = JSON.parse((await ask(page, "POST", "/api/document", { path: PATH, text: WELCOME, collapsed: [] })).body) as { version?: string };
  for (const [method, path, body] of [
    ["PUT", `/api/files/${PATH}`, { text: "steps: []\n", base: version ?? null }],
    ["PUT", "/api/files/flows/mine.yaml", { text: "steps: []\n", base: null }],
    ["DELETE", `/api/files/${PATH}`, {}],
  ] as const) {
    const refused = await ask(page, method, path, body);
    expect(refused, `${method} ${path}`).toMatchObject({ status: 403 });
    expect(refused.body).toContain("--studio-write");
  }
  expect(desk.disk()).toBe(WELCOME);
  expect(() => server.read("flows/mine.yaml")).toThrow();
});

test("`--studio-write` lets files be changed", async ({ page, server }) => {
  await server.stop();
  await server.start(["serve", "--studio", "--studio-write", ...STORE], TENANT);
  const desk = await Desk.open(page, server, PATH);
  await desk.source.click();
  await page.keyboard.press("Control+Home");
  await page.keyboard.insertText("# Mine.\n");
  expect(await desk.saved()).toBe(`# Mine.\n${WELCOME}`);
});

test("with a token: nothing is shown before it, a wrong one is told, the right one opens the page that was asked for", async ({ page, server }) => {
  await server.stop();
  await server.start(["serve", "--studio", "--studio-write", ...STORE], { ...TENANT, LOCKGATE_ADMIN_TOKEN: TOKEN });
  const seen: string[] = [];
  page.on("response", (response) => {
    if (response.ok() && new URL(response.url()).pathname.startsWith("/api/")) seen.push(response.url());
  });
  const desk = new Desk(page, server, PATH);
  const token = page.getByLabel("This server asks for its admin token");
  const banner = page.getByRole("alert").filter({ has: page.getByRole("button", { name: "Use it" }) });

  await page.goto(`${server.url}#/file/${PATH}`);
  await expect(banner).toBeVisible();
  await expect(page.getByRole("main")).toHaveText("LockedNothing is shown without the token.");
  await expect(token).toBeFocused();
  await isAccessible(page, "the page that asks for a token");
  for (const hash of ["#/", "#/runs", "#/connections", "#/actions", "#/problems"]) {
    await page.goto(server.url + hash);
    await expect(page.getByRole("main")).toHaveText("LockedNothing is shown without the token.");
  }
  await page.goto(`${server.url}#/file/${PATH}`);

  await token.fill("a-token-of-somebody-else-9876");
  await token.press("Enter");
  await expect(banner).toContainText("That token is wrong.");
  await expect(page.getByRole("main")).toHaveText("LockedNothing is shown without the token.");
  expect(await page.locator("body").innerText()).not.toContain("welcome");
  expect(seen, "what the server has told").toEqual([]);

  await page.getByLabel("That token is wrong.").fill(TOKEN);
  await page.getByRole("button", { name: "Use it" }).click();
  await expect(banner).toHaveCount(0);
  await expect(desk.card("steps/4")).toContainText("200");
  await desk.source.click();
  await page.keyboard.press("Control+Home");
  await page.keyboard.insertText("# Mine.\n");
  expect(await desk.saved()).toBe(`# Mine.\n${WELCOME}`);
  // The server tells of changes, too.
  server.write(PATH, WELCOME);
  await expect.poll(() => desk.text()).toBe(WELCOME);

  // It is kept as long as the tab is open, and no longer.
  await page.reload();
  await expect(desk.card("steps/4")).toContainText("200");
  expect(await page.evaluate((token) => Object.values(localStorage).some((value) => String(value).includes(token)), TOKEN)).toBe(false);
  const other = await page.context().newPage();
  await other.goto(server.url);
  await expect(other.getByRole("main")).toHaveText("LockedNothing is shown without the token.");
});

test("a token that the server gets later does not take unsaved work along", async ({ page, server }) => {
  const desk = await Desk.open(page, server, PATH);
  await desk.source.click();
  await page.keyboard.press("Control+Home");
  await page.keyboard.insertText("# Mine.\n");
  await server.stop();
  await server.start(["serve", "--studio", "--studio-write", ...STORE], { ...TENANT, LOCKGATE_ADMIN_TOKEN: TOKEN });
  const token = page.getByLabel("This server asks for its admin token");
  await expect(token).toBeVisible();
  await expect(desk.card("steps/4")).toContainText("200");
  await expect(desk.state).toHaveText("not saved");
  await token.fill(TOKEN);
  await token.press("Enter");
  await expect(token).toHaveCount(0);
  expect(await desk.saved()).toBe(`# Mine.\n${WELCOME}`);
  await desk.undo.click();
  await expect(desk.state).toHaveText("not saved");
});
