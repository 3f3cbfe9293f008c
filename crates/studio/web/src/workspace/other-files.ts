// Which files of a workspace are not flows, and what a new flow's file is called.
import type { Workspace } from "../api/types";

/** Tests of flows are not among them: they stand with their flows. */
export function otherFiles(workspace: Pick<Workspace, "files" | "flows">): string[] {
  const shown = new Set(workspace.flows.flatMap((flow) => [flow.path, ...(flow.tests === null ? [] : [flow.tests])]));
  return workspace.files.filter((path) => !shown.has(path));
}

/** `Sign up` → `flows/sign-up.yaml`; null where nothing is left of the name. */
export function fileOfName(name: string): string | null {
  const pieces = name
    .replace(/^flows\//, "")
    .replace(/\.ya?ml$/, "")
    .split("/")
    .map((piece) =>
      piece
        .normalize("NFKD")
        .toLowerCase()
        .replace(/[\u0300-\u036f]/g, "")
        .replace(/[^a-z0-9]+/g, "-")
        .replace(/^-+|-+$/g, ""),
    );
  return pieces.some((piece) => piece === "") ? null : `flows/${pieces.join("/")}.yaml`;
}
