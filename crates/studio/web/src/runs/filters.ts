// Which runs are listed, and the address that says so.
import type { RunStatus } from "../api/types";

export interface RunFilters {
  readonly flow: string;
  readonly status: readonly RunStatus[];
  /** Local date and time as an input has them: `2026-11-23T18:00`. */
  readonly since: string;
  readonly until: string;
  readonly text: string;
}

export const NO_FILTERS: RunFilters = { flow: "", status: [], since: "", until: "", text: "" };

export const STATUSES: readonly RunStatus[] = ["queued", "running", "sleeping", "succeeded", "failed", "in_doubt", "cancelled"];

export function hasFilters(filters: RunFilters): boolean {
  return hashOf(filters) !== hashOf(NO_FILTERS);
}

/** The filters of an address. What it says wrongly is passed over. */
export function filtersOf(hash: string): RunFilters {
  const query = new URLSearchParams(hash.split("?")[1] ?? "");
  const time = (name: string): string => {
    const value = query.get(name) ?? "";
    return Number.isNaN(Date.parse(value)) ? "" : value;
  };
  return {
    flow: query.get("flow") ?? "",
    status: STATUSES.filter((status) => query.getAll("status").includes(status)),
    since: time("since"),
    until: time("until"),
    text: query.get("text") ?? "",
  };
}

export function hashOf(filters: RunFilters): string {
  const query = new URLSearchParams();
  if (filters.flow !== "") query.set("flow", filters.flow);
  for (const status of filters.status) query.append("status", status);
  if (filters.since !== "") query.set("since", filters.since);
  if (filters.until !== "") query.set("until", filters.until);
  if (filters.text !== "") query.set("text", filters.text);
  const text = query.toString();
  return text === "" ? "#/runs" : `#/runs?${text}`;
}

/** What the server is asked: times are instants there. */
export function queryOf(filters: RunFilters): Readonly<Record<string, string | readonly string[] | undefined>> {
  const instant = (time: string): string | undefined => (time === "" ? undefined : new Date(time).toISOString());
  return {
    flow: filters.flow === "" ? undefined : filters.flow,
    status: filters.status.length === 0 ? undefined : filters.status,
    since: instant(filters.since),
    until: instant(filters.until),
    text: filters.text === "" ? undefined : filters.text,
  };
}
