// The tests of a flow: what came of each case, what they cover, and which text they look at.
import type { Page } from "@playwright/test";
import { Desk } from "./desk";
import { expect, isAccessible, test } from "./fixtures";

const PATH = "flows/greet.yaml";
const TEST_PATH = "flows/greet.test.yaml";
const GREET = `name: greet
input:
  name: { type: string }
  loud: { type: boolean, default: false }
steps:
  - id: words
    set: { text: "Hello {{input.name}}" }
  - if: input.loud
    then:
      - id: shout
        action: log
        with: { message: "{{vars.text}}!" }
    else:
      - id: whisper
        action: log
        with: { message: "{{vars.text}}" }
  - return: { text: "{{vars.text}}" }
`;
const CASES = `flow: greet
cases:
  - name: it greets
    input: { name: Ada, loud: true }
    expect: { output: { text: Hello Ada } }
  - name: it says goodbye
    input: { name: Bob, loud: true }
    expect: { output: { text: Goodbye Bob } }
  - name: it greets nobody
    skip: not decided yet
    input: { name: "" }
    expect: { output: { text: Hello } }
`;
/** Its file has no tests. */
const PLAIN_PATH = "flows/plain.yaml";
const PLAIN = `input:
  to: { type: string, format: email }
steps:
  - return: { to: "{{input.to}}" }
`;
test.use({ files: { [PATH]: GREET, [TEST_PATH]: CASES, [PLAIN_PATH]: PLAIN } });

class Tests {
  readonly desk: Desk;
  readonly page: Page;

  constructor(desk: Desk) {
    this.desk = desk;
    this.page = desk.page;
  }

  get drawer() {
    return this.page.getByRole("region", { name: "Tests" });
  }

  get summary() {
    return this.drawer.locator(".test-summary").getByRole("status");
  }

  get open() {
    return this.page.getByRole("toolbar", { name: "File" }).getByRole("button", { name: "Test", exact: true });
  }

  one(name: string) {
    return this.drawer.locator("li.case").filter({ has: this.page.getByText(name, { exact: true }) });
  }

  state(path: string) {
    return this.desk.card(path);
  }
}

async function openTests(...[page, server, path]: Parameters<typeof Desk.open>): Promise<Tests> {
  const tests = new Tests(await Desk.open(page, server, path));
  await tests.open.click();
  await expect(tests.drawer).toBeVisible();
  return tests;
}

test("each case says what came of it, a failed one what differs", async ({ page, server }) => {
  const tests = await openTests(page, server, PATH);
  await expect(tests.summary).toHaveText(/^1 passed, 1 failed, 1 skipped, in /);
  await expect(tests.one("it greets")).toHaveAttribute("data-status", "passed");
  await expect(tests.one("it says goodbye")).toHaveAttribute("data-status", "failed");
  await expect(tests.one("it greets nobody")).toHaveAttribute("data-status", "skipped");

  // The failed case is open, the others are closed.
  const failed = tests.one("it says goodbye");
  await expect(failed.getByRole("button").first()).toHaveAttribute("aria-expanded", "true");
  await expect(failed).toContainText('output.text: expected "Goodbye Bob", found "Hello Bob"');
  await expect(failed.locator(".diff-line[data-kind=removed]")).toContainText("Goodbye Bob");
  await expect(failed.locator(".diff-line[data-kind=added]")).toContainText("Hello Bob");
  const line = CASES.split("\n").findIndex((text) => text.includes("Goodbye")) + 1;
  await expect(failed.getByRole("link", { name: `${TEST_PATH} line ${line}` })).toHaveAttribute("href", `#/file/${TEST_PATH}`);
  await expect(tests.one("it greets").locator(".case-body")).toHaveCount(0);

  // Why one was skipped; what a run has done, to its steps.
  await tests.one("it greets nobody").getByRole("button").click();
  await expect(tests.one("it greets nobody")).toContainText("Skipped: not decided yet");
  await failed.locator("summary").click();
  await expect(failed.locator("summary")).toHaveText(/Run of greet: succeeded after .*, 4 steps/);
  await expect(failed.locator(".case-steps > li")).toHaveCount(4);
  await failed.getByRole("button", { name: /^shout/ }).click();
  await expect(failed.locator(".case-steps")).toContainText("Hello Bob!");
  await isAccessible(page, "tests with a failure");
});

test("what the cases cover is painted on the picture, until the tests are closed", async ({ page, server }) => {
  const tests = await openTests(page, server, PATH);
  await expect(tests.state("steps/0")).toHaveAttribute("data-state", "taken");
  await expect(tests.state("steps/1/then/0")).toHaveAttribute("data-state", "taken");
  await expect(tests.state("steps/1/else/0")).toHaveAttribute("data-state", "missed");
  await expect(tests.state("steps/1/else/0")).toHaveAccessibleName(/did not run/);
  await expect(page.locator(".canvas-legend")).toHaveText(/coverage.*ran.*did not run/);
  await expect(tests.drawer).toContainText("covered: 4 of 5 steps, 1 of 2 choices");
  await tests.drawer.getByRole("button", { name: "Close the tests" }).click();
  await expect(tests.state("steps/0")).not.toHaveAttribute("data-state");
  await expect(page.locator(".canvas-legend")).toHaveCount(0);
});

test("tests run on the files: of a text that is not saved they say so, and run again when it is", async ({ page, server }) => {
  const tests = await openTests(page, server, PATH);
  const { desk, drawer } = tests;
  await expect(tests.one("it says goodbye")).toHaveAttribute("data-status", "failed");

  await desk.source.locator(".cm-line", { hasText: "Hello" }).click();
  await page.keyboard.press("Home");
  await page.keyboard.press("Shift+End");
  await page.keyboard.insertText(`set: { text: "Goodbye {{input.name}}" }`);
  await expect(desk.state).toHaveText("not saved");
  await expect(drawer).toContainText("The text is not the one that was tested");
  await expect(tests.state("steps/0")).not.toHaveAttribute("data-state");

  // Asked for again, they still look at the file.
  const again = page.waitForResponse((response) => response.url().endsWith("/api/tests"));
  await drawer.getByRole("button", { name: "Run", exact: true }).click();
  await again;
  await expect(drawer.getByRole("button", { name: "Run", exact: true })).toBeEnabled();
  await expect(tests.one("it says goodbye")).toHaveAttribute("data-status", "failed");
  await expect(drawer).toContainText("The text is not the one that was tested");

  await desk.saved();
  await expect(tests.one("it says goodbye")).toHaveAttribute("data-status", "passed");
  await expect(tests.one("it greets")).toHaveAttribute("data-status", "failed");
  await expect(drawer).not.toContainText("The text is not the one that was tested");
  await expect(tests.state("steps/0")).toHaveAttribute("data-state", "taken");

  // Nor do they run after a save where that is not wanted.
  await drawer.getByLabel("after each save").uncheck();
  await desk.undo.click();
  await desk.saved();
  await expect(drawer).toContainText("The text is not the one that was tested");
  await expect(tests.one("it greets")).toHaveAttribute("data-status", "failed");
  await drawer.getByRole("button", { name: "Run", exact: true }).click();
  await expect(tests.one("it greets")).toHaveAttribute("data-status", "passed");
});

test("a change of the test file on disk runs them again; `only` runs one case", async ({ page, server }) => {
  const tests = await openTests(page, server, PATH);
  await expect(tests.summary).toHaveText(/^1 passed, 1 failed, 1 skipped/);
  server.write(TEST_PATH, CASES.replace("  - name: it greets\n", "  - name: it greets\n    only: true\n"));
  await expect(tests.summary).toHaveText(/^1 passed, 2 skipped/);
  await expect(tests.one("it says goodbye")).toHaveAttribute("data-status", "skipped");

  // A mistake in the file is told with its place, and nothing is run.
  server.write(TEST_PATH, CASES.replace("expect:", "expct:"));
  const mistakes = tests.drawer.getByRole("list", { name: "Mistakes in the files" });
  await expect(mistakes).toContainText("expct");
  await expect(mistakes.getByRole("link", { name: `${TEST_PATH} line 5` })).toBeVisible();
  await expect(tests.drawer.locator("li.case[data-status=passed]")).toHaveCount(0);
});

test("a flow without tests says so, and gets a file with a first case", async ({ page, server }) => {
  const tests = await openTests(page, server, PLAIN_PATH);
  await expect(tests.drawer).toContainText("This flow has no tests.");
  await expect(tests.drawer.getByRole("button", { name: "Run", exact: true })).toHaveCount(0);
  await tests.drawer.getByRole("button", { name: "A file with a first case" }).click();
  await expect(tests.summary).toHaveText(/^1 passed, in /);
  await expect(tests.one("it goes well")).toHaveAttribute("data-status", "passed");
  expect(server.read("flows/plain.test.yaml")).toBe(`flow: plain
cases:
  - name: it goes well
    input:
      "to": "ada@example.com"
    expect: { status: succeeded }
`);
  await expect(tests.state("steps/0")).toHaveAttribute("data-state", "taken");
});

test("a flow that is on no disk yet is to be saved first", async ({ page, server }) => {
  await page.goto(`${server.url}#/file/flows/fresh.yaml?new=`);
  const desk = new Desk(page, server, "flows/fresh.yaml");
  await expect(desk.state).toHaveText("new");
  const tests = new Tests(desk);
  await tests.open.click();
  await expect(tests.drawer).toContainText("Save the flow first: tests run on the files.");
});

test("on a narrow screen the legend and the tools of the picture stand apart", async ({ page, server }) => {
  const { desk } = await openTests(page, server, PATH);
  await page.setViewportSize({ width: 320, height: 800 });
  const box = async (name: string) => (await page.locator(name).boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  await expect(async () => {
    const [legend, tools] = [await box(".canvas-legend"), await box(".canvas-tools")];
    expect(legend.height).toBeGreaterThan(0);
    expect(tools.height).toBeGreaterThan(0);
    expect(legend.y + legend.height <= tools.y || legend.x + legend.width <= tools.x).toBe(true);
  }).toPass();
  await isAccessible(desk.page, "tests at 320 px");
});
