// Words about runs.
import type { RunSummary } from "../api/types";
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

/** How long a run took, as far as it has come. */
export function tookText(run: RunSummary, now: number): string {
  const end = run.finished_at === null ? now : Date.parse(run.finished_at);
  return durationText(Math.max(0, end - Date.parse(run.started_at)));
}
