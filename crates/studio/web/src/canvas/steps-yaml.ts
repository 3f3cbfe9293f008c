// Steps as text, for the clipboard: as they are written, as a list at the margin.

interface Range {
  readonly from: number;
  readonly to: number;
}

/** The steps of these ranges of a text, in their order, as a YAML list. */
export function stepsAsYaml(text: string, ranges: readonly Range[]): string {
  return ranges
    .toSorted((a, b) => a.from - b.from)
    .map(({ from, to }) => `- ${moved(text, from, to)}\n`)
    .join("");
}

/** A step with its later lines as far in as its first. */
function moved(text: string, from: number, to: number): string {
  const column = from - (text.lastIndexOf("\n", from - 1) + 1);
  const [first = "", ...rest] = text.slice(from, to).trimEnd().split("\n");
  const lines = rest.map((line) => {
    const words = line.trimStart();
    if (words === "") return "";
    const indent = line.length - words.length;
    return `  ${" ".repeat(Math.max(indent - column, 0))}${words}`;
  });
  return [first, ...lines].join("\n");
}

/** Whether a text from the clipboard can be steps; what it says is the server's to judge. */
export function looksLikeSteps(text: string): boolean {
  return /^\s*(-\s|[\w"']+\s*:|\{)/.test(text);
}
