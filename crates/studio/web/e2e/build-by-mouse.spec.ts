// The sign-up flow, from an empty file, by mouse alone: the keyboard writes nothing but values into fields.
import { Desk, heard } from "./desk";
import { expect, test } from "./fixtures";
import { hasRun, isSaved } from "./sign-up";

test("the sign-up flow is built by mouse, saved and run", async ({ page, server }) => {
  const keys = await heard(page, "keydown");
  await page.goto(server.url);
  await page.getByRole("button", { name: "New flow" }).click();
  await page.getByLabel("Name").fill("Sign up");
  await page.getByRole("button", { name: "Open it" }).click();
  const desk = new Desk(page, server, "flows/sign-up.yaml");

  // The first step, then what starts the flow and what it takes: the form of the flow is there where nothing is selected.
  await page.getByRole("button", { name: "Add the first step" }).click();
  await desk.pick("auth0.create_user");
  await expect(desk.card("steps/0")).toHaveAttribute("data-selected", "true");
  await page.locator(".react-flow__pane").click({ position: { x: 40, y: 40 } });
  await desk.form.getByRole("checkbox", { name: /^HTTP/ }).check();
  await desk.write("path", "/sign-up");
  for (const name of ["email", "password", "plan"]) {
    await desk.form.getByLabel("New field").fill(name);
    await desk.form.getByRole("button", { name: "Add the field" }).click();
    const field = desk.form.getByRole("button", { name: new RegExp(`^${name} `) });
    await field.click();
    if (name === "email") await desk.choose("format", "email");
    if (name === "password") {
      await desk.write("minLength", "8");
      await desk.form.getByRole("checkbox", { name: /^secret/ }).check();
    }
    if (name === "plan") {
      await desk.write("enum", "free, pro");
      await desk.write("default", "free");
    }
    await field.click();
  }

  await desk.select("steps/0");
  await desk.write("id", "user");
  await desk.write("connection", "{{config.database}}");
  await desk.form.getByRole("button", { name: /more fields$/ }).click();
  await desk.write("email", "{{input.email}}");
  await desk.write("password", "{{input.password}}");
  await desk.form.getByRole("button", { name: /^Errors/ }).click();
  await desk.choose("Handle an error", "user_exists");
  await desk.choose("then", "fail with another answer");
  await desk.form.getByRole("button", { name: "Handle user_exists" }).click();
  await expect(desk.card("steps/0/on_error/user_exists/0")).toHaveAttribute("data-selected", "true");
  await desk.write("code", "email_taken");
  await desk.write("message", "{{input.email}} already has an account.");
  await desk.form.getByRole("button", { name: /more fields$/ }).click();
  await desk.write("status", "409");

  await desk.add("steps", 1, "auth0.update_user");
  await expect(desk.card("steps/1")).toHaveAttribute("data-selected", "true");
  await desk.write("id", "");
  await desk.write("name", "grant quota");
  await desk.form.getByRole("button", { name: /^Condition/ }).click();
  await desk.write("if", 'eq input.plan "pro"');
  await desk.form.getByRole("button", { name: /more fields$/ }).click();
  await desk.addKey("app_metadata", "plan");
  await desk.write("plan", "pro");
  await desk.addKey("app_metadata", "quota");
  await desk.choose("How quota is written", "JSON");
  await desk.write("quota", "1000");

  await desk.add("steps", 2, "respond");
  await expect(desk.card("steps/2")).toHaveAttribute("data-selected", "true");
  await desk.write("status", "201");
  await desk.addKey("body", "user_id");
  await desk.write("user_id", "{{steps.user.user_id}}");
  await desk.addKey("body", "plan");
  await desk.write("plan", "{{input.plan}}");

  await desk.saved();
  await isSaved(desk);

  await page.getByRole("button", { name: "Run", exact: true }).click();
  const input = page.getByRole("form", { name: "Input of the run" });
  await input.getByLabel("email").fill("ada@example.com");
  await input.getByLabel("password").fill("correct horse 9");
  await input.getByLabel("plan").selectOption("pro");
  await input.getByRole("button", { name: "Run", exact: true }).click();
  await hasRun(desk);
  expect(keys()).toBe(0);
});
