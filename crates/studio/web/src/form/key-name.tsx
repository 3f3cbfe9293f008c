// Gives a key another name, in its place.
import { useState } from "react";
import { IconButton } from "../ui/icon-button";

interface KeyNameProps {
  readonly name: string;
  readonly taken: readonly string[];
  readonly onRename: (to: string) => Promise<boolean>;
}

export function KeyName({ name, taken, onRename }: KeyNameProps) {
  const [next, setNext] = useState<string | null>(null);
  if (next === null) return <IconButton icon="text" label={`Rename ${name}`} onClick={() => setNext(name)} />;
  const trimmed = next.trim();
  const end = (): void => {
    setNext(null);
    if (trimmed !== "" && trimmed !== name && !taken.includes(trimmed)) void onRename(trimmed);
  };
  return (
    <input
      type="text"
      className="key-name"
      aria-label={`New name of ${name}`}
      aria-invalid={trimmed !== name && taken.includes(trimmed)}
      autoComplete="off"
      spellCheck={false}
      autoFocus
      value={next}
      onFocus={(event) => event.target.select()}
      onChange={(event) => setNext(event.target.value)}
      onBlur={end}
      onKeyDown={(event) => {
        if (event.key === "Enter") end();
        if (event.key === "Escape") {
          event.preventDefault();
          setNext(null);
        }
      }}
    />
  );
}
