// What can be put into a flow: the verbs of the language, and the actions that the server knows.
import { useEffect, useState } from "react";
import { get } from "../api/client";
import { messageOf } from "../api/problem";
import type { Action, NewStep } from "../api/types";
import { iconOf, type IconName } from "../ui/icon";

export interface Entry {
  readonly key: string;
  readonly name: string;
  readonly group: string;
  readonly summary: string;
  /** Markdown. */
  readonly docs: string;
  readonly icon: IconName;
  readonly step: NewStep;
  /** The connection type that it needs and the workspace lacks. */
  readonly lacks: string | null;
}

type Verb = Extract<NewStep, { verb: string }>["verb"];

const VERBS: readonly (readonly [Verb, string])[] = [
  ["if", "Goes one of two ways, by a condition."],
  ["switch", "Goes the way of the case that a value equals."],
  ["parallel", "Goes several ways at once, and waits for all."],
  ["for_each", "Does steps for each element of a list."],
  ["set", "Keeps values as variables."],
  ["wait", "Waits for some time, or until a time."],
  ["call", "Runs another flow, and takes its result."],
  ["respond", "Answers the caller; the flow goes on."],
  ["redirect", "Answers with a redirect."],
  ["return", "Ends the run with a result."],
  ["fail", "Ends the run with an error."],
];

const STEPS: readonly Entry[] = VERBS.map(([verb, summary]) => ({
  key: verb,
  name: verb,
  group: "Flow",
  summary,
  docs: summary,
  icon: iconOf(verb),
  step: { verb },
  lacks: null,
}));

function entryOf(action: Action, types: ReadonlySet<string> | null): Entry {
  const { name, group, summary, docs, connection } = action;
  const lacks = connection !== null && types?.has(connection) === false ? connection : null;
  return { key: name, name, group, summary, docs, icon: iconOf(name.split(".")[0] ?? name), step: { action: name }, lacks };
}

let asked: Promise<readonly Action[]> | null = null;

/** Asked for once; again after a failure. */
function actions(): Promise<readonly Action[]> {
  asked ??= get("/api/actions").catch((error: unknown) => {
    asked = null;
    throw error;
  });
  return asked;
}

/** The types of the workspace's connections; null where they cannot be told, and nothing is said to be lacking. */
function connectionTypes(): Promise<ReadonlySet<string> | null> {
  return get("/api/connections").then(
    (connections) => new Set(connections.map(({ type }) => type)),
    () => null,
  );
}

/** What can be used as it is stands first. */
async function entries(): Promise<readonly Entry[]> {
  const [known, types] = await Promise.all([actions(), connectionTypes()]);
  const all = known.map((action) => entryOf(action, types));
  return [...STEPS, ...all.filter((entry) => entry.lacks === null), ...all.filter((entry) => entry.lacks !== null)];
}

export interface Catalogue {
  readonly entries: readonly Entry[];
  readonly problem: string | null;
}

export function useCatalogue(): Catalogue {
  const [catalogue, setCatalogue] = useState<Catalogue>({ entries: STEPS, problem: null });
  useEffect(() => {
    let isHere = true;
    entries().then(
      (entries) => isHere && setCatalogue({ entries, problem: null }),
      (error: unknown) => isHere && setCatalogue({ entries: STEPS, problem: messageOf(error) }),
    );
    return () => {
      isHere = false;
    };
  }, []);
  return catalogue;
}

/** Those that have all words, the best first; all of them for no word. */
export function matching(entries: readonly Entry[], query: string): readonly Entry[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return entries;
  const rated = entries.flatMap((entry) => {
    const name = entry.name.toLowerCase();
    const rest = `${entry.group} ${entry.summary}`.toLowerCase();
    let rank = entry.lacks === null ? 0 : 3;
    for (const word of words) {
      if (name === word) rank += 0;
      else if (name.startsWith(word) || name.includes(`.${word}`)) rank += 1;
      else if (name.replaceAll(/[._]/g, " ").includes(word) || name.includes(word)) rank += 2;
      else if (rest.includes(word)) rank += 4;
      else return [];
    }
    return [{ entry, rank }];
  });
  return rated.toSorted((a, b) => a.rank - b.rank).map(({ entry }) => entry);
}

/** In groups, in the order of their first entries. */
export function grouped(entries: readonly Entry[]): readonly (readonly [string, readonly Entry[]])[] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) groups.set(entry.group, [...(groups.get(entry.group) ?? []), entry]);
  return [...groups];
}
