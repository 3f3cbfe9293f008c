// The scenarios, and one of them.
export function ScenariosPage(_: { readonly name: string | null }) {
  return null;
}
