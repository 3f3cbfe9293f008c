// The connections of the workspace.
export function ConnectionsPage() {
  return null;
}
