// The pages around the flows: lists, connections, actions, scenarios, problems; by mouse and by keyboard, light and dark.
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { Desk } from "./desk";
import { expect, isAccessible, test } from "./fixtures";
import { type Files, LOCKGATE_YAML, type Server } from "./server";
import { shippedWorkspace } from "./shipped";

const isThere = (server: Server, path: string): boolean => existsSync(join(server.folder, path));

/** The row of a table, or the entry of a list, that has this as its head. */
const row = (page: Page, name: string) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });

test.describe("the list of flows", () => {
  test.use({
    files: {
      ...shippedWorkspace(),
      "flows/caller.yaml": "description: Calls another one.\nsteps:\n  - call: get-user\n    with: { user_id: auth0|1 }\n",
      "flows/billing/invoice.yaml": "description: Writes an invoice.\nsteps:\n  - return: 1\n",
    },
  });

  test("flows are found by name, description, route and file, and opened", async ({ page, server }) => {
    await page.goto(server.url);
    await expect(page.getByRole("row")).toHaveCount(10);
    await expect(row(page, "sign-up")).toContainText("POST /sign-up");
    await expect(row(page, "sign-up")).toContainText("ready");
    await expect(row(page, "sign-up").getByRole("link", { name: "sign-up.test.yaml" })).toHaveAttribute("href", "#/file/flows/sign-up.test.yaml");
    const find = page.getByRole("searchbox", { name: "Find a flow" });
    const found = page.getByRole("rowheader").getByRole("link");
    for (const [text, names] of [
      ["PRO PLANS", ["sign-up"]],
      ["/sign-up", ["sign-up"]],
      ["invoice", ["invoice"]],
      ["billing", ["invoice"]],
    ] as const) {
      await find.fill(text);
      await expect(found).toHaveText(names.map((name) => new RegExp(`${name}$`)));
    }
    await find.fill("no such thing");
    await expect(page.getByRole("main")).toContainText("No flow has “no such thing”");
    await find.fill("sign-up");
    await found.click();
    await expect(page).toHaveURL(/#\/file\/flows\/sign-up\.yaml$/);
    await expect(new Desk(page, server, "flows/sign-up.yaml").card("steps/0")).toBeVisible();
  });

  test("a flow is deleted after a question, with its tests or without", async ({ page, server }) => {
    await page.goto(server.url);
    const dialog = page.getByRole("dialog");
    const del = (name: string) => page.getByRole("button", { name: `Delete ${name}`, exact: true });

    // The question can be left, in each way.
    await del("get-user").click();
    await expect(dialog).toContainText("It is called by caller.");
    await isAccessible(page, "the question");
    await dialog.getByRole("button", { name: "Keep it" }).click();
    await expect(dialog).toHaveCount(0);
    await del("get-user").click();
    await page.keyboard.press("Escape");
    await expect(dialog).toHaveCount(0);
    expect(isThere(server, "flows/get-user.yaml")).toBe(true);

    await del("sign-up").click();
    await expect(dialog.getByRole("checkbox")).toBeChecked();
    await dialog.getByRole("button", { name: "Delete it" }).click();
    await expect(dialog).toHaveCount(0);
    await expect(row(page, "sign-up")).toHaveCount(0);
    expect([isThere(server, "flows/sign-up.yaml"), isThere(server, "flows/sign-up.test.yaml")]).toEqual([false, false]);

    await del("create-user").click();
    await dialog.getByRole("checkbox").uncheck();
    await dialog.getByRole("button", { name: "Delete it" }).click();
    await expect(row(page, "create-user")).toHaveCount(0);
    expect([isThere(server, "flows/create-user.yaml"), isThere(server, "flows/create-user.test.yaml")]).toEqual([false, true]);
    // All else is there still.
    await expect(page.getByRole("row")).toHaveCount(8);
  });

  test("a new flow has a name that is free, and is on the disk once it is saved", async ({ page, server }) => {
    await page.goto(server.url);
    await page.getByRole("button", { name: "New flow" }).click();
    const dialog = page.getByRole("dialog", { name: "New flow" });
    const name = dialog.getByLabel("Name");
    await expect(name).toBeFocused();
    const open = dialog.getByRole("button", { name: "Open it" });
    await expect(open).toBeDisabled();
    await name.fill("Sign up");
    await expect(dialog).toContainText("flows/sign-up.yaml is there already.");
    await expect(open).toBeDisabled();
    await name.fill("../../etc/passwd");
    await expect(open).toBeDisabled();
    await name.fill("teams/Größe ändern");
    await expect(dialog).toContainText("Its file is flows/teams/");
    await name.press("Enter");

    const path = decodeURIComponent(new URL(page.url()).hash.replace(/^#\/file\/|\?.*$/g, ""));
    expect(path).toMatch(/^flows\/teams\/[a-z-]+\.yaml$/);
    const desk = new Desk(page, server, path);
    await expect(desk.state).toHaveText("new");
    expect(isThere(server, path)).toBe(false);
    await desk.source.click();
    await page.keyboard.insertText("steps:\n  - return: 1\n");
    await expect(desk.card("steps/0")).toBeVisible();
    expect(await desk.saved()).toBe("steps:\n  - return: 1\n");
    await page.getByRole("link", { name: "Flows" }).click();
    await expect(page.locator(`a[href="#/file/${path}"]`)).toBeVisible();
  });
});

test.describe("connections", () => {
  /** What no answer of the server, and no page, may hold. */
  const CANARIES: Readonly<Record<string, string>> = {
    AUTH0_CLIENT_SECRET: "canary-auth0-client-secret-5e1f",
    PARTNER_SECRET: "canary-partner-secret-77aa",
    SMTP_USERNAME: "canary-smtp-username-31bc",
    SMTP_PASSWORD: "canary-smtp-password-9d2e",
    HOOK_SECRET: "canary-hook-secret-1234567890",
  };
  const TOKEN = "canary-access-token-0badf00d";
  const FILES: Files = {
    "lockgate.yaml": `${LOCKGATE_YAML.replace("config:", "  partner:\n    type: auth0\n    base_url: ${PARTNER_URL}\n    audience: https://partner.example/api/v2/\n    client_id: partner-app\n    client_secret: ${PARTNER_SECRET}\n  mail:\n    type: smtp\n    host: 127.0.0.1\n    username: ${SMTP_USERNAME}\n    password: ${SMTP_PASSWORD}\n    from: acme@example.com\n  callers:\n    type: bearer\n    token: ${CALLERS_TOKEN}\n  hook:\n    type: hmac\n    secret: ${HOOK_SECRET}\nconfig:")}`,
    // One half of the variables stands in the file, the other is in the environment.
    ".env": ["AUTH0_CLIENT_SECRET", "SMTP_PASSWORD"].map((name) => `${name}=${CANARIES[name]}\n`).join(""),
    "flows/make.yaml": `trigger:
  http: { method: POST, path: /make, auth: bearer }
input:
  password: { type: string, secret: true }
steps:
  - action: auth0.create_user
    connection: auth0
    with: { connection: "{{config.database}}", email: ada@example.com, password: "{{input.password}}" }
  - action: email.send
    with: { to: ada@example.com, subject: Hello, text: Hello }
`,
    "flows/partner.yaml": `trigger:
  http: { method: POST, path: /partner, auth: hmac }
steps:
  - action: auth0.get_user
    connection: partner
    with: { user_id: "auth0|1" }
  - action: auth0.delete_user
    connection: partner
    with: { user_id: "auth0|1" }
`,
  };
  test.use({ files: FILES });

  /** A tenant that grants little: its token endpoint. */
  async function partner(): Promise<{ readonly url: string; readonly asked: () => number; readonly close: () => void }> {
    let asked = 0;
    const tenant = createServer((request, answer) => {
      asked += 1;
      answer.setHeader("content-type", "application/json");
      if (request.url !== "/oauth/token") answer.statusCode = 404;
      answer.end(JSON.stringify({ access_token: TOKEN, token_type: "Bearer", expires_in: 3600, scope: "read:users" }));
    });
    await new Promise<void>((resolve) => tenant.listen(0, "127.0.0.1", resolve));
    return { url: `http://127.0.0.1:${(tenant.address() as AddressInfo).port}`, asked: () => asked, close: () => tenant.close() };
  }

  const card = (page: Page, name: string) => page.locator("li.connection").filter({ has: page.getByRole("heading", { name, exact: true }) });

  test("each says where it goes, what is set, and what a test of it found; secrets stay with the server", async ({ page, server }) => {
    const tenant = await partner();
    await server.stop();
    await server.start(["dev"], { ...CANARIES, AUTH0_CLIENT_SECRET: "", SMTP_PASSWORD: "", PARTNER_URL: tenant.url });
    const bodies: Promise<readonly [string, string]>[] = [];
    page.on("response", (response) => {
      // Streams of events have no end; what they tell is asked for by other requests.
      if (response.headers()["content-type"]?.startsWith("text/event-stream")) return;
      const headers = JSON.stringify(response.headers());
      bodies.push(response.text().then((text) => [response.url(), headers + text] as const, () => [response.url(), headers] as const));
    });
    await page.goto(`${server.url}#/connections`);
    await expect(page.locator("li.connection")).toHaveCount(5);

    const auth0 = card(page, "auth0");
    await expect(auth0).toContainText("EMULATED");
    await expect(auth0).toContainText("AUTH0_DOMAIN not set");
    await expect(auth0.getByRole("link", { name: "make" }).first()).toHaveAttribute("href", "#/file/flows/make.yaml");
    await expect(auth0.getByRole("row", { name: /create:users/ })).toContainText("not tested");
    await auth0.getByRole("button", { name: "Test" }).click();
    await expect(auth0.getByRole("status")).toContainText("a token from 127.0.0.1:");
    await expect(auth0.getByRole("row", { name: /create:users/ })).toContainText("granted");
    await expect(auth0).not.toContainText("To be granted");

    // One that lacks a scope.
    const other = card(page, "partner");
    await expect(other).toContainText("REAL");
    await expect(other).toContainText("PARTNER_SECRET set");
    await other.getByRole("button", { name: "Test" }).click();
    await expect(other).toContainText("To be granted: delete:users");
    await expect(other.locator(".check[data-tone=good]")).toHaveCount(0);
    await expect(other.getByRole("row", { name: /read:users/ })).toContainText("granted");
    await expect(other.getByRole("row", { name: /delete:users/ })).toContainText("missing");
    expect(tenant.asked()).toBe(1);

    for (const [name, label, said] of [
      ["mail", "REAL", "the settings of type `smtp` can be used; nobody was called"],
      ["callers", "MADE UP", "CALLERS_TOKEN is not set"],
      ["hook", "CALLERS", "what callers must show for `auth: hmac` is there"],
    ] as const) {
      await expect(card(page, name).locator(".target")).toHaveText(label);
      await card(page, name).getByRole("button", { name: "Test" }).click();
      await expect(card(page, name).getByRole("status")).toContainText(said);
    }
    await isAccessible(page, "connections that were tested");

    // One that is gone says so.
    tenant.close();
    await other.getByRole("button", { name: "Test" }).click();
    await expect(other.locator(".check[data-tone=bad]").first()).toContainText("no token from 127.0.0.1");

    // The other pages, which tell of the same files and runs.
    await page.getByRole("link", { name: "lockgate.yaml" }).click();
    const desk = new Desk(page, server, "lockgate.yaml");
    await expect(desk.source).toContainText("${PARTNER_SECRET}");
    await desk.source.getByText("PARTNER_SECRET").hover();
    for (const hash of ["#/", "#/file/flows/make.yaml?step=steps/0", "#/runs", "#/problems", "#/connections"]) {
      await page.goto(server.url + hash);
      await expect(page.getByRole("main").getByText(/make|auth0|run|problems/i).first()).toBeVisible();
    }
    await expect(page.locator("li.connection")).toHaveCount(5);

    // Made up for callers: the screen tells it, the browser is not told.
    const madeUp = /Bearer ([\w-]{16,})/.exec(server.log)?.[1];
    expect(madeUp, server.log).toBeDefined();
    const secrets = [...Object.values(CANARIES), TOKEN, madeUp ?? ""];
    const all = await Promise.all(bodies);
    expect(all.filter(([url]) => url.includes("/api/connections")).length).toBeGreaterThanOrEqual(7);
    const told = all.flatMap(([url, text]) => secrets.filter((secret) => text.includes(secret)).map((secret) => `${secret} in ${url}`));
    expect(told).toEqual([]);
    const shown = await page.evaluate(() => document.documentElement.outerHTML + JSON.stringify({ ...localStorage, ...sessionStorage }));
    expect(secrets.filter((secret) => shown.includes(secret))).toEqual([]);
  });

  test("the file of the variables cannot be read or written by the studio", async ({ page, server }) => {
    const api = new URL("/api/files/", server.url).href;
    await page.goto(`${server.url}#/file/.env`);
    await expect(page.getByRole("alert")).toBeVisible();
    await expect(page.locator("body")).not.toContainText("canary");
    for (const path of [".env", "flows/../.env", "flows%2F..%2F.env", "%2E%2E/acme/.env", ".lockgate/dev.db"]) {
      const answer = await page.request.get(api + path);
      expect(answer.status(), path).toBeGreaterThanOrEqual(400);
      expect(await answer.text(), path).not.toContain("canary");
      const put = await page.request.put(api + path, { data: { text: "X=1\n", base: null }, headers: { origin: new URL(server.url).origin } });
      expect(put.status(), path).toBeGreaterThanOrEqual(400);
    }
    expect(server.read(".env")).toBe(FILES[".env"]);
  });
});

test("an action is found, and its page says what it takes, gives and fails with", async ({ page, server }) => {
  await page.goto(`${server.url}#/actions`);
  const list = page.locator(".action-list li");
  await expect(list.filter({ hasText: "auth0.create_user" }).first()).toBeVisible();
  const find = page.getByRole("searchbox", { name: "Find an action" });
  await find.fill("slack message");
  await expect(list).toHaveCount(1);
  await find.fill("nothing like it");
  await expect(page.getByRole("main")).toContainText("No action has all of “nothing like it”");
  await find.fill("create_user");
  await page.getByRole("link", { name: /^auth0\.create_user/ }).click();
  await expect(page).toHaveURL(/#\/actions\/auth0\.create_user$/);
  await expect(page.getByRole("heading", { level: 1, name: "auth0.create_user" })).toBeVisible();
  const input = page.getByRole("table", { name: "Input" });
  await expect(input.getByRole("row", { name: /^connection/ })).toContainText("required");
  await expect(input.getByRole("row", { name: /^password/ })).toContainText("secret");
  await expect(page.getByRole("table", { name: "Result" }).getByRole("row", { name: /^user_id/ })).toBeVisible();
  await expect(page.getByRole("table", { name: "Errors" }).getByRole("row", { name: /^user_exists/ })).toContainText("409");
  await expect(page.locator(".chips")).toContainText("create:users");
  await page.getByRole("button", { name: "Copy the example" }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("action: auth0.create_user");
  // What was looked for is there still.
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1, name: "Actions" })).toBeVisible();
  await expect(find).toHaveValue("create_user");
  await page.goto(`${server.url}#/actions/auth0.no_such_thing`);
  await expect(page.getByRole("alert")).toHaveText("There is no action of this name.");
});

test.describe("scenarios", () => {
  test("one is added: its files are on the disk, its flows open, a second time nothing is left to do", async ({ page, server }) => {
    await page.goto(`${server.url}#/scenarios`);
    await page.getByRole("link", { name: "One-time codes by e-mail" }).click();
    await expect(page.getByRole("img")).toHaveCount(2);
    await page.getByRole("button", { name: "Add it to the workspace" }).click();
    const dialog = page.getByRole("dialog");
    await expect(dialog).toContainText("flows/send-email-code.yaml");
    await expect(dialog.getByLabel("Difference of lockgate.yaml")).toContainText("type: smtp");
    await isAccessible(page, "what a scenario adds");
    // Nothing was written to tell that.
    expect(server.read("lockgate.yaml")).toBe(LOCKGATE_YAML);
    expect(isThere(server, "flows/send-email-code.yaml")).toBe(false);

    await dialog.getByRole("button", { name: "Write the files" }).click();
    await expect(dialog.getByRole("status")).toContainText("Added.");
    for (const name of ["send-email-code", "check-email-code"]) {
      expect(isThere(server, `flows/${name}.yaml`), name).toBe(true);
      expect(isThere(server, `flows/${name}.test.yaml`), name).toBe(true);
    }
    expect(server.read("lockgate.yaml")).toContain("type: smtp");
    await dialog.getByRole("link", { name: "send-email-code" }).click();
    const desk = new Desk(page, server, "flows/send-email-code.yaml");
    await expect(dialog).toHaveCount(0);
    await expect(desk.card("steps/0")).toBeVisible();
    await page.getByRole("toolbar", { name: "File" }).getByRole("button", { name: "Test", exact: true }).click();
    await expect(page.locator(".test-summary").getByRole("status")).toHaveText(/^\d+ passed, in /);

    await page.goto(`${server.url}#/scenarios/email-otp`);
    await page.getByRole("button", { name: "Add it to the workspace" }).click();
    await expect(dialog).toContainText("All of it is there already.");
    await expect(dialog.getByRole("button", { name: "Write the files" })).toBeDisabled();
  });

  test("a file that is in the way is not written over", async ({ page, server }) => {
    const mine = "steps:\n  - return: mine\n";
    server.write("flows/send-email-code.yaml", mine);
    await page.goto(`${server.url}#/scenarios/email-otp`);
    await page.getByRole("button", { name: "Add it to the workspace" }).click();
    const dialog = page.getByRole("dialog");
    await expect(dialog.getByRole("alert")).toContainText("Files are in the way");
    await expect(dialog.getByRole("button", { name: "Write the files" })).toBeDisabled();
    await dialog.getByRole("button", { name: "Close" }).last().click();
    expect(server.read("flows/send-email-code.yaml")).toBe(mine);
    expect(server.read("lockgate.yaml")).toBe(LOCKGATE_YAML);
  });
});

test.describe("problems", () => {
  const BROKEN = `steps:
  - id: first
    action: log
    with: { message: "{{input.nobody}}" }
  - if: eq run.id "x"
    then:
      - id: inner
        action: log
        with: { mesage: x }
`;
  test.use({
    files: {
      "flows/broken.yaml": BROKEN,
      "flows/fine.yaml": "steps:\n  - return: 1\n",
      "flows/unreadable.yaml": "steps: [\n",
      "flows/fine.test.yaml": "flow: fine\ncases: [{ name: one, expects: 1 }]\n",
    },
  });

  test("those of all files are listed, each leads to its step, and they go when they are mended", async ({ page, server }) => {
    await page.goto(server.url);
    await expect(row(page, "broken")).toContainText("errors");
    const link = page.getByRole("banner").getByRole("link", { name: /error/ });
    await link.click();
    await expect(page.getByRole("heading", { level: 1, name: "Problems" })).toBeVisible();
    for (const path of ["flows/broken.yaml", "flows/fine.test.yaml", "flows/unreadable.yaml"]) {
      await expect(page.getByRole("heading", { level: 2, name: path })).toBeVisible();
    }
    const finding = page.locator(".problem").filter({ hasText: "mesage" });
    await expect(finding.first()).toBeVisible();
    await isAccessible(page, "problems");

    // What a code means.
    const code = await finding.first().getByRole("button").textContent();
    await finding.first().getByRole("button", { name: `Explain ${code}` }).click();
    await expect(page.getByRole("dialog")).toContainText(code ?? "-");
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toHaveCount(0);

    await finding.first().getByRole("link", { name: "line 9 of flows/broken.yaml" }).click();
    const desk = new Desk(page, server, "flows/broken.yaml");
    await expect(desk.card("steps/1/then/0")).toHaveAttribute("data-selected", "true");
    await expect(desk.form.getByRole("heading", { level: 2 })).toHaveText("inner");
    await expect(page.locator(".cm-selected-step").first()).toContainText("id: inner");

    // Mended in an editor beside, and one deleted: the list follows.
    await link.click();
    server.write("flows/broken.yaml", BROKEN.replace("mesage", "message").replace("{{input.nobody}}", "x"));
    await expect(page.getByRole("heading", { level: 2, name: "flows/broken.yaml" })).toHaveCount(0);
    server.delete("flows/unreadable.yaml");
    server.write("flows/fine.test.yaml", "flow: fine\ncases: [{ name: one }]\n");
    await expect(page.getByRole("main")).toContainText(/No problems in \d+ files/);
    await expect(page.getByRole("banner").getByRole("link", { name: "No problems" })).toBeVisible();
  });

  test("warnings and errors can be looked at apart", async ({ page, server }) => {
    server.write("flows/fine.yaml", "trigger: { http: POST /block/:user_id }\ninput: { user_id: string }\nsteps:\n  - action: auth0.update_user\n    with: { user_id: \"{{input.user_id}}\", blocked: true }\n");
    await page.goto(`${server.url}#/problems`);
    const group = page.getByRole("group", { name: "Severity" });
    const warnings = group.getByRole("button", { name: /^Warnings [1-9]/ });
    await warnings.click();
    await expect(page.locator(".problem[data-severity=error]")).toHaveCount(0);
    await expect(page.locator(".problem[data-severity=warning]").first()).toBeVisible();
    await group.getByRole("button", { name: /^Errors / }).click();
    await expect(page.locator(".problem[data-severity=warning]")).toHaveCount(0);
    await expect(page.locator(".problem[data-severity=error]").first()).toBeVisible();
  });
});

test("all pages are reached by Tab and Enter", async ({ page, server }) => {
  server.write("flows/notes.yaml", "steps:\n  - return: 1\n");
  await page.goto(server.url);
  const desk = new Desk(page, server, "flows/notes.yaml");
  const { keyboard } = page;
  await expect(row(page, "notes")).toBeVisible();

  // The first stop jumps over the navigation.
  await keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused();
  await expect(page.getByRole("link", { name: "Skip to content" })).toBeInViewport();
  await keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();
  await keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "New flow" })).toBeFocused();

  const navigation = page.getByRole("navigation", { name: "Workspace" });
  for (const name of ["Runs", "Connections", "Actions", "Scenarios", "Flows"]) {
    await desk.reach(navigation.getByRole("link", { name }));
    await keyboard.press("Enter");
    await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
    await expect(navigation.getByRole("link", { name })).toHaveAttribute("aria-current", "page");
  }
  await desk.reach(page.getByRole("banner").getByRole("link", { name: "No problems" }));
  await keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Problems" })).toBeVisible();

  // Into an action and a scenario, and into a flow.
  await desk.reach(navigation.getByRole("link", { name: "Actions" }));
  await keyboard.press("Enter");
  await desk.reach(page.getByRole("searchbox", { name: "Find an action" }));
  await keyboard.insertText("auth0.get_user");
  await desk.reach(page.getByRole("link", { name: /^auth0\.get_user/ }));
  await keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "auth0.get_user" })).toBeVisible();
  await desk.reach(navigation.getByRole("link", { name: "Flows" }));
  await keyboard.press("Enter");
  await desk.reach(page.getByRole("link", { name: "notes", exact: true }));
  await keyboard.press("Enter");
  await expect(desk.card("steps/0")).toBeVisible();

  // A dialog keeps the keys, and gives the focus back.
  await desk.reach(navigation.getByRole("link", { name: "Flows" }));
  await keyboard.press("Enter");
  const button = page.getByRole("button", { name: "Delete notes" });
  await desk.reach(button);
  await keyboard.press("Enter");
  await expect(page.getByRole("dialog").getByRole("button", { name: "Keep it" })).toBeFocused();
  await keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(button).toBeFocused();
});

test("light or dark is as the system says, or as was chosen, also after a reload", async ({ page, server }) => {
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(server.url);
  const choice = page.getByRole("button", { name: /^Colours: / });
  await expect(choice).toHaveAccessibleName("Colours: as the system");
  const light = await ground();
  await page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(ground).not.toBe(light);
  const dark = await ground();

  await choice.click();
  await expect(choice).toHaveAccessibleName("Colours: light");
  await expect.poll(ground).toBe(light);
  await page.reload();
  await expect(choice).toHaveAccessibleName("Colours: light");
  expect(await ground()).toBe(light);

  await page.emulateMedia({ colorScheme: "light" });
  await choice.click();
  await expect(choice).toHaveAccessibleName("Colours: dark");
  await expect.poll(ground).toBe(dark);
  await page.reload();
  await expect(choice).toHaveAccessibleName("Colours: dark");
  expect(await ground()).toBe(dark);

  await choice.click();
  await expect(choice).toHaveAccessibleName("Colours: as the system");
  await expect.poll(ground).toBe(light);
});
