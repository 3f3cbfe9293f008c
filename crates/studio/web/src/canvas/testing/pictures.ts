// A picture for tests, as the server has drawn it: each verb once, and handlers of errors.
import type { Picture } from "../../api/types";
import allVerbsJson from "./all-verbs.json";

export const allVerbs = allVerbsJson as unknown as Picture;

/** Another object of the same picture, as the next answer of the server would be. */
export function again(picture: Picture): Picture {
  return structuredClone(picture);
}
