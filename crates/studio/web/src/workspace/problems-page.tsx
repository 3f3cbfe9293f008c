// The problems of the workspace.
export function ProblemsPage() {
  return null;
}
