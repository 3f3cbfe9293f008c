// What the tests share: a server with a workspace, and a page that may say nothing wrong.
import AxeCore from "axe-core";
import { type Page, test as base, expect } from "@playwright/test";
import { type Files, Server } from "./server";

interface Fixtures {
  /** The files of the workspace, beside a `lockgate.yaml`. */
  readonly files: Files;
  /** `lockgate dev` on them. */
  readonly server: Server;
}

export const test = base.extend<Fixtures>({
  files: [{}, { option: true }],
  server: async ({ files }, use) => {
    const server = new Server(files);
    await server.start();
    await use(server);
    await server.close();
  },
  page: async ({ page, context }, use) => {
    const wrong: string[] = [];
    // Of every tab.
    context.on("weberror", (error) => wrong.push(String(error.error())));
    context.on("console", (message) => {
      // A refused request is an answer; what breaks the Content-Security-Policy, or React's rules, is a mistake.
      if (message.type() === "error" && !/Failed to load resource|ERR_CONNECTION/.test(message.text())) {
        wrong.push(message.text());
      }
    });
    context.on("request", (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (/^(https?|wss?):$/.test(protocol) && hostname !== "127.0.0.1") wrong.push(`asked another host: ${request.url()}`);
    });
    await use(page);
    expect(wrong, "what the page said").toEqual([]);
  },
});

export { expect };

/** Fails on any violation of the accessibility rules, in the page as it stands. */
export async function isAccessible(page: Page, what: string): Promise<void> {
  // The Content-Security-Policy lets no inline script in; what Playwright evaluates is not the page's.
  await page.evaluate(AxeCore.source);
  const violations = await page.evaluate(async () => {
    const axe = (globalThis as unknown as { axe: typeof AxeCore }).axe;
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, help, nodes }) => ({ id, help, where: nodes.slice(0, 3).map((node) => node.html.slice(0, 200)) }));
  });
  expect(violations, `accessibility of ${what}`).toEqual([]);
}

/** The offset-free way to look at a text: without what ends it. */
export function lines(text: string): string[] {
  return text.trimEnd().split("\n");
}
