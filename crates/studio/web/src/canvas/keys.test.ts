import { describe, expect, it } from "vitest";
import { commandOf } from "./keys";

function stroke(key: string, held = ""): ReturnType<typeof commandOf> {
  const has = (name: string): boolean => held.split(" ").includes(name);
  return commandOf({ key, ctrlKey: has("ctrl"), metaKey: has("meta"), shiftKey: has("shift"), altKey: has("alt") });
}

describe("keys of the canvas", () => {
  it.each([
    ["ArrowDown", "", { kind: "go", to: "down", isRange: false }],
    ["ArrowUp", "shift", { kind: "go", to: "up", isRange: true }],
    ["ArrowUp", "alt", { kind: "move_up" }],
    ["a", "", { kind: "add_after" }],
    ["A", "shift", { kind: "add_before" }],
    ["a", "ctrl", { kind: "all" }],
    ["d", "meta", { kind: "duplicate" }],
    ["F10", "shift", { kind: "menu" }],
    ["+", "shift", { kind: "zoom", by: 1.25 }],
    ["?", "shift", { kind: "help" }],
  ])("%s %s", (key, held, command) => {
    expect(stroke(key, held)).toEqual(command);
  });

  it("leave the browser's, the desk's and the clipboard's alone", () => {
    for (const key of ["c", "x", "v", "s", "z", "f", "+", "1", "w"]) expect(stroke(key, "ctrl")).toBeNull();
    expect(stroke("F10")).toBeNull();
    expect(stroke("q")).toBeNull();
    expect(stroke("Tab")).toBeNull();
  });
});
