// A flow that is run from its desk, and what it calls: a service whose answers wait until the test gives them.
import { createServer, type IncomingMessage, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Locator, type Page } from "@playwright/test";
import type { Desk } from "./desk";
import { expect } from "./fixtures";
import { LOCKGATE_YAML } from "./server";

export interface Call {
  readonly line: string;
  readonly authorization: string | undefined;
  readonly body: unknown;
  readonly answer: (status: number, body: unknown) => void;
}

/** Somebody else's service, on loopback. */
export class Remote {
  /** How many calls have come, answered or not. */
  calls = 0;
  readonly #waiting: Call[] = [];
  readonly #server: HttpServer = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      this.calls += 1;
      this.#waiting.push({
        line: `${request.method} ${request.url}`,
        authorization: request.headers.authorization,
        body,
        answer: (status, body) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body)),
      });
    });
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** A workspace that may call it, at `config.service`. */
  get lockgateYaml(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `${LOCKGATE_YAML}  service: http://127.0.0.1:${port}\nhttp: { allow: [127.0.0.1] }\n`;
  }

  /** The next call, when it has come. It waits for its answer. */
  async next(): Promise<Call> {
    await expect.poll(() => this.#waiting.length, "a call").toBeGreaterThan(0);
    const call = this.#waiting.shift();
    if (call === undefined) throw new Error("no call has come");
    return call;
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const text = Buffer.concat(pieces).toString();
  return text === "" ? null : JSON.parse(text);
}

export function drawer(page: Page): Locator {
  return page.getByRole("region", { name: "Run", exact: true });
}

/** How the run stands, in the drawer. */
export function status(page: Page): Locator {
  return drawer(page).locator(".run-line .badge");
}

/** Opens the drawer where it is not open. */
export async function openDrawer(page: Page): Promise<void> {
  if (await drawer(page).isVisible()) return;
  await page.getByRole("toolbar", { name: "File" }).getByRole("button", { name: "Run", exact: true }).click();
  await expect(drawer(page)).toBeVisible();
}

/** Writes the input, and starts a run. */
export async function run(desk: Desk, input: Readonly<Record<string, string>> = {}): Promise<void> {
  await openDrawer(desk.page);
  const form = desk.page.getByRole("form", { name: "Input of the run" });
  for (const [name, text] of Object.entries(input)) await form.getByLabel(name).fill(text);
  await form.getByRole("button", { name: /^Run/ }).click();
}

/** Runs it, and waits until it has ended so; gives the run's id. */
export async function ran(desk: Desk, end: string, input: Readonly<Record<string, string>> = {}): Promise<string> {
  await run(desk, input);
  await expect(status(desk.page)).toHaveText(end);
  return runId(desk.page);
}

/** Of the run in the drawer. */
export async function runId(page: Page): Promise<string> {
  const href = await drawer(page).getByRole("link", { name: "Open the run" }).getAttribute("href");
  return /[0-9a-f-]{36}/.exec(href ?? "")?.[0] ?? "";
}

/** Goes from the drawer to the run's own page. */
export async function openRun(page: Page): Promise<void> {
  await drawer(page).getByRole("link", { name: "Open the run" }).click();
  await expect(page.locator(".run-page")).toBeVisible();
}

/** How the run stands, on its own page. */
export function pageStatus(page: Page): Locator {
  return page.locator(".run-head > .page-head .badge");
}

/** Notes each state that a box of the picture has from now on. */
export async function watchStates(page: Page): Promise<() => Promise<Readonly<Record<string, readonly string[]>>>> {
  await page.evaluate(() => {
    const seen: Record<string, string[]> = {};
    (globalThis as unknown as { __states: typeof seen }).__states = seen;
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const { path, state } = (target as HTMLElement).dataset;
        if (path !== undefined && state !== undefined && seen[path]?.at(-1) !== state) (seen[path] ??= []).push(state);
      }
    }).observe(document.body, { subtree: true, attributeFilter: ["data-state"] });
  });
  return () => page.evaluate(() => (globalThis as unknown as { __states: Record<string, string[]> }).__states);
}
