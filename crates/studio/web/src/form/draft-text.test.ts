import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DraftText } from "./draft-text";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("typing is one write, at a pause", async () => {
  const commit = vi.fn(async () => true);
  const draft = new DraftText("", commit);
  for (const text of ["a", "ad", "ada"]) {
    draft.type(text);
    vi.advanceTimersByTime(300);
  }
  expect(commit).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(600);
  await draft.flush();
  expect(commit.mock.calls).toEqual([["ada"]]);
});

test("what was typed back is not written", async () => {
  const commit = vi.fn(async () => true);
  const draft = new DraftText("a", commit);
  draft.type("ab");
  draft.type("a");
  await vi.advanceTimersByTimeAsync(2000);
  expect(commit).not.toHaveBeenCalled();
});

test("an older value does not overwrite what is being typed or written", async () => {
  let answer: (isTaken: boolean) => void = () => {};
  const draft = new DraftText("v1", () => new Promise((resolve) => (answer = resolve)));
  draft.type("v2");
  expect(draft.receive("other")).toBe(false);
  const flushed = draft.flush();
  expect(draft.receive("v1")).toBe(false);
  answer(true);
  await flushed;
  expect(draft.receive("v2")).toBe(false);
  expect([draft.receive("v1"), draft.text]).toEqual([true, "v1"]);
});

test("what was refused stays to be written", async () => {
  const commit = vi.fn(async () => false);
  const draft = new DraftText("a", commit);
  draft.type("b");
  await draft.flush();
  expect([draft.isDirty, draft.text]).toEqual([true, "b"]);
  await draft.flush();
  expect(commit).toHaveBeenCalledTimes(2);
  expect([draft.revert(), draft.isDirty]).toEqual(["a", false]);
});
