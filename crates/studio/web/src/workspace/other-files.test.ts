import { expect, test } from "vitest";
import type { FlowEntry } from "../api/types";
import { fileOfName, otherFiles } from "./other-files";

test("a name becomes a file that can be one", () => {
  expect(fileOfName("Sign up")).toBe("flows/sign-up.yaml");
  expect(fileOfName("flows/admin/Löschen!.yaml")).toBe("flows/admin/loschen.yaml");
  expect(fileOfName("../etc")).toBeNull();
  expect(fileOfName("  ")).toBeNull();
});

test("tests stand with their flows; a test without a flow stands with the other files", () => {
  const flows = [{ path: "flows/a.yaml", tests: "flows/a.test.yaml" }] as FlowEntry[];
  const files = ["lockgate.yaml", "flows/a.yaml", "flows/a.test.yaml", "flows/b.test.yaml", "connectors/x.yaml"];
  expect(otherFiles({ files, flows })).toEqual(["lockgate.yaml", "flows/b.test.yaml", "connectors/x.yaml"]);
});
