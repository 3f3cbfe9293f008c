// What went wrong, in a line.
import { Icon } from "../ui/icon";
import { Ticked } from "./ticked";

export function ProblemLine({ problem }: { readonly problem: string | null }) {
  if (problem === null) return null;
  return (
    <p className="field-error" role="alert">
      <Icon name="error" size={16} />
      <span>
        <Ticked text={problem} />
      </span>
    </p>
  );
}
