// Markdown as a tree: the part of CommonMark (and tables) that docs and findings are written in. Knows nothing of the page;
// mark-up of HTML in it is text.

export type Inline =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "break" }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "strong" | "emphasis"; readonly children: readonly Inline[] }
  | { readonly kind: "link"; readonly href: string; readonly children: readonly Inline[] };

export type Block =
  | { readonly kind: "heading"; readonly level: number; readonly children: readonly Inline[] }
  | { readonly kind: "paragraph"; readonly children: readonly Inline[] }
  | { readonly kind: "code"; readonly text: string; readonly language: string }
  | { readonly kind: "list"; readonly isOrdered: boolean; readonly start: number; readonly items: readonly (readonly Block[])[] }
  | { readonly kind: "quote"; readonly children: readonly Block[] }
  | { readonly kind: "table"; readonly head: readonly (readonly Inline[])[]; readonly rows: readonly (readonly (readonly Inline[])[])[] }
  | { readonly kind: "rule" };

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([^\s`]*).*$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])(\s+|$)(.*)$/;
const RULE = /^ {0,3}([-*_])\s*(?:\1\s*){2,}$/;
const QUOTE = /^ {0,3}> ?(.*)$/;
const DIVIDER = /^ {0,3}\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

/** Nesting beyond this stays text. */
const DEEPEST = 8;

export function parseMarkdown(text: string, depth = 0): Block[] {
  const lines = text.replaceAll("\r\n", "\n").replaceAll("\t", "    ").split("\n");
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? "";
    if (line.trim() === "") {
      at += 1;
      continue;
    }
    const [block, next] = readBlock(lines, at, depth);
    blocks.push(block);
    at = next;
  }
  return blocks;
}

function readBlock(lines: readonly string[], at: number, depth: number): [Block, number] {
  const line = lines[at] ?? "";
  const fence = FENCE.exec(line);
  if (fence) return readFence(lines, at, fence[1] ?? "```", fence[2] ?? "");
  if (/^ {4}/.test(line)) return readIndented(lines, at);
  const heading = HEADING.exec(line);
  if (heading) {
    return [{ kind: "heading", level: heading[1]?.length ?? 1, children: parseInline(heading[2] ?? "") }, at + 1];
  }
  if (RULE.test(line)) return [{ kind: "rule" }, at + 1];
  if (depth < DEEPEST) {
    if (ITEM.test(line)) return readList(lines, at, depth);
    if (QUOTE.test(line)) return readQuote(lines, at, depth);
  }
  if (isTable(lines, at)) return readTable(lines, at);
  return readParagraph(lines, at);
}

function readFence(lines: readonly string[], at: number, fence: string, language: string): [Block, number] {
  const text: string[] = [];
  let end = at + 1;
  for (; end < lines.length; end += 1) {
    const line = (lines[end] ?? "").trim();
    if (line.startsWith(fence) && line.replaceAll(fence.charAt(0), "") === "") break;
    text.push(lines[end] ?? "");
  }
  return [{ kind: "code", text: text.join("\n"), language }, end + 1];
}

function readIndented(lines: readonly string[], at: number): [Block, number] {
  let end = at;
  while (end < lines.length && /^( {4}|\s*$)/.test(lines[end] ?? "")) end += 1;
  const text = lines
    .slice(at, end)
    .map((line) => line.slice(4))
    .join("\n")
    .trimEnd();
  return [{ kind: "code", text, language: "" }, end];
}

function readList(lines: readonly string[], at: number, depth: number): [Block, number] {
  const first = ITEM.exec(lines[at] ?? "");
  const marker = first?.[2] ?? "-";
  const isOrdered = /\d/.test(marker);
  const items: Block[][] = [];
  let end = at;
  while (end < lines.length) {
    const item = ITEM.exec(lines[end] ?? "");
    if (!item || /\d/.test(item[2] ?? "") !== isOrdered || RULE.test(lines[end] ?? "")) break;
    const indent = (item[1]?.length ?? 0) + (item[2]?.length ?? 1) + Math.min(Math.max(item[3]?.length ?? 1, 1), 4);
    const own = [item[4] ?? ""];
    end += 1;
    for (; end < lines.length; end += 1) {
      const line = lines[end] ?? "";
      const isBlank = line.trim() === "";
      const isInside = line.search(/\S/) >= indent;
      if (isBlank ? (lines[end + 1] ?? "").search(/\S/) < indent : !isInside && (ITEM.test(line) || startsBlock(line))) break;
      own.push(isInside ? line.slice(indent) : line.trimStart());
    }
    items.push(parseMarkdown(own.join("\n"), depth + 1));
    // One blank line between items is still the same list.
    if ((lines[end] ?? "").trim() === "" && ITEM.test(lines[end + 1] ?? "")) end += 1;
  }
  return [{ kind: "list", isOrdered, start: isOrdered ? Number.parseInt(marker, 10) : 1, items }, end];
}

function readQuote(lines: readonly string[], at: number, depth: number): [Block, number] {
  const own: string[] = [];
  let end = at;
  for (let quote = QUOTE.exec(lines[end] ?? ""); quote; quote = QUOTE.exec(lines[end] ?? "")) {
    own.push(quote[1] ?? "");
    end += 1;
  }
  return [{ kind: "quote", children: parseMarkdown(own.join("\n"), depth + 1) }, end];
}

function isTable(lines: readonly string[], at: number): boolean {
  return (lines[at] ?? "").includes("|") && DIVIDER.test(lines[at + 1] ?? "") && (lines[at + 1] ?? "").includes("-");
}

function readTable(lines: readonly string[], at: number): [Block, number] {
  const head = cells(lines[at] ?? "").map((cell) => parseInline(cell));
  const rows: Inline[][][] = [];
  let end = at + 2;
  for (; end < lines.length && (lines[end] ?? "").includes("|"); end += 1) {
    rows.push(cells(lines[end] ?? "").slice(0, head.length).map((cell) => parseInline(cell)));
  }
  return [{ kind: "table", head, rows }, end];
}

/** A `|` in code or behind a `\` does not end a cell. */
function cells(line: string): string[] {
  const found: string[] = [];
  let cell = "";
  let isCode = false;
  const inner = line.trim().replace(/^\|/, "");
  for (let at = 0; at < inner.length; at += 1) {
    const char = inner.charAt(at);
    if (char === "\\" && inner[at + 1] === "|") {
      cell += "|";
      at += 1;
    } else if (char === "|" && !isCode) {
      found.push(cell.trim());
      cell = "";
    } else {
      if (char === "`") isCode = !isCode;
      cell += char;
    }
  }
  if (cell.trim() !== "") found.push(cell.trim());
  return found;
}

function startsBlock(line: string): boolean {
  return line.trim() === "" || FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line);
}

function readParagraph(lines: readonly string[], at: number): [Block, number] {
  const own = [(lines[at] ?? "").trimStart()];
  let end = at + 1;
  for (; end < lines.length; end += 1) {
    const line = lines[end] ?? "";
    if (startsBlock(line) || /^ {0,3}([-*+]|1[.)])\s+\S/.test(line) || isTable(lines, end)) break;
    own.push(line.trimStart());
  }
  // Two blanks at the end of a line break it, as a backslash does.
  const text = own.map((line, index) => line.trimEnd() + (/ {2}$/.test(line) && index < own.length - 1 ? "\\" : "")).join("\n");
  return [{ kind: "paragraph", children: parseInline(text) }, end];
}

const INLINE =
  /\\(\n|[!-/:-@[-`{-~])|(`+)(?!`)([\s\S]*?[^`])\2(?!`)|(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(\s*<?([^\s)>]*)>?(?:\s+"[^"]*")?\s*\)|<(https?:\/\/[^\s<>]+)>|(\*\*|__)(?=\S)([\s\S]*?\S)\8|(?<![\w*])\*(?=[^\s*])([\s\S]*?[^\s*])\*(?!\*)|(?<!\w)_(?=[^\s_])([\s\S]*?[^\s_])_(?!\w)/;

export function parseInline(text: string, depth = 0): Inline[] {
  const found: Inline[] = [];
  let rest = text;
  const push = (piece: string): void => {
    const last = found.at(-1);
    if (piece === "") return;
    if (last?.kind === "text") found[found.length - 1] = { kind: "text", text: last.text + piece };
    else found.push({ kind: "text", text: piece });
  };
  for (let match = INLINE.exec(rest); match && depth < DEEPEST; match = INLINE.exec(rest)) {
    push(rest.slice(0, match.index));
    rest = rest.slice(match.index + match[0].length);
    const [, escaped, , code, bang, label, target, plain, , strong, star, underscore] = match;
    if (escaped === "\n") found.push({ kind: "break" });
    else if (escaped !== undefined) push(escaped);
    else if (code !== undefined) found.push({ kind: "code", text: code.replaceAll("\n", " ").replace(/^ (.+) $/, "$1") });
    else if (plain !== undefined) found.push({ kind: "link", href: plain, children: [{ kind: "text", text: plain }] });
    else if (label !== undefined) {
      const children = parseInline(label, depth + 1);
      const href = safeHref(target ?? "");
      if (href !== null && bang === "") found.push({ kind: "link", href, children });
      // An image, or a link to where the studio does not lead: its words alone.
      else for (const child of children) child.kind === "text" ? push(child.text) : found.push(child);
    } else if (strong !== undefined) found.push({ kind: "strong", children: parseInline(strong, depth + 1) });
    else found.push({ kind: "emphasis", children: parseInline(star ?? underscore ?? "", depth + 1) });
  }
  push(rest);
  return found;
}

/** Where a link may lead: to the web, or to a page of the studio. */
export function safeHref(href: string): string | null {
  return /^https?:\/\//i.test(href) || href.startsWith("#/") ? href : null;
}
