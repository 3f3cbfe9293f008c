// A run as it goes on: steps light up, their values are seen, secrets are not; it is cancelled.
import { type Page } from "@playwright/test";
import { Desk } from "./desk";
import { expect, isAccessible, test as base } from "./fixtures";
import { drawer, openDrawer, openRun, pageStatus, Remote, run, status, watchStates } from "./running";

const QUOTA = `input:
  email: { type: string, format: email }
  token: { type: string, minLength: 8, secret: true }
steps:
  - id: quota
    action: http.request
    with: { url: "{{config.service}}/quota", bearer: "{{input.token}}" }
    retry: { attempts: 3, delay: 500ms }
  - id: rest
    wait: 300ms
  - id: noted
    action: http.request
    with:
      method: POST
      url: "{{config.service}}/notes"
      json: { email: "{{input.email}}", quota: "{{steps.quota.body.quota}}", token: "{{input.token}}" }
  - return: { quota: "{{steps.quota.body.quota}}", note: "{{steps.noted.body.id}}" }
`;
const SLOW = `steps:
  - id: greeted
    action: log
    with: { message: good evening }
  - wait: 1h
  - id: done
    action: log
    with: { message: good morning }
`;

const test = base.extend<{ readonly remote: Remote }>({
  remote: async ({}, use) => {
    const remote = new Remote();
    await remote.start();
    await use(remote);
    await remote.close();
  },
  files: async ({ remote }, use) =>
    use({ "lockgate.yaml": remote.lockgateYaml, "flows/quota.yaml": QUOTA, "flows/slow.yaml": SLOW }),
});

const SECRET = "swordfish-1234";

/** All that the page has, but the field that the secret was typed into. */
async function told(page: Page): Promise<string> {
  return (await page.content()).replace(/<input[^>]*type="password"[^>]*>/g, "");
}

test("steps light up one by one; what they got and gave is seen, secrets are masked", async ({ page, server, remote }) => {
  const desk = await Desk.open(page, server, "flows/quota.yaml");
  const card = (at: number) => desk.card(`steps/${at}`);
  // All boxes are seen, above the drawer.
  await desk.wide();
  await openDrawer(page);
  await desk.fit();
  await expect(card(3)).toBeVisible();
  const states = await watchStates(page);
  await run(desk, { email: "ada@example.com", token: SECRET });

  // The first answer is waited for: nothing after it has begun.
  const first = await remote.next();
  expect(first.line).toBe("GET /quota");
  expect(first.authorization).toBe(`Bearer ${SECRET}`);
  await expect(status(page)).toHaveText("running");
  await expect(card(0)).toHaveAttribute("data-state", "running");
  for (const at of [1, 2, 3]) await expect(card(at)).not.toHaveAttribute("data-state");

  // What the step got is known while it goes on.
  await desk.head("steps/0").click();
  const details = drawer(page).getByRole("region", { name: "Details" });
  const input = details.getByRole("region", { name: "Input" });
  await expect(input).toContainText(/url"http:\/\/127\.0\.0\.1:\d+\/quota"/);
  await expect(input).toContainText("bearer");
  await expect(input).not.toContainText(SECRET);

  // It fails once, and is tried again.
  first.answer(503, { message: "come back later" });
  await expect(card(0)).toHaveAttribute("data-state", "retrying");
  const second = await remote.next();
  await expect(card(0)).toHaveAttribute("data-state", "retrying");
  await expect(card(0)).toContainText("attempt 2");
  await expect(details.getByRole("region", { name: "Attempts" }).getByRole("listitem")).toHaveCount(2);
  second.answer(200, { quota: 1000 });

  const third = await remote.next();
  expect(third.line).toBe("POST /notes");
  expect(third.body).toEqual({ email: "ada@example.com", quota: 1000, token: SECRET });
  await expect(card(0)).toHaveAttribute("data-state", "taken");
  await expect(card(1)).toHaveAttribute("data-state", "taken");
  await expect(card(2)).toHaveAttribute("data-state", "running");
  await expect(card(3)).not.toHaveAttribute("data-state");
  third.answer(201, { id: 7, echo: SECRET });

  await expect(status(page)).toHaveText("succeeded");
  for (const at of [0, 1, 2, 3]) await expect(card(at)).toHaveAttribute("data-state", "taken");
  const seen = await states();
  expect(seen["steps/0"]).toEqual(["running", "retrying", "taken"]);
  expect(seen["steps/1"]).toEqual(["sleeping", "taken"]);
  expect(seen["steps/2"]).toEqual(["running", "taken"]);
  expect(seen["steps/3"]).toEqual(["taken"]);
  await expect(card(0)).toHaveAccessibleName(/, attempt 2$/);
  await expect(card(1)).toHaveAccessibleName(/ran, \d+ ms$/);
  await expect(card(2)).toHaveAccessibleName(/ran, [\d.]+ (ms|s)$/);

  await expect(details.getByRole("region", { name: "Output" })).toContainText("quota1000");
  await expect(details.getByRole("region", { name: "Attempts" }).getByRole("listitem").first()).toContainText("http_status");
  // A step is chosen on the picture, or in the list of steps.
  await drawer(page).getByRole("button", { name: /noted/ }).click();
  await expect(card(2)).toHaveAttribute("data-selected", "true");
  await expect(input).toContainText(`email"ada@example.com"`);
  await expect(input).toContainText("quota1000");
  await details.getByRole("button", { name: "What came of the run" }).click();
  await expect(details.getByRole("region", { name: "Result" })).toContainText("note7");
  await isAccessible(page, "a run in the drawer");

  // Nowhere, neither here nor on its page, is the secret.
  expect(await told(page)).not.toContain(SECRET);
  await openRun(page);
  await page.locator(".flow-box[data-path='steps/2'] .flow-box-head").click();
  await expect(page.getByRole("region", { name: "Input" })).toContainText("ada@example.com");
  await expect(page.getByRole("region", { name: "Output" })).toContainText("id7");
  expect(await told(page)).not.toContain(SECRET);
  const id = /[0-9a-f-]{36}/.exec(page.url())?.[0] ?? "";
  const answer = await page.request.get(new URL(`/api/runs/${id}`, server.url).href);
  expect(answer.ok()).toBe(true);
  expect(await answer.text()).not.toContain(SECRET);
  expect(await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }]))).not.toContain(SECRET);
});

test("a page that comes late sees the run where it is, and to its end", async ({ page, server, remote }) => {
  const desk = await Desk.open(page, server, "flows/quota.yaml");
  await run(desk, { email: "ada@example.com", token: SECRET });
  const call = await remote.next();
  await expect(status(page)).toHaveText("running");
  await openRun(page);
  await page.reload();
  const box = (at: number) => page.locator(`.flow-box[data-path='steps/${at}']`);
  await expect(pageStatus(page)).toHaveText("running");
  await expect(box(0)).toHaveAttribute("data-state", "running");
  call.answer(200, { quota: 10 });
  const note = await remote.next();
  await expect(box(0)).toHaveAttribute("data-state", "taken");
  await expect(box(2)).toHaveAttribute("data-state", "running");
  note.answer(201, { id: 8 });
  await expect(pageStatus(page)).toHaveText("succeeded");
  await expect(page.getByRole("region", { name: "Result" })).toContainText("note8");
});

test("a run that sleeps is cancelled, goes on when it is resumed, and is cancelled once more", async ({ page, server }) => {
  const desk = await Desk.open(page, server, "flows/slow.yaml");
  await run(desk);
  await expect(status(page)).toHaveText("sleeping");
  await expect(drawer(page)).toContainText(/goes on in (1 hour|59 minutes)/);
  await expect(desk.card("steps/1")).toHaveAttribute("data-state", "sleeping");
  await drawer(page).getByRole("button", { name: "Cancel" }).click();
  await expect(status(page)).toHaveText("cancelled");
  await expect(drawer(page).getByRole("button", { name: "Cancel" })).toHaveCount(0);
  await expect(desk.card("steps/0")).toHaveAttribute("data-state", "taken");
  await expect(desk.card("steps/1")).toHaveAttribute("data-state", "missed");
  await expect(desk.card("steps/2")).toHaveAttribute("data-state", "missed");

  await openRun(page);
  await expect(pageStatus(page)).toHaveText("cancelled");
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
  await expect(pageStatus(page)).toHaveText("sleeping");
  await expect(page.locator(".flow-box[data-path='steps/1']")).toHaveAttribute("data-state", "sleeping");
  await expect(page.getByRole("button", { name: "Resume" })).toHaveCount(0);
  await page.locator(".run-actions").getByRole("button", { name: "Cancel" }).click();
  await expect(pageStatus(page)).toHaveText("cancelled");
  await expect(page.locator(".facts")).toContainText("Attempt2");
});

test("an input that does not fit is told at its fields, and nothing is run", async ({ page, server, remote }) => {
  const desk = await Desk.open(page, server, "flows/quota.yaml");
  await run(desk, { email: "nobody", token: "hush" });
  const form = page.getByRole("form", { name: "Input of the run" });
  await expect(form.getByRole("alert")).toHaveText("The input does not fit.");
  const [email, token] = [form.getByLabel("email"), form.getByLabel("token")];
  await expect(email).toHaveAttribute("aria-invalid", "true");
  await expect(email).toHaveAccessibleDescription(/email/);
  await expect(email).toBeFocused();
  await expect(token).toHaveAttribute("aria-invalid", "true");
  await expect(token).toHaveAccessibleDescription(/8/);
  expect(await form.textContent()).not.toContain("hush");
  await isAccessible(page, "an input that does not fit");
  expect(remote.calls).toBe(0);

  // A mistake that is mended is told no more; the others come again with the next try.
  await email.fill("ada@example.com");
  await expect(email).toHaveAttribute("aria-invalid", "false");
  await run(desk);
  await expect(token).toHaveAttribute("aria-invalid", "true");
  await expect(email).toHaveAttribute("aria-invalid", "false");
  await expect(token).toBeFocused();
  await token.fill(SECRET);
  await run(desk);
  (await remote.next()).answer(404, { message: "no such quota" });
  await expect(status(page)).toHaveText("failed");
  await page.goto(`${server.url}#/runs`);
  await expect(page.getByRole("rowheader")).toHaveCount(1);
});
