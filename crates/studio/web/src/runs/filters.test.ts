import { expect, test } from "vitest";
import { filtersOf, hasFilters, hashOf, NO_FILTERS, queryOf, type RunFilters } from "./filters";

test("an address leads to the filters that it was made of", () => {
  const all: RunFilters[] = [
    NO_FILTERS,
    { flow: "sign-up", status: ["failed", "in_doubt"], since: "2026-11-23T18:00", until: "2026-11-24T00:00", text: "a&b=c #ü" },
    { ...NO_FILTERS, text: "x" },
  ];
  for (const filters of all) expect(filtersOf(hashOf(filters))).toEqual(filters);
  expect(hashOf(NO_FILTERS)).toBe("#/runs");
  expect(hasFilters(NO_FILTERS)).toBe(false);
  expect(hasFilters({ ...NO_FILTERS, status: ["failed"] })).toBe(true);
});

test("what an address says wrongly is passed over", () => {
  expect(filtersOf("#/runs?status=odd&status=failed&since=yesterday&more=1")).toEqual({ ...NO_FILTERS, status: ["failed"] });
});

test("the server is asked for instants", () => {
  const query = queryOf({ ...NO_FILTERS, since: "2026-11-23T18:00", status: ["failed"] });
  expect(query["since"]).toBe(new Date(2026, 10, 23, 18).toISOString());
  expect(query).toMatchObject({ status: ["failed"], flow: undefined, until: undefined });
});
