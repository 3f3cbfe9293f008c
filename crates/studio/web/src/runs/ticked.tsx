// A sentence in which names stand between backticks. Anything else in it is text: it may be an author's, or a provider's.

export function Ticked({ text }: { readonly text: string }) {
  return <>{text.split("`").map((piece, index, all) => (index % 2 === 1 && index < all.length - 1 ? <code key={index}>{piece}</code> : index % 2 === 1 ? `\`${piece}` : piece))}</>;
}
