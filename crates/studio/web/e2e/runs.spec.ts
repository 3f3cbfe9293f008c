// Runs that have ended: a failure and its resume, the list, a replay, a test made of one, and one that is large.
import { Desk } from "./desk";
import { expect, test } from "./fixtures";
import { drawer, openRun, pageStatus, ran, run, status } from "./running";

const LOOKUP = `input:
  user_id: string
steps:
  - id: noted
    action: log
    with: { message: "who is {{input.user_id}}?" }
  - id: user
    action: auth0.get_user
    with: { user_id: "{{input.user_id}}" }
  - return: { email: "{{steps.user.email}}" }
`;
const CREATE = `steps:
  - action: auth0.create_user
    with: { connection: "{{config.database}}", user_id: ada, email: ada@example.com, password: correct horse 9 }
`;
const HELLO = `input:
  name: string
steps:
  - if: eq input.name "Ada"
    then:
      - id: known
        action: log
        with: { message: "hello {{input.name}}" }
    else:
      - id: unknown
        action: log
        with: { message: who }
  - return: { name: "{{input.name}}" }
`;
/** Ten characters, doubled sixteen times, and sixteen of these: one text alone may have 1 MiB. */
const LARGE = `steps:
  - set:
      t0: "0123456789"
${Array.from({ length: 16 }, (_, at) => `      t${at + 1}: "{{vars.t${at}}}{{vars.t${at}}}"\n`).join("")}  - return:
${'      - "{{vars.t16}}"\n'.repeat(16)}`;
test.use({
  files: { "flows/lookup.yaml": LOOKUP, "flows/create.yaml": CREATE, "flows/hello.yaml": HELLO, "flows/large.yaml": LARGE },
});

test("a run fails with what the provider said, and goes on when it is resumed", async ({ page, server }) => {
  const desk = await Desk.open(page, server, "flows/lookup.yaml");
  const id = await ran(desk, "failed", { user_id: "auth0|ada" });
  await expect(desk.card("steps/1")).toHaveAttribute("data-state", "failed");
  await desk.select("steps/1");
  for (const where of [drawer(page), page.locator(".run-page")]) {
    const error = where.getByRole("region", { name: "Error" });
    await expect(error).toContainText("user_not_found");
    await expect(error.getByRole("group", { name: "answer of the provider" })).toContainText("404");
    if (await drawer(page).isVisible()) await openRun(page);
  }
  await expect(pageStatus(page)).toHaveText("failed");
  await expect(page.locator(".flow-box[data-path='steps/1']")).toHaveAttribute("data-state", "failed");

  const create = await Desk.open(page, server, "flows/create.yaml");
  await ran(create, "succeeded");
  await page.goto(`${server.url}#/runs/${id}`);
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
  await expect(pageStatus(page)).toHaveText("succeeded");
  await expect(page.locator(".flow-box[data-path='steps/1']")).toHaveAttribute("data-state", "taken");
  await expect(page.getByRole("region", { name: "Result" })).toContainText("ada@example.com");
  await expect(page.locator(".facts")).toContainText("Attempt2");
});

test("the list has filters, and a run its painted path and its steps over time", async ({ page, server }) => {
  const hello = await Desk.open(page, server, "flows/hello.yaml");
  await ran(hello, "succeeded", { name: "Ada" });
  const lookup = await Desk.open(page, server, "flows/lookup.yaml");
  await ran(lookup, "failed", { user_id: "auth0|nobody" });
  await page.goto(`${server.url}#/runs`);
  const rows = page.getByRole("rowheader");
  await expect(rows).toHaveText([/^lookup/, /^hello/]);
  await page.getByLabel("failed").click();
  await expect(rows).toHaveText([/^lookup/]);
  await expect(page).toHaveURL(/status=failed/);
  await page.reload();
  await expect(rows).toHaveText([/^lookup/]);
  await page.getByRole("button", { name: "All runs" }).click();
  await page.getByLabel("Flow", { exact: true }).selectOption("hello");
  await expect(rows).toHaveText([/^hello/]);
  await page.getByLabel("With the text").fill("nowhere");
  await expect(page.getByText("No run fits these filters.")).toBeVisible();
  await page.getByLabel("With the text").fill("Ada");
  await rows.getByRole("link", { name: "hello" }).click();
  const box = (path: string) => page.locator(`.flow-box[data-path='${path}']`);
  await expect(box("steps/0/then/0")).toHaveAttribute("data-state", "taken");
  await expect(box("steps/0/else/0")).toHaveAttribute("data-state", "missed");
  await page.getByRole("list", { name: "Steps over time" }).getByRole("button", { name: /known/ }).click();
  await expect(box("steps/0/then/0")).toHaveAttribute("data-selected", "true");
  await expect(page.getByRole("region", { name: "Input" })).toContainText("hello Ada");
});

test("a run is replayed against the text as it is now, and becomes a test that passes", async ({ page, server }) => {
  const desk = await Desk.open(page, server, "flows/hello.yaml");
  const id = await ran(desk, "succeeded", { name: "Ada" });
  server.write("flows/hello.yaml", HELLO.replace("hello {{input.name}}", "good evening {{input.name}}"));
  await page.goto(`${server.url}#/runs/${id}`);
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Replay against a text" }).click();
  await expect(dialog).toContainText("It departs from what was recorded.");
  await expect(dialog.locator(".departures")).toContainText("good evening Ada");
  await dialog.getByRole("button", { name: "Close", exact: true }).last().click();

  await page.getByRole("button", { name: "Make a test of it" }).click();
  await dialog.getByRole("button", { name: "Write it" }).click();
  await expect(dialog).toContainText("Written to flows/hello.test.yaml");
  expect(server.read("flows/hello.test.yaml")).toContain("name: Ada");
  await Desk.open(page, server, "flows/hello.yaml");
  await page.getByRole("toolbar", { name: "File" }).getByRole("button", { name: "Test", exact: true }).click();
  await expect(page.getByRole("region", { name: "Tests" })).toContainText("1 passed");
});

test("a run that gives 10 MB is cut where it is shown, and the page goes on", async ({ page, server }) => {
  const desk = await Desk.open(page, server, "flows/large.yaml");
  await run(desk);
  await expect(status(page)).toHaveText("succeeded", { timeout: 60_000 });
  const result = drawer(page).getByRole("region", { name: "Result" });
  const more = result.getByRole("button", { name: /^Show more/ });
  await expect(more).toHaveCount(16);
  await expect(more.first()).toHaveText("Show more (654,960 characters left)");
  expect((await result.innerText()).length).toBeLessThan(10_000);
  await more.first().click();
  await expect(more.first()).toHaveText("Show more (653,360 characters left)");
  await desk.select("steps/0");
  await openRun(page);
  await expect(page.getByRole("region", { name: "Result" })).toContainText("654,960 characters left");
});
