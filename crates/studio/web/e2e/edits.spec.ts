// Every kind of edit, on the picture and in the forms: the file becomes what it was, with the lines of the edit changed and no other;
// and one undo gives back its bytes.
import { CHOICE, deeper, instead, PATH, SIDE, USER, WELCOME } from "./commented";
import { check, Desk } from "./desk";
import { expect, test } from "./fixtures";
import type { Server } from "./server";

test.use({ files: { [PATH]: WELCOME } });

type Edits = Readonly<Record<string, readonly [act: (desk: Desk) => Promise<void>, after: string]>>;

/** Does each edit on the picture of the whole flow, saves, and undoes it. */
async function each(desk: Desk, edits: Edits, before = WELCOME): Promise<void> {
  await desk.wide();
  for (const [what, [act, after]] of Object.entries(edits)) {
    await test.step(what, async () => {
      await act(desk);
      await expect(desk.state).toHaveText("not saved");
      expect(await desk.saved(), what).toBe(after);
      await desk.undo.click();
      await expect(desk.state).toHaveText("not saved");
      expect(await desk.saved(), `${what}, undone`).toBe(before);
      await desk.fit();
    });
  }
}

const open = (page: Desk["page"], server: Server): Promise<Desk> => {
  expect(check(server)).toEqual([]);
  return Desk.open(page, server, PATH);
};

const LOG = `- id: log
  action: log
  with:
    message: ""
`;

test("steps are added: by the plus, the menus and the palette", async ({ page, server }) => {
  const palette = page.getByRole("complementary", { name: "Steps to add" });
  await each(await open(page, server), {
    "the plus of a way": [(desk) => desk.add("steps", 1, "log"), instead(CHOICE, `${deeper(LOG)}\n${CHOICE}`)],
    "the plus in a case": [
      (desk) => desk.add("steps/1/cases/free", 1, "set"),
      instead("        - set: { quota: 10 }\n", '        - set: { quota: 10 }\n        - set:\n            value: ""\n'),
    ],
    "before, by the menu": [
      async (desk) => {
        await desk.menu("steps/1", "Add a step before");
        await desk.pick("wait");
      },
      instead(CHOICE, `  - wait: 1m\n\n${CHOICE}`),
    ],
    "after, by the menu": [
      async (desk) => {
        await desk.menu("steps/3", "Add a step after");
        await desk.pick("for_each");
      },
      instead("  # The end.\n", '  - for_each: [1]\n    steps:\n      - set: { element: "{{item}}" }\n\n  # The end.\n'),
    ],
    "at the end of the flow": [
      async (desk) => {
        await desk.flowMenu("Add a step at the end");
        await desk.pick("log");
      },
      instead("# That is all.\n", `\n${deeper(LOG)}# That is all.\n`),
    ],
    "dragged from the palette": [
      async (desk) => {
        await palette.getByRole("button", { name: "Steps to add", exact: true }).click();
        await palette.getByLabel("Find a step to add").fill("log");
        await desk.drag(palette.getByRole("button", { name: "log", exact: true }), desk.slot("steps", 1));
      },
      instead(CHOICE, `${deeper(LOG)}\n${CHOICE}`),
    ],
    "pressed in the palette": [
      async (desk) => {
        await desk.select("steps/1");
        await palette.getByRole("button", { name: "log", exact: true }).click();
      },
      instead(SIDE, `${deeper(LOG)}\n${SIDE}`),
    ],
  });
});

test("steps are moved, copied and deleted", async ({ page, server }) => {
  const { keyboard } = page;
  const keys = (path: string, ...presses: readonly string[]) => async (desk: Desk): Promise<void> => {
    await desk.select(path);
    for (const press of presses) await keyboard.press(press);
  };
  const COPY = `${USER.replace("  # First of all.\n", "").replace("id: user", "id: user_2")}`;
  const moved = instead(SIDE, `${USER}\n${SIDE}`, instead(`${USER}\n`, ""));
  await each(await open(page, server), {
    "dragged": [(desk) => desk.drag(desk.head("steps/0"), desk.slot("steps", 2)), moved],
    "dragged with Alt": [
      (desk) => desk.drag(desk.head("steps/0"), desk.slot("steps", 2), () => keyboard.down("Alt")).finally(() => keyboard.up("Alt")),
      instead(SIDE, `${USER.replace("id: user", "id: user_2")}\n${SIDE}`),
    ],
    "down, by Alt and an arrow": [
      keys("steps/0", "Alt+ArrowDown"),
      instead("        - set: { quota: 1000 } # much\n", `${deeper(USER, 6)}        - set: { quota: 1000 } # much\n`, instead(`${USER}\n`, "")),
    ],
    "up, by the menu": [
      (desk) => desk.menu("steps/1/cases/free/0", "Move up"),
      instead("- set: { quota: 1000 } # much\n      free:\n        - set: { quota: 10 }\n", "- set: { quota: 1000 } # much\n        - set: { quota: 10 }\n      free: []\n"),
    ],
    "copied and pasted": [
      async (desk) => {
        await keys("steps/0", "Control+c")(desk);
        await keys("steps/3", "Control+v")(desk);
      },
      instead("  # The end.\n", `${COPY}\n  # The end.\n`),
    ],
    "cut": [keys("steps/1", "Control+x"), instead(`${CHOICE}\n`, "")],
    "pasted, by the menu": [
      (desk) => desk.menu("steps/0", "Paste after"),
      instead(CHOICE, `${CHOICE.replace("  # Then, by plan.\n", "").replace("id: choice", "id: choice_2")}\n${CHOICE}`),
    ],
    "duplicated": [keys("steps/0", "Control+d"), instead(CHOICE, `${USER.replace("id: user", "id: user_2")}\n${CHOICE}`)],
    "deleted": [keys("steps/1", "Delete"), instead(`${CHOICE}\n`, "")],
    "deleted, by the panel": [
      async (desk) => {
        await desk.wide();
        await desk.select("steps/1");
        await page.getByRole("button", { name: "Delete this step" }).click();
      },
      instead(`${CHOICE}\n`, ""),
    ],
    "several, deleted": [keys("steps/1", "Shift+ArrowUp", "Delete"), instead(`${USER}\n${CHOICE}\n`, "")],
  });
});

test("steps are wrapped and unwrapped; cases, branches and handlers come and go", async ({ page, server }) => {
  const wrap = (wrapper: string) => async (desk: Desk): Promise<void> => {
    await desk.select("steps/0");
    await page.keyboard.press("w");
    await page.getByRole("menuitem", { name: wrapper, exact: true }).click();
  };
  const name = async (label: string, text: string): Promise<void> => {
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(label).fill(text);
    await dialog.getByRole("button", { name: "Choose its first step" }).click();
  };
  const inside = deeper(USER, 4);
  await each(await open(page, server), {
    "in if": [wrap("if"), instead(USER, `  - if: input.email\n    then:\n${inside}`)],
    "in switch": [wrap("switch"), instead(USER, `  - switch: input.plan\n    cases:\n      free:\n${deeper(inside)}`)],
    "in parallel": [wrap("parallel"), instead(USER, `  - parallel:\n      user:\n${deeper(inside)}`)],
    "in parallel, by the panel": [
      async (desk) => {
        await desk.wide();
        await desk.select("steps/0");
        await page.getByLabel("Put it into").selectOption("parallel");
        await page.getByRole("button", { name: "Wrap", exact: true }).click();
      },
      instead(USER, `  - parallel:\n      user:\n${deeper(inside)}`),
    ],
    "in for_each": [wrap("for_each"), instead(USER, `  - for_each: [1]\n    steps:\n${inside}`)],
    "unwrapped": [
      async (desk) => {
        await desk.select("steps/3");
        await page.keyboard.press("u");
      },
      instead(
        '  - if: eq input.plan "pro"\n    then:\n      # Tell them.\n      - id: tell\n        action: log\n        with: { message',
        "  # Tell them.\n  - id: tell\n    action: log\n    with: { message",
      ),
    ],
    "a case": [
      async (desk) => {
        await desk.menu("steps/1", "Add a case");
        await name("Value", "team");
        await desk.pick("log");
      },
      instead("        - set: { quota: 10 }\n", `        - set: { quota: 10 }\n      team:\n${deeper(LOG, 8)}`),
    ],
    "a branch": [
      async (desk) => {
        await desk.menu("steps/2", "Add a branch");
        await name("Name", "middle");
        await desk.pick("log");
      },
      instead("          with: { message: right }\n", `          with: { message: right }\n      middle:\n${deeper(LOG, 8)}`),
    ],
    "a handler": [
      async (desk) => {
        await desk.menu("steps/0", "Handle an error");
        await page.getByRole("radio", { name: /^user_exists/ }).check();
        await page.getByRole("button", { name: "Choose the first step" }).click();
        await desk.pick("fail");
      },
      instead(USER, `${USER}    on_error:\n      user_exists:\n        - fail:\n            code: failed\n            message: This did not work.\n`),
    ],
    "going on after any error": [
      async (desk) => {
        await desk.menu("steps/0", "Handle an error");
        await page.getByRole("button", { name: "Go on after any error" }).click();
      },
      instead(USER, `${USER}    on_error: continue\n`),
    ],
    "a handler of the flow": [
      async (desk) => {
        await desk.flowMenu("Handle errors of the flow");
        await desk.pick("log");
      },
      instead("# That is all.\n", `\non_error:\n${deeper(LOG)}# That is all.\n`),
    ],
  });
});

test("values are set, removed and renamed in the forms", async ({ page, server }) => {
  const inForm = (path: string, act: (desk: Desk) => Promise<void>) => async (desk: Desk): Promise<void> => {
    await desk.select(path);
    await act(desk);
  };
  const rename = (from: string, to: string) => async (desk: Desk): Promise<void> => {
    await desk.form.getByRole("button", { name: `Rename ${from}` }).click();
    await desk.form.getByLabel(`New name of ${from}`).fill(to);
    await desk.form.getByLabel(`New name of ${from}`).blur();
  };
  const renamed = WELCOME.replace("id: user #", "id: person #").replaceAll("steps.user.", "steps.person.");
  await each(await open(page, server), {
    "an id, and its uses": [inForm("steps/0", (desk) => desk.write("id", "person")), renamed],
    "a name that needs quotes": [
      inForm("steps/0", (desk) => desk.write("name", "Look: up")),
      instead("  - id: user # the person\n", '  - id: user # the person\n    name: "Look: up"\n'),
    ],
    "a value with a comment": [inForm("steps/4", (desk) => desk.write("status", "404")), instead("status: 200 # fine", "status: 404 # fine")],
    "an argument that was not there": [
      inForm("steps/0", async (desk) => {
        await desk.form.getByRole("button", { name: /more fields$/ }).click();
        await desk.write("given_name", "{{input.plan}}");
      }),
      instead('email: "{{input.email}}" # as given\n', 'email: "{{input.email}}" # as given\n      given_name: "{{input.plan}}"\n'),
    ],
    "a key gone": [inForm("steps/4", (desk) => desk.form.getByRole("button", { name: "Remove quota" }).click()), instead('        quota: "{{vars.quota}}"\n', "")],
    "a key renamed": [inForm("steps/4", rename("quota", "limit")), instead("        quota: ", "        limit: ")],
    "a case renamed": [inForm("steps/1", rename("pro", "paying")), instead("      pro:\n", "      paying:\n")],
    "a branch gone": [
      inForm("steps/2", (desk) => desk.form.getByRole("button", { name: "Remove branch right" }).click()),
      instead("      right:\n        - id: right\n          action: log\n          with: { message: right }\n", ""),
    ],
    "a field of the input, and its uses": [
      async (desk) => {
        await desk.selectFlow();
        await desk.form.getByRole("button", { name: /^email / }).click();
        const field = desk.form.getByLabel("name", { exact: true }).nth(1);
        await field.fill("address");
        await field.blur();
      },
      instead('email: "{{input.email}}"', 'email: "{{input.address}}"', instead("  email: { type", "  address: { type")),
    ],
    "a trigger": [
      async (desk) => {
        await desk.selectFlow();
        await desk.form.getByRole("checkbox", { name: /^Schedule/ }).check();
      },
      instead("# in a word\n", "# in a word\ntrigger: { schedule: 0 6 * * * }\n"),
    ],
  });
});

test("what is inside of a step is hidden and shown, and the text is none the wiser", async ({ page, server }) => {
  const desk = await open(page, server);
  await desk.wide();
  await page.getByRole("button", { name: "Hide what is inside choice" }).click();
  await expect(desk.card("steps/1")).toHaveAttribute("data-collapsed", "true");
  await expect(desk.card("steps/1/cases/pro/0")).toHaveCount(0);
  await desk.select("steps/1");
  await page.keyboard.press("c");
  await expect(desk.card("steps/1/cases/pro/0")).toBeVisible();
  await expect(desk.state).toHaveText("saved");
  await expect(desk.undo).toBeDisabled();
  expect(desk.disk()).toBe(WELCOME);
});

test.describe("a file with carriage returns", () => {
  const CR_LF = WELCOME.replaceAll("\n", "\r\n");
  test.use({ files: { [PATH]: CR_LF } });

  test("keeps them", async ({ page, server }) => {
    const crLf = (text: string): string => text.replaceAll("\n", "\r\n");
    await each(
      await open(page, server),
      {
        "a step more": [(desk) => desk.add("steps", 1, "log"), crLf(instead(CHOICE, `${deeper(LOG)}\n${CHOICE}`))],
        "a value": [
          async (desk) => {
            await desk.select("steps/4");
            await desk.write("status", "404");
          },
          crLf(instead("status: 200 # fine", "status: 404 # fine")),
        ],
        "typed in the text": [
          async (desk) => {
            await page.getByRole("button", { name: "Text", exact: true }).click();
            await desk.source.click();
            await page.keyboard.press("Control+Home");
            await page.keyboard.press("End");
            await page.keyboard.press("Enter");
            await page.keyboard.type("# And more.");
            await desk.wide();
          },
          crLf(instead("somebody comes.\n", "somebody comes.\n# And more.\n")),
        ],
      },
      CR_LF,
    );
  });
});
