import { expect, test } from "vitest";
import type { Action } from "../api/types";
import { searchActions } from "./action-search";

const action = (name: string, group: string, summary: string): Action => ({ name, group, summary }) as Action;
const ALL = [
  action("auth0.create_user", "Identity", "Creates a user"),
  action("http.request", "Logic", "Sends an HTTP request"),
  action("auth0.delete_user", "Identity", "Deletes a user"),
];

test("actions are found by all words, in any order, and keep their groups", () => {
  const names = (query: string): string[] => searchActions(ALL, query).flatMap((group) => group.actions.map((one) => one.name));
  expect(searchActions(ALL, "").map((group) => group.name)).toEqual(["Identity", "Logic"]);
  expect(names("user  CREATE")).toEqual(["auth0.create_user"]);
  expect(names("identity")).toEqual(["auth0.create_user", "auth0.delete_user"]);
  expect(names("nothing like it")).toEqual([]);
});
