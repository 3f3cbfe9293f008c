// The sign-up flow as the tests that build it from an empty file leave it behind, and how it is run.
import { check, type Desk } from "./desk";
import { expect } from "./fixtures";

/** As the studio writes it: no line that says nothing, nothing left of what stood there first. */
export const SIGN_UP = `trigger: { http: POST /sign-up }
input:
  email: { type: string, format: email }
  password: { type: string, minLength: 8, secret: true }
  plan: { type: string, enum: [free, pro], default: free }
steps:
  - id: user
    action: auth0.create_user
    with:
      connection: "{{config.database}}"
      email: "{{input.email}}"
      password: "{{input.password}}"
    on_error:
      user_exists:
        - fail:
            code: email_taken
            status: 409
            message: "{{input.email}} already has an account."
  - if: eq input.plan "pro"
    name: grant quota
    action: auth0.update_user
    with:
      user_id: "{{steps.user.user_id}}"
      app_metadata: { plan: "pro", quota: 1000 }
  - respond:
      status: 201
      body: { user_id: "{{steps.user.user_id}}", plan: "{{input.plan}}" }
`;

/** It is on disk, and there is nothing wrong with it. */
export async function isSaved(desk: Desk): Promise<void> {
  await expect(desk.state).toHaveText("saved");
  expect(desk.disk()).toBe(SIGN_UP);
  expect(check(desk.server)).toEqual([]);
}

/** The run that was started has ended well, and is painted on the picture. */
export async function hasRun(desk: Desk): Promise<void> {
  const drawer = desk.page.getByRole("region", { name: "Run", exact: true });
  await expect(drawer.locator(".run-line .badge")).toHaveText("succeeded");
  const answer = drawer.getByRole("region", { name: "Answer" });
  await expect(answer.locator(".badge")).toHaveText("201");
  await expect(answer).toContainText("auth0|");
  for (const step of ["steps/0", "steps/1", "steps/2"]) await expect(desk.card(step)).toHaveAttribute("data-state", "taken");
  // The tenant knows the user now: who signs up once more is told so.
  await expect(desk.card("steps/0/on_error/user_exists/0")).not.toHaveAttribute("data-state", "taken");
}
