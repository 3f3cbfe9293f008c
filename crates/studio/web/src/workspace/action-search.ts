// Which actions fit what somebody looks for, by group.
import type { Action } from "../api/types";

export interface ActionGroup {
  readonly name: string;
  readonly actions: readonly Action[];
}

/** All words must be in the name, the group or the summary; groups and actions in the order of the catalogue. */
export function searchActions(actions: readonly Action[], query: string): ActionGroup[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = new Map<string, Action[]>();
  for (const action of actions) {
    const text = `${action.name} ${action.group} ${action.summary}`.toLowerCase();
    if (!words.every((word) => text.includes(word))) continue;
    const group = groups.get(action.group);
    if (group === undefined) groups.set(action.group, [action]);
    else group.push(action);
  }
  return [...groups].map(([name, found]) => ({ name, actions: found }));
}

const EFFECTS: Readonly<Record<Action["effect"], string>> = {
  pure: "touches nothing outside",
  read: "reads only: it is tried again by itself",
  idempotent: "may be done twice and is the same: it is tried again by itself",
  once: "must not be done twice: it is tried again only where nothing can have happened",
};

export function effectText(effect: Action["effect"]): string {
  return EFFECTS[effect];
}
