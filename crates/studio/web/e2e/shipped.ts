// The flows that ship, as a workspace.
import { readdirSync, readFileSync } from "node:fs";
import type { Files } from "./server";

const root = new URL("../../../../", import.meta.url);

/** A file of the repository. */
export function shipped(path: string): string {
  return readFileSync(new URL(path, root), "utf8");
}

/** `lockgate.yaml`, all flows and their tests. */
export function shippedWorkspace(): Files {
  const flows = readdirSync(new URL("flows/", root)).filter((name) => name.endsWith(".yaml"));
  return Object.fromEntries(["lockgate.yaml", ...flows.map((name) => `flows/${name}`)].map((path) => [path, shipped(path)]));
}
