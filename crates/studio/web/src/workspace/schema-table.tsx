// What an action takes or gives, as a table.
import { useMemo } from "react";
import { MarkdownLine } from "../ui/markdown";
import { schemaRows, schemaText } from "./schema-rows";

export function SchemaTable({ schema, name }: { readonly schema: unknown; readonly name: string }) {
  const rows = useMemo(() => schemaRows(schema), [schema]);
  if (rows.length === 0) return <p className="empty">{schema === null || schema === undefined ? "Nothing." : schemaText(schema)}</p>;
  return (
    <table className="table table-stacked" aria-label={name}>
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Type</th>
          <th scope="col">What it is</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <tr key={`${row.name} ${index}`}>
            <th scope="row" data-label="Field" className="schema-name" style={{ "--depth": row.depth } as React.CSSProperties}>
              <span>
                <code>{row.name}</code>
                {row.isRequired && <span className="badge">required</span>}
                {row.isSecret && <span className="badge">secret</span>}
              </span>
            </th>
            <td data-label="Type">{row.type}</td>
            <td data-label="What it is">
              <span>
                <MarkdownLine text={row.description} />
                {row.options.length > 0 && (
                  <span className="row-about">
                    one of{" "}
                    {row.options.map((option, at) => (
                      <span key={option}>
                        {at > 0 && ", "}
                        <code>{option}</code>
                      </span>
                    ))}
                  </span>
                )}
                {row.standard !== null && (
                  <span className="row-about">
                    <code>{row.standard}</code> where it is left out
                  </span>
                )}
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
