// The states of a step in a run or report: their words and icons, for boxes and the legend alike.
import type { StepState } from "../document/paint";
import type { IconName } from "../ui/icon";

export const stateWords: Readonly<Record<StepState, string>> = {
  taken: "ran",
  missed: "did not run",
  running: "running",
  failed: "failed",
  sleeping: "sleeping",
  in_doubt: "in doubt",
  retrying: "retrying",
};

export const stateIcons: Readonly<Record<StepState, IconName>> = {
  taken: "check",
  missed: "minus",
  running: "running",
  failed: "close",
  sleeping: "wait",
  in_doubt: "invalid",
  retrying: "redo",
};
