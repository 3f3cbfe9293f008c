// Findings by file: files with errors first.
import type { Diagnostic } from "../api/types";

export type Severities = "all" | Diagnostic["severity"];

export interface FileFindings {
  readonly path: string;
  readonly findings: readonly Diagnostic[];
}

export function count(findings: readonly Diagnostic[]): { readonly errors: number; readonly warnings: number } {
  const errors = findings.filter((finding) => finding.severity === "error").length;
  return { errors, warnings: findings.length - errors };
}

export function byFile(findings: readonly Diagnostic[], shown: Severities): FileFindings[] {
  const files = new Map<string, Diagnostic[]>();
  for (const finding of findings) {
    if (shown !== "all" && finding.severity !== shown) continue;
    const file = files.get(finding.path);
    if (file === undefined) files.set(finding.path, [finding]);
    else file.push(finding);
  }
  const groups = [...files].map(([path, all]) => ({ path, findings: all.sort((a, b) => a.from - b.from) }));
  const hasErrors = (group: FileFindings): number => (group.findings.some((finding) => finding.severity === "error") ? 0 : 1);
  return groups.sort((a, b) => hasErrors(a) - hasErrors(b) || (a.path < b.path ? -1 : 1));
}
