import { describe, expect, it } from "vitest";
import { looksLikeSteps, stepsAsYaml } from "./steps-yaml";

const TEXT = `steps:
  - if: a
    then:
      - id: user   # who
        action: auth0.create_user
        with:
          text: |
            one

              two
      - set: { a: 1,
               b: 2 }
`;

function rangeOf(start: string, end: string): { from: number; to: number } {
  return { from: TEXT.indexOf(start), to: TEXT.indexOf(end) + end.length };
}

describe("steps as text", () => {
  const user = rangeOf("id: user", "  two\n");
  const set = rangeOf("set: {", "b: 2 }");

  it("are moved to the margin, with what stands in them as it is", () => {
    expect(stepsAsYaml(TEXT, [user])).toBe(
      "- id: user   # who\n  action: auth0.create_user\n  with:\n    text: |\n      one\n\n        two\n",
    );
  });

  it("stand in the order of the text", () => {
    const both = stepsAsYaml(TEXT, [set, user]);
    expect(both.indexOf("id: user")).toBeLessThan(both.indexOf("set:"));
    expect(both).toContain("- set: { a: 1,\n         b: 2 }\n");
  });

  it("are known from other texts", () => {
    expect(looksLikeSteps(stepsAsYaml(TEXT, [user]))).toBe(true);
    expect(looksLikeSteps("action: http.request")).toBe(true);
    expect(looksLikeSteps("https//example.com")).toBe(false);
    expect(looksLikeSteps("")).toBe(false);
  });
});
