// Every page, narrow and wide, light and dark: nothing breaks the accessibility rules, nothing hangs over.
import type { Page } from "@playwright/test";
import { expect, isAccessible, test } from "./fixtures";
import { shippedWorkspace } from "./shipped";

test.use({ files: shippedWorkspace() });

interface PageCase {
  readonly name: string;
  readonly hash: string;
  /** What is there when it is. */
  readonly ready: (page: Page) => Promise<void>;
}

const shows = (text: string | RegExp) => async (page: Page) => {
  await expect(page.getByRole("main").getByText(text).first()).toBeVisible();
};

const PAGES: readonly PageCase[] = [
  { name: "flows", hash: "#/", ready: shows("sign-up") },
  {
    name: "a flow",
    hash: "#/file/flows/sign-up.yaml?step=steps/0",
    ready: async (page) => {
      await expect(page.locator("[data-path='steps/0']")).toBeVisible();
      await expect(page.locator("[data-step-panel]").getByText("auth0.create_user").first()).toBeVisible();
    },
  },
  { name: "a file", hash: "#/file/lockgate.yaml", ready: shows("connections") },
  { name: "runs", hash: "#/runs", ready: shows(/run/i) },
  { name: "connections", hash: "#/connections", ready: shows("auth0") },
  { name: "actions", hash: "#/actions", ready: shows("auth0.create_user") },
  { name: "an action", hash: "#/actions/auth0.create_user", ready: shows("user_exists") },
  { name: "scenarios", hash: "#/scenarios", ready: shows("One-time codes by e-mail") },
  { name: "a scenario", hash: "#/scenarios/email-otp", ready: shows("One-time codes by e-mail") },
  { name: "problems", hash: "#/problems", ready: shows(/problem/i) },
];

const SIZES = [
  [320, 640],
  [1280, 800],
  [3840, 2160],
] as const;

for (const { name, hash, ready } of PAGES) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`${name}, ${colorScheme}`, async ({ page, server }) => {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      for (const [width, height] of SIZES) {
        await page.setViewportSize({ width, height });
        await page.goto("about:blank");
        await page.goto(server.url + hash);
        // Where it is narrow the step's form is closed.
        if (name === "a flow" && width < 900) await expect(page.locator("[data-path='steps/0']")).toBeVisible();
        else await ready(page);
        await isAccessible(page, `${name} at ${width} × ${height}`);
        const overhang = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overhang, `what hangs over at ${width}`).toBeLessThanOrEqual(0);
      }
    });
  }
}

test("nothing is asked of another host, and the page may run no script of its text", async ({ page, server }) => {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  const response = await page.goto(`${server.url}#/file/flows/sign-up.yaml`);
  await expect(page.locator("[data-path='steps/0']")).toBeVisible();
  const own = new URL(server.url).origin;
  expect(asked.filter((url) => !url.startsWith(own))).toEqual([]);
  const policy = (await response?.headerValue("content-security-policy")) ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toContain("unsafe");
});
