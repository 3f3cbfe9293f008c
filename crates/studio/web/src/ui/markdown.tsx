// Markdown on the page, as elements of React: never as a text of HTML.
import { Fragment, memo, type ReactNode, useMemo } from "react";
import { type Block, type Inline, parseInline, parseMarkdown } from "./markdown-parse";
import "./markdown.css";

interface MarkdownProps {
  readonly text: string;
  /** The level that `#` has on this page. */
  readonly headingLevel?: number;
}

/** A text with headings, lists, tables and code. */
export const Markdown = memo(function Markdown({ text, headingLevel = 3 }: MarkdownProps) {
  const blocks = useMemo(() => parseMarkdown(text), [text]);
  return <div className="markdown">{blocks.map((block, index) => blockOf(block, index, headingLevel))}</div>;
});

/** A sentence with code and links. */
export function MarkdownLine({ text }: { readonly text: string }) {
  return <>{inlines(parseInline(text))}</>;
}

function blockOf(block: Block, key: number, level: number): ReactNode {
  switch (block.kind) {
    case "heading": {
      const Tag = `h${Math.min(block.level + level - 1, 6)}` as "h3";
      return <Tag key={key}>{inlines(block.children)}</Tag>;
    }
    case "paragraph":
      return <p key={key}>{inlines(block.children)}</p>;
    case "code":
      return (
        <pre key={key} tabIndex={0}>
          <code>{block.text}</code>
        </pre>
      );
    case "list": {
      const items = block.items.map((item, index) => <li key={index}>{itemOf(item, level)}</li>);
      return block.isOrdered ? (
        <ol key={key} start={block.start}>
          {items}
        </ol>
      ) : (
        <ul key={key}>{items}</ul>
      );
    }
    case "quote":
      return <blockquote key={key}>{block.children.map((child, index) => blockOf(child, index, level))}</blockquote>;
    case "table":
      return (
        <div key={key} className="markdown-table" tabIndex={0} role="group" aria-label="Table">
          <table>
            <thead>
              <tr>
                {block.head.map((cell, index) => (cell.length > 0 ? <th key={index}>{inlines(cell)}</th> : <td key={index} />))}
              </tr>
            </thead>
            <tbody>
              {block.rows.map((row, index) => (
                <tr key={index}>
                  {row.map((cell, column) => (
                    <td key={column}>{inlines(cell)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
    case "rule":
      return <hr key={key} />;
  }
}

/** An item that is one paragraph has no paragraph around it. */
function itemOf(item: readonly Block[], level: number): ReactNode {
  return item.map((block, index) =>
    block.kind === "paragraph" && index === 0 ? (
      <Fragment key={index}>{inlines(block.children)}</Fragment>
    ) : (
      blockOf(block, index, level)
    ),
  );
}

function inlines(children: readonly Inline[]): ReactNode {
  return children.map((child, key) => {
    switch (child.kind) {
      case "text":
        return child.text;
      case "break":
        return <br key={key} />;
      case "code":
        return <code key={key}>{child.text}</code>;
      case "strong":
        return <strong key={key}>{inlines(child.children)}</strong>;
      case "emphasis":
        return <em key={key}>{inlines(child.children)}</em>;
      case "link":
        return child.href.startsWith("#/") ? (
          <a key={key} href={child.href}>
            {inlines(child.children)}
          </a>
        ) : (
          <a key={key} href={child.href} target="_blank" rel="noreferrer">
            {inlines(child.children)}
          </a>
        );
    }
  });
}
