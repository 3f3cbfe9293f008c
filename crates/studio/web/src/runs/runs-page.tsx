// The list of runs.
export function RunsPage(_: { readonly flow: string | null }) {
  return null;
}
