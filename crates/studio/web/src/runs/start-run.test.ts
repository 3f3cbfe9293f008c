import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { DocumentStore } from "../document/store";
import { NotStarted, startRun, untilServing } from "./start-run";

const PATH = "flows/sign-up.yaml";
let standings: { serving: boolean; state: string }[] = [];
let asked: string[] = [];

beforeEach(() => {
  asked = [];
  vi.stubGlobal("sessionStorage", { getItem: () => null });
  vi.stubGlobal("fetch", (url: string, init?: RequestInit) => {
    asked.push(`${init?.method ?? "GET"} ${url}`);
    const standing = standings.length > 1 ? standings.shift() : standings[0];
    const body =
      url === "/api/workspace"
        ? { version: "1", serving: standing?.serving, flows: [{ path: PATH, name: "sign-up", state: standing?.state }], diagnostics: [] }
        : { id: "run-1" };
    return Promise.resolve(new Response(JSON.stringify(body), { status: 200 }));
  });
});
afterEach(() => vi.unstubAllGlobals());

const storeOf = (isDirty: boolean, isSaved: boolean): DocumentStore =>
  ({ path: PATH, settled: () => Promise.resolve(), snapshot: () => ({ isDirty }), save: () => Promise.resolve(isSaved) }) as unknown as DocumentStore;

const start = (store: DocumentStore, phases: string[] = []) =>
  startRun({ store, flow: "sign-up", body: { input: {}, keep: true }, isReadOnly: false, onPhase: (phase) => phases.push(phase) });

test("what is not saved is saved, and served, before it runs", async () => {
  standings = [
    { serving: false, state: "ready" },
    { serving: true, state: "ready" },
  ];
  const phases: string[] = [];
  expect(await start(storeOf(true, true), phases)).toBe("run-1");
  expect(phases).toEqual(["saving", "waiting", "starting"]);
  expect(asked.slice(0, 2)).toEqual(["GET /api/workspace", "GET /api/workspace"]);
  expect(asked.at(-1)).toBe("POST /api/flows/sign-up/runs");
});

test("what could not be saved is not run", async () => {
  await expect(start(storeOf(true, false))).rejects.toThrow(/could not be saved/);
  expect(asked).toEqual([]);
});

test("a flow with mistakes is not run, and nobody waits for ever", async () => {
  standings = [{ serving: true, state: "broken" }];
  await expect(untilServing(PATH)).rejects.toThrow(NotStarted);
  await expect(untilServing("flows/other.yaml")).rejects.toThrow(/not in the workspace/);
  standings = [{ serving: false, state: "ready" }];
  await expect(untilServing(PATH, 0)).rejects.toThrow(/not served/);
});
