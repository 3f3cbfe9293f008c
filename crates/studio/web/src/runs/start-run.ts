// Starts a run of the text as it stands here: it is saved, and served, before.
import { get, post } from "../api/client";
import { ApiProblem } from "../api/problem";
import type { AdminSchemas } from "../api/types";
import type { DocumentStore } from "../document/store";
import { workspaceStore } from "../shell/workspace-store";

export type StartPhase = "saving" | "waiting" | "starting";

/** How long the server may take to serve what was saved. */
const PATIENCE = 10_000;
const PAUSE = 100;

/** Why a run was not started, in words for the panel. */
export class NotStarted extends Error {}

/** Waits until what is on disk is what is served. */
export async function untilServing(path: string, patience = PATIENCE, pause = PAUSE): Promise<void> {
  const end = Date.now() + patience;
  for (;;) {
    const workspace = await get("/api/workspace");
    const flow = workspace.flows.find((one) => one.path === path);
    if (workspace.serving) {
      if (flow === undefined) throw new NotStarted("The flow is not in the workspace.");
      if (flow.state === "ready") return;
      throw new NotStarted("The flow has mistakes. It runs once they are gone.");
    }
    if (Date.now() >= end) {
      throw new NotStarted(
        `What was saved is not served after ${Math.round(patience / 1000)} seconds. The server's log says why; try again, or restart it.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

export interface StartOptions {
  readonly store: DocumentStore;
  readonly flow: string;
  readonly body: Omit<AdminSchemas["StartRun"], "input"> & { readonly input: Readonly<Record<string, unknown>> };
  readonly isReadOnly: boolean;
  readonly onPhase: (phase: StartPhase) => void;
}

/** The run's id. */
export async function startRun({ store, flow, body, isReadOnly, onPhase }: StartOptions): Promise<string> {
  await store.settled();
  if (store.snapshot().isDirty && !isReadOnly) {
    onPhase("saving");
    if (!(await store.save())) throw new NotStarted("The text could not be saved, so nothing was run.");
  }
  onPhase("waiting");
  await untilServing(store.path);
  void workspaceStore.load();
  onPhase("starting");
  return start(flow, body);
}

/** Starts a run of a flow as it is served. */
export async function start(flow: string, body: StartOptions["body"]): Promise<string> {
  const started = await post("/api/flows/{name}/runs", {
    params: { name: flow },
    body: body as AdminSchemas["StartRun"],
  });
  return started.id;
}

/** What an input's problem document says of its fields. */
export function inputErrors(error: unknown): readonly { readonly field: string; readonly message: string }[] {
  return error instanceof ApiProblem && error.status === 422 ? (error.errors ?? []) : [];
}
