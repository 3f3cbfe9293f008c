import { expect, test } from "vitest";
import { hrefOf, parseRoute, type Route } from "./router";

test("an address leads to the page that it was made of", () => {
  const routes: Route[] = [
    { page: "flows" },
    { page: "file", path: "flows/a b/ü#?.yaml", isNew: true, step: null },
    { page: "file", path: "flows/a.yaml", isNew: false, step: "steps/0/on_error/x%2Fy" },
    { page: "runs", flow: "sign-up" },
    { page: "runs", flow: null },
    { page: "run", id: "0199" },
    { page: "actions", name: "auth0.create_user" },
    { page: "scenarios", name: null },
    { page: "problems" },
  ];
  for (const route of routes) expect(parseRoute(hrefOf(route))).toEqual(route);
  expect(parseRoute("#/nowhere")).toEqual({ page: "flows" });
});
