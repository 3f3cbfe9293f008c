// The pieces of templates, for colours and for completion as one types. Looks only: what an expression means is the server's to say.

export type TokenKind = "brace" | "string" | "number" | "word" | "function" | "path";

export interface TemplateToken {
  readonly from: number;
  readonly to: number;
  readonly kind: TokenKind;
}

const PIECE =
  /"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?|\\"(?:(?!\\").)*(?:\\")?|-?\d+(?:\.\d+)?(?![\w.])|[#/]?[A-Za-z_@][\w@-]*(?:\.[\w@-]+|\.\[[^\]]*\])*|[(){}~]+/g;
const WORDS = new Set(["true", "false", "null", "else", "as", "this"]);

/** The pieces of an expression, or of a template with its braces; `offset` is added to their places. */
export function templateTokens(text: string, offset = 0): TemplateToken[] {
  const tokens: TemplateToken[] = [];
  // Behind a brace or parenthesis stands the name of a function, if arguments follow or it is a block.
  let isFirst = true;
  for (const match of text.matchAll(PIECE)) {
    const [piece] = match;
    const from = offset + match.index;
    const kind = kindOf(piece, isFirst, text.slice(match.index + piece.length));
    tokens.push({ from, to: from + piece.length, kind });
    isFirst = kind === "brace" && /[({~]$/.test(piece);
  }
  return tokens;
}

function kindOf(piece: string, isFirst: boolean, rest: string): TokenKind {
  if (/^[(){}~]/.test(piece)) return "brace";
  if (/^\\?["']/.test(piece)) return "string";
  if (/^-?\d/.test(piece)) return "number";
  if (WORDS.has(piece) || /^[#/]/.test(piece)) return "word";
  return isFirst && !piece.includes(".") && !/^\s*([)}~]|$)/.test(rest) ? "function" : "path";
}

/** Where an expression is being typed: the word around the caret. */
export interface TemplateSpot {
  /** The word, up to its end behind the caret. */
  readonly from: number;
  readonly to: number;
  /** Whether the word is the first behind a brace or parenthesis: a function can stand there. */
  readonly isFirst: boolean;
  /** Whether the template is closed behind the caret. */
  readonly isClosed: boolean;
}

/** The spot at the caret; null where it is in plain text, or in a string. */
export function templateSpot(text: string, caret: number, isExpression: boolean): TemplateSpot | null {
  let start = 0;
  let isClosed = true;
  if (!isExpression) {
    const open = text.lastIndexOf("{{", caret - 2);
    if (open < 0 || open + 2 > caret || text.slice(open, caret).includes("}}")) return null;
    start = open + 2;
    while (text.charAt(start) === "{" && start < caret) start += 1;
    const close = text.indexOf("}}", caret);
    const next = text.indexOf("{{", caret);
    isClosed = close >= 0 && (next < 0 || close < next);
  }
  const before = text.slice(start, caret);
  if (isInString(before)) return null;
  const word = /[\w.@[\]-]*$/.exec(before)?.[0] ?? "";
  const from = caret - word.length;
  const to = caret + (/^[\w@-]*/.exec(text.slice(caret))?.[0].length ?? 0);
  return { from, to, isFirst: /(^|[(~#/])\s*$/.test(text.slice(start, from)), isClosed };
}

function isInString(text: string): boolean {
  let quote: string | null = null;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (quote !== null && char === "\\") at += 1;
    else if (quote === char) quote = null;
    else if (quote === null && (char === '"' || char === "'")) quote = char;
  }
  return quote !== null;
}
