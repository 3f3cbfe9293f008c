// Words about runs.
import type { RunStep, RunSummary } from "../api/types";
import { durationText } from "./times";

const TRIGGERS: Readonly<Record<RunSummary["trigger"], string>> = {
  http: "request",
  schedule: "schedule",
  command: "lockgate run",
  api: "studio or API",
};

export function triggerWord(trigger: RunSummary["trigger"]): string {
  return TRIGGERS[trigger];
}

/** A step that was dropped after it had ended was done anew: it is another one in the list. */
export function stateWord(step: RunStep | null): string | undefined {
  return step?.state === "dropped" && step.ended_at !== null ? "done anew later" : undefined;
}

/** How long a run took, as far as it has come. */
export function tookText(run: RunSummary, now: number): string {
  const end = run.finished_at === null ? now : Date.parse(run.finished_at);
  return durationText(Math.max(0, end - Date.parse(run.started_at)));
}
