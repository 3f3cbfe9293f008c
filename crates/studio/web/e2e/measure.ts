// What the studio costs in a browser: `cargo xtask studio measure` prints it. Figures, no verdicts: machines differ.
import type { CDPSession, Page } from "@playwright/test";
import { readFileSync } from "node:fs";
import { bigFlow } from "./big-flow";
import { test } from "./fixtures";
import { LOCKGATE_YAML } from "./server";

const SIGN_UP = readFileSync(new URL("../../../../flows/sign-up.yaml", import.meta.url), "utf8");

test.use({
  files: {
    "lockgate.yaml": LOCKGATE_YAML,
    "flows/sign-up.yaml": SIGN_UP,
    "flows/hundred.yaml": bigFlow(100),
    "flows/thousand.yaml": bigFlow(1000),
  },
});

const address = (url: string, flow: string): string => `${url}#/file/flows/${flow}.yaml`;

function middle(values: readonly number[], part = 0.5): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

function say(what: string, values: readonly number[], unit = "ms"): void {
  const shown = [middle(values), middle(values, 0.95)].map((value) => value.toFixed(1));
  console.log(`${what.padEnd(46)} median ${shown[0]} ${unit}, p95 ${shown[1]} ${unit} (${values.length})`);
}

async function firstCard(page: Page): Promise<void> {
  await page.locator(".flow-box[data-path]").first().waitFor();
}

test("time to interactive", async ({ browser, server }) => {
  const sizes = { bytes: 0 };
  for (const flow of ["sign-up", "thousand"]) {
    const times: number[] = [];
    for (let round = 0; round < 9; round += 1) {
      // Nothing is kept from the round before.
      const context = await browser.newContext();
      const page = await context.newPage();
      sizes.bytes = 0;
      const session = await context.newCDPSession(page);
      await session.send("Network.enable");
      session.on("Network.loadingFinished", ({ encodedDataLength }) => {
        sizes.bytes += encodedDataLength;
      });
      await page.addInitScript(() => {
        const seen = new MutationObserver(() => {
          if (document.querySelector(".flow-box[data-path]") === null) return;
          seen.disconnect();
          // Painted, and the main thread is free again.
          requestAnimationFrame(() => setTimeout(() => performance.mark("interactive")));
        });
        seen.observe(document, { childList: true, subtree: true });
      });
      await page.goto(address(server.url, flow));
      await page.waitForFunction(() => performance.getEntriesByName("interactive").length > 0);
      times.push(await page.evaluate(() => performance.getEntriesByName("interactive")[0]?.startTime ?? Number.NaN));
      await context.close();
    }
    say(`time to interactive, ${flow}`, times);
    if (flow === "sign-up") console.log(`${"sent for the first view".padEnd(46)} ${(sizes.bytes / 1000).toFixed(0)} kB`);
  }
});

/** Selects a step in the middle of what is seen, and leaves the focus on the canvas. */
async function selectOne(page: Page): Promise<void> {
  await page.locator(".flow-box[data-path][data-form=card]").nth(2).click();
}

/** From a key to the picture that shows what it did. */
async function keyToRepaint(page: Page, key: string): Promise<number> {
  const painted = page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        let start = 0;
        addEventListener("keydown", () => (start = performance.now()), { capture: true, once: true });
        const seen = new MutationObserver((records) => {
          const isCard = (node: Node): boolean => node instanceof Element && (node.matches("[data-path]") || node.querySelector("[data-path]") !== null);
          const hasChanged = records.some((record) => [...record.addedNodes, ...record.removedNodes].some(isCard));
          if (start === 0 || !hasChanged) return;
          seen.disconnect();
          requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
        });
        seen.observe(document.body, { childList: true, subtree: true });
      }),
  );
  await page.evaluate(() => undefined);
  await page.keyboard.press(key);
  return painted;
}

for (const [flow, goal] of [
  ["hundred", 50],
  ["thousand", 200],
] as const) {
  test(`edit to repaint, ${flow}`, async ({ page, server }) => {
    await page.goto(address(server.url, flow));
    await firstCard(page);
    await selectOne(page);
    const times: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      times.push(await keyToRepaint(page, "Control+d"));
      await page.waitForTimeout(150);
    }
    say(`edit to repaint, ${flow} steps (goal ${goal} ms)`, times);
  });
}

test("panning a thousand steps", async ({ page, server }) => {
  await page.goto(address(server.url, "thousand"));
  await firstCard(page);
  const box = await page.locator(".react-flow__pane").boundingBox();
  if (box === null) throw new Error("there is no canvas");
  const frames = page.evaluate(
    () =>
      new Promise<number[]>((resolve) => {
        const deltas: number[] = [];
        let last = performance.now();
        const end = last + 4000;
        const frame = (now: number): void => {
          deltas.push(now - last);
          last = now;
          if (now < end) requestAnimationFrame(frame);
          else resolve(deltas);
        };
        requestAnimationFrame(frame);
      }),
  );
  const [x, y] = [box.x + box.width - 40, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let round = 0; round < 200; round += 1) {
    await page.mouse.move(x + 3 * Math.sin(round / 10), y - ((round * 14) % 900));
    await page.waitForTimeout(8);
  }
  await page.mouse.up();
  const deltas = (await frames).slice(2);
  say("a frame while panning a thousand steps", deltas);
  const late = deltas.filter((delta) => delta > 20).length / deltas.length;
  console.log(`${"frames later than 20 ms".padEnd(46)} ${(100 * late).toFixed(1)} %`);
});

async function heap(session: CDPSession): Promise<number> {
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  return usedSize / 1e6;
}

test("memory after a thousand edits", async ({ page, server, context }) => {
  await page.goto(address(server.url, "hundred"));
  await firstCard(page);
  await selectOne(page);
  const session = await context.newCDPSession(page);
  const before = await heap(session);
  const start = Date.now();
  for (let round = 0; round < 500; round += 1) {
    await keyToRepaint(page, "Control+d");
    await keyToRepaint(page, "Delete");
  }
  const after = await heap(session);
  console.log(
    `${"memory, before and after a thousand edits".padEnd(46)} ${before.toFixed(1)} MB, ${after.toFixed(1)} MB (${((Date.now() - start) / 1000).toFixed(0)} s)`,
  );
});
