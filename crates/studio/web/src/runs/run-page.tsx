// One run.
export function RunPage(_: { readonly id: string }) {
  return null;
}
