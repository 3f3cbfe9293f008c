// How a run, or a step of one, stands: an icon and a word, never a colour alone.
import type { RunStatus } from "../api/types";
import type { StepState } from "../document/paint";
import { Icon, type IconName } from "../ui/icon";

type Tone = "good" | "bad" | "warn" | "info" | "plain";
interface Look {
  readonly icon: IconName;
  readonly word: string;
  readonly tone: Tone;
}

export const RUN_LOOKS: Readonly<Record<RunStatus, Look>> = {
  queued: { icon: "wait", word: "queued", tone: "plain" },
  running: { icon: "run", word: "running", tone: "info" },
  sleeping: { icon: "moon", word: "sleeping", tone: "info" },
  succeeded: { icon: "check", word: "succeeded", tone: "good" },
  failed: { icon: "error", word: "failed", tone: "bad" },
  in_doubt: { icon: "invalid", word: "in doubt", tone: "warn" },
  cancelled: { icon: "close", word: "cancelled", tone: "plain" },
};

export const STEP_LOOKS: Readonly<Record<StepState, Look>> = {
  taken: { icon: "check", word: "done", tone: "good" },
  missed: { icon: "close", word: "broken off", tone: "plain" },
  running: { icon: "run", word: "running", tone: "info" },
  failed: { icon: "error", word: "failed", tone: "bad" },
  sleeping: { icon: "moon", word: "sleeping", tone: "info" },
  in_doubt: { icon: "invalid", word: "in doubt", tone: "warn" },
  retrying: { icon: "redo", word: "trying again", tone: "warn" },
};

function Badge({ look }: { readonly look: Look }) {
  return (
    <span className="badge" data-tone={look.tone}>
      <Icon name={look.icon} size={14} />
      {look.word}
    </span>
  );
}

export function RunStatusBadge({ status }: { readonly status: RunStatus }) {
  return <Badge look={RUN_LOOKS[status]} />;
}

/** An icon whose word is for assistive technology and the pointer. */
export function StepStateIcon({ state, word = STEP_LOOKS[state].word }: { readonly state: StepState; readonly word?: string | undefined }) {
  const { icon, tone } = STEP_LOOKS[state];
  return (
    <span className="step-state" data-tone={tone} title={word}>
      <Icon name={icon} size={16} />
      <span className="visually-hidden">{word}</span>
    </span>
  );
}

export function StepStateBadge({ state, word }: { readonly state: StepState; readonly word?: string | undefined }) {
  return <Badge look={{ ...STEP_LOOKS[state], ...(word === undefined ? {} : { word }) }} />;
}
