// Where a connection goes, so that nobody mistakes an emulated tenant for a real one.
import type { Connection } from "../api/types";
import type { IconName } from "../ui/icon";

export interface TargetLook {
  readonly label: string;
  readonly tone: "good" | "bad" | "warn" | "info" | "plain";
  readonly icon: IconName;
  readonly about: string;
}

export const TARGETS: Readonly<Record<Connection["target"], TargetLook>> = {
  emulated: {
    label: "EMULATED",
    tone: "info",
    icon: "scenario",
    about: "A tenant that runs with this server stands in for Auth0. No real user is touched.",
  },
  real: { label: "REAL", tone: "bad", icon: "warning", about: "Calls go to a real tenant, and change what is in it." },
  provider: { label: "REAL", tone: "bad", icon: "warning", about: "Calls go to the provider, and do what they say." },
  made_up: {
    label: "MADE UP",
    tone: "info",
    icon: "key",
    about: "Nothing is called. What callers must show was made up, since variables are not set; the server's screen tells it.",
  },
  set: { label: "CALLERS", tone: "plain", icon: "key", about: "Nothing is called. Callers must show what the settings say." },
  left_out: { label: "LEFT OUT", tone: "warn", icon: "close", about: "Variables are not set: steps that use it fail." },
  unused: { label: "UNUSED", tone: "plain", icon: "more", about: "No flow uses it." },
};

/** Who needs a scope: `import-user (auth0.create_user)`, or a flow alone. */
export function readUser(user: string): { readonly flow: string; readonly action: string | null } {
  const found = /^(.*?) \((.*)\)$/.exec(user);
  return { flow: found?.[1] ?? user, action: found?.[2] ?? null };
}

/** The target in a sentence, with where it goes. */
export function targetText(connection: Connection): string {
  const { about } = TARGETS[connection.target];
  return connection.url === null ? about : `${about} ${connection.url}`;
}
