// Which field a finding belongs to.
import type { Diagnostic } from "../api/types";
import { isWithin } from "./pointer";

/** The findings of a value, and of what is in it. */
export function findingsAt(findings: readonly Diagnostic[], key: string): Diagnostic[] {
  return findings.filter((finding) => finding.key !== null && isWithin(finding.key, key));
}

/** The findings that none of these fields shows. */
export function findingsBeside(findings: readonly Diagnostic[], keys: readonly string[]): Diagnostic[] {
  return findings.filter((finding) => finding.key === null || !keys.some((key) => isWithin(finding.key ?? "", key)));
}
