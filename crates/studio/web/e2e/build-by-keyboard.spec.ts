// The sign-up flow, from an empty file, by keyboard alone: no pointer is ever pressed.
import { Desk, heard } from "./desk";
import { expect, test } from "./fixtures";
import { hasRun, isSaved } from "./sign-up";

test("the sign-up flow is built by keyboard, saved and run", async ({ page, server }) => {
  const presses = await heard(page, "pointerdown");
  const { keyboard } = page;
  const desk = new Desk(page, server, "flows/sign-up.yaml");
  const { form } = desk;
  const inForm = (name: string | RegExp) => form.getByRole("button", { name });
  /** Looks for a step in the menu that is open, and takes it. */
  const take = async (name: string): Promise<void> => {
    await expect(page.getByRole("combobox", { name: "Add a step" })).toBeFocused();
    await keyboard.type(name);
    await expect(page.getByRole("option").first()).toContainText(name);
    await keyboard.press("Enter");
  };
  const pressAt = async (name: string | RegExp, key = "Enter"): Promise<void> => {
    await desk.reach(inForm(name));
    await keyboard.press(key);
  };
  /** In a list of choices one types what is meant. */
  const choose = async (name: string, option: string): Promise<void> => {
    await desk.reach(form.getByLabel(name, { exact: true }));
    await keyboard.type(option);
  };

  await page.goto(server.url);
  await desk.reach(page.getByRole("button", { name: "New flow" }));
  await keyboard.press("Enter");
  await expect(page.getByLabel("Name")).toBeFocused();
  await keyboard.type("Sign up");
  await keyboard.press("Enter");

  await desk.reach(page.getByRole("button", { name: "Add the first step" }));
  await keyboard.press("Enter");
  await take("auth0.create_user");
  await expect(desk.card("steps/0")).toHaveAttribute("data-selected", "true");
  await expect(desk.picture).toBeFocused();

  // The flow itself: its box is the first of the picture.
  await keyboard.press("Home");
  await keyboard.press("Enter");
  await expect(desk.field("name")).toBeFocused();
  await desk.reach(form.getByRole("checkbox", { name: /^HTTP/ }));
  await keyboard.press("Space");
  await desk.type("path", "/sign-up");
  for (const name of ["email", "password", "plan"]) {
    await desk.reach(form.getByLabel("New field"));
    await keyboard.type(name);
    await keyboard.press("Enter");
    await pressAt(new RegExp(`^${name} `));
    if (name === "email") await choose("format", "email");
    if (name === "password") {
      await desk.type("minLength", "8");
      await desk.reach(form.getByRole("checkbox", { name: /^secret/ }));
      await keyboard.press("Space");
    }
    if (name === "plan") {
      await desk.type("enum", "free, pro");
      await desk.type("default", "free");
    }
    // Folded again: the names of fields are those of the open one.
    await pressAt(new RegExp(`^${name} `));
  }
  await keyboard.press("Escape");
  await expect(desk.picture).toBeFocused();

  await keyboard.press("ArrowDown");
  await expect(desk.card("steps/0")).toHaveAttribute("data-selected", "true");
  await keyboard.press("Enter");
  await expect(desk.field("id")).toBeFocused();
  await desk.type("id", "user");
  await desk.type("connection", "{{config.database}}");
  await pressAt(/more fields$/);
  await desk.type("email", "{{input.email}}");
  await desk.type("password", "{{input.password}}");
  await pressAt(/^Errors/);
  await choose("Handle an error", "user_exists");
  await pressAt("Handle user_exists");
  await expect(desk.card("steps/0/on_error/user_exists/0")).toHaveAttribute("data-selected", "true");
  await desk.type("code", "email_taken");
  await desk.type("message", "{{input.email}} already has an account.");
  await pressAt(/more fields$/);
  await desk.type("status", "409");
  await keyboard.press("Escape");

  // From the error's way back to the step, and one after it.
  await expect(desk.picture).toBeFocused();
  await keyboard.press("ArrowLeft");
  await expect(desk.card("steps/0")).toHaveAttribute("data-selected", "true");
  await keyboard.press("a");
  await take("auth0.update_user");
  await expect(desk.card("steps/1")).toHaveAttribute("data-selected", "true");
  await keyboard.press("Enter");
  await desk.type("id", "");
  await desk.type("name", "grant quota");
  await pressAt(/more fields$/);
  for (const key of ["plan", "quota"]) {
    await desk.reach(form.getByRole("textbox", { name: "New key in app_metadata" }));
    await keyboard.type(key);
    await keyboard.press("Enter");
    await expect(desk.field(key)).toBeFocused();
    if (key === "quota") {
      await choose("How quota is written", "JSON");
      await desk.type("quota", "1000");
    } else await desk.type("plan", "pro");
  }
  await pressAt(/^Condition/);
  await desk.type("if", 'eq input.plan "pro"');
  await keyboard.press("Escape");

  await expect(desk.picture).toBeFocused();
  await keyboard.press("a");
  await take("respond");
  await expect(desk.card("steps/2")).toHaveAttribute("data-selected", "true");
  await keyboard.press("Enter");
  await desk.type("status", "201");
  for (const [key, value] of [
    ["user_id", "{{steps.user.user_id}}"],
    ["plan", "{{input.plan}}"],
  ] as const) {
    await desk.reach(form.getByRole("textbox", { name: "New key in body" }));
    await keyboard.type(key);
    await keyboard.press("Enter");
    await expect(desk.field(key)).toBeFocused();
    await desk.type(key, value);
  }

  await keyboard.press("Control+s");
  await isSaved(desk);

  await keyboard.press("Control+Enter");
  const input = page.getByRole("form", { name: "Input of the run" });
  for (const [name, value] of [
    ["email", "ada@example.com"],
    ["password", "correct horse 9"],
    ["plan", "pro"],
  ] as const) {
    await desk.reach(input.getByLabel(name));
    await keyboard.type(value);
  }
  await keyboard.press("Control+Enter");
  await hasRun(desk);
  expect(presses()).toBe(0);
});
