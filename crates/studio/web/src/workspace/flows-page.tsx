// The flows of the workspace.
export function FlowsPage() {
  return null;
}
