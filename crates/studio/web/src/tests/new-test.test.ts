import { expect, test } from "vitest";
import type { FlowHead, InputField } from "../api/types";
import { newTestText, testPath } from "./new-test";

const field = (name: string, schema: unknown, more: Partial<InputField> = {}): InputField => ({
  name,
  schema,
  required: true,
  secret: false,
  default: null,
  ...more,
});

test("a first case gives the flow what it must be given", () => {
  const input = [
    field("email", { type: "string", format: "email" }),
    field("plan", { enum: ["free", "pro"] }),
    field("note: #1", { type: "string" }),
    field("tags", { type: "array" }, { required: false }),
  ];
  expect(newTestText({ name: "sign-up", input } as unknown as FlowHead)).toBe(
    'flow: sign-up\ncases:\n  - name: it goes well\n    input:\n      "email": "ada@example.com"\n      "plan": "free"\n      "note: #1": "text"\n    expect: { status: succeeded }\n',
  );
  expect(newTestText({ name: "a", input: [] } as unknown as FlowHead)).toBe(
    "flow: a\ncases:\n  - name: it goes well\n    expect: { status: succeeded }\n",
  );
});

test("the test file stands beside the flow", () => {
  expect(testPath("flows/a/sign-up.yaml")).toBe("flows/a/sign-up.test.yaml");
});
