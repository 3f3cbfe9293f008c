// What stands on a page until it has been read, or why it cannot be.
import { Icon } from "../ui/icon";

interface LoadingProps {
  readonly what: string;
  readonly problem: string | null;
  readonly again: () => void;
}

export function Loading({ what, problem, again }: LoadingProps) {
  if (problem === null) return <p className="empty">Reading {what} …</p>;
  return (
    <div className="page-problem" role="alert">
      <p>
        <Icon name="error" /> {problem}
      </p>
      <button type="button" className="button" onClick={again}>
        Try again
      </button>
    </div>
  );
}
