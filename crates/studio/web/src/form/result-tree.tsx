// What later steps can name of a step's result, to be copied.
import { CopyButton } from "../ui/copy-button";
import { Fold } from "./fold";
import { itemsOf, propertiesOf, type Schema, schemaOf, textOf, typeOf, typeWord } from "./schema";

interface ResultTreeProps {
  /** The step's id; null where it has none. */
  readonly id: string | null;
  readonly result: unknown;
}

export function ResultTree({ id, result }: ResultTreeProps) {
  if (result === null || result === undefined) return null;
  const schema = schemaOf(result);
  return (
    <Fold title={id === null ? "Result" : `Result: steps.${id}`}>
      {id === null ? (
        <p className="field-help">Give the step an id, and later steps can use its result.</p>
      ) : (
        <ul className="result-tree">
          <Entry path={`steps.${id}`} name={`steps.${id}`} schema={schema} depth={0} />
        </ul>
      )}
    </Fold>
  );
}

const DEEPEST = 4;

/** A name as a path writes it. */
function segment(name: string): string {
  return /^[\w-]+$/.test(name) ? name : `[${name}]`;
}

interface EntryProps {
  readonly path: string;
  readonly name: string;
  readonly schema: Schema;
  readonly depth: number;
}

function Entry({ path, name, schema, depth }: EntryProps) {
  const isList = typeOf(schema) === "array";
  const inner = isList ? itemsOf(schema) : schema;
  const children = depth < DEEPEST ? propertiesOf(inner) : [];
  const about = textOf(schema, "description");
  return (
    <li>
      <div className="result-entry">
        <code title={about ?? undefined}>{name}</code>
        <small>{typeWord(schema)}</small>
        <CopyButton label={`Copy {{${path}}}`} text={() => `{{${path}}}`} />
      </div>
      {children.length > 0 && (
        <ul>
          {children.map(([key, own]) => (
            <Entry key={key} path={`${path}${isList ? ".0" : ""}.${segment(key)}`} name={isList ? `0.${key}` : key} schema={own} depth={depth + 1} />
          ))}
        </ul>
      )}
    </li>
  );
}
