// The pictures of docs/studio.md: `cargo xtask studio screenshots` takes them. Also a test: what they show must be there.
import { type Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import { shippedWorkspace } from "./shipped";

test.use({ files: shippedWorkspace(), viewport: { width: 1440, height: 860 }, deviceScaleFactor: 1 });

const folder = new URL("../../../../docs/images/studio/", import.meta.url);

async function take(page: Page, name: string): Promise<void> {
  // Carets blink, and notes of what was just done go away.
  await page.mouse.move(0, 0);
  await page.screenshot({ path: new URL(`${name}.png`, folder).pathname, animations: "disabled", caret: "hide" });
}

async function open(page: Page, url: string, flow: string): Promise<void> {
  await page.goto(`${url}#/file/flows/${flow}.yaml`);
  await expect(page.locator("[data-path='steps/0']").first()).toBeVisible();
}

test("a flow as picture, text and form", async ({ page, server }) => {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await open(page, server.url, "sign-up");
    await page.locator("[data-path='steps/0']").first().click();
    await expect(page.locator("[data-step-panel]").getByText("auth0.create_user").first()).toBeVisible();
    await take(page, `edit-${colorScheme}`);
    await page.goto("about:blank");
  }
});

test("adding a step", async ({ page, server }) => {
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await open(page, server.url, "sign-up");
  await page.locator("[data-path='steps/0']").first().click();
  await page.keyboard.press("a");
  await page.keyboard.type("email");
  await expect(page.getByRole("option", { name: /email\.send/ }).first()).toBeVisible();
  await take(page, "add-light");
});

test("completion in a form", async ({ page, server }) => {
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await open(page, server.url, "sign-up");
  await page.locator("[data-path='steps/1'][data-form=card]").click();
  const field = page.locator("[data-step-panel]").getByLabel(/user_id/).first();
  await field.click();
  await field.press("ControlOrMeta+a");
  await field.pressSequentially("{{steps.");
  await expect(page.locator(".cm-tooltip-autocomplete li").first()).toBeVisible();
  await take(page, "form-light");
});

test("a run on the picture, and as a timeline", async ({ page, server }) => {
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await open(page, server.url, "sign-up");
  await page.getByRole("toolbar", { name: "File" }).getByRole("button", { name: "Run", exact: true }).click();
  const drawer = page.getByRole("region", { name: "Run", exact: true });
  await drawer.getByLabel(/email/).first().fill("ada@example.com");
  await drawer.getByLabel(/password/).first().fill("correct horse 9");
  await drawer.getByLabel(/plan/).first().selectOption({ label: "pro" });
  await drawer.getByRole("button", { name: /^(save and )?run$/i }).click();
  await expect(drawer.getByText(/201/).first()).toBeVisible();
  await expect(page.locator("[data-path='steps/0'][data-state=taken]")).toBeVisible();
  await take(page, "run-light");

  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await drawer.getByRole("link", { name: "Open the run" }).click();
  await expect(page.getByRole("main").getByText("grant quota").first()).toBeVisible();
  await expect(page.locator("[data-path='steps/0'][data-state=taken]")).toBeVisible();
  await take(page, "timeline-dark");
});

test("tests and coverage", async ({ page, server }) => {
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await open(page, server.url, "sign-up");
  await page.getByRole("toolbar", { name: "File" }).getByRole("button", { name: "Test", exact: true }).click();
  await expect(page.getByText(/passed/).first()).toBeVisible({ timeout: 60_000 });
  await expect(page.locator("[data-path='steps/0'][data-state=taken]")).toBeVisible();
  await take(page, "tests-light");
});

test("the workspace", async ({ page, server }) => {
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await page.goto(`${server.url}#/connections`);
  await expect(page.getByText(/emulated/i).first()).toBeVisible();
  await take(page, "connections-light");
});
