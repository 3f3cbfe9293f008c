// The actions, and one of them.
export function ActionsPage(_: { readonly name: string | null }) {
  return null;
}
