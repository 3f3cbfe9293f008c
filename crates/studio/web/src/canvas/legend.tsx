// What the states on the picture mean: by icon and word, not by colour alone.
import type { Paint, StepState } from "../document/paint";
import { Icon } from "../ui/icon";
import { stateIcons, stateWords } from "./states";

const ORDER: readonly StepState[] = ["taken", "running", "retrying", "sleeping", "failed", "in_doubt", "missed"];

export function Legend({ paint }: { readonly paint: Paint }) {
  const states = new Set([...paint.steps.values()].map(({ state }) => state));
  return (
    <div className="canvas-legend">
      <strong>{paint.title}</strong>
      <ul>
        {ORDER.filter((state) => states.has(state)).map((state) => (
          <li key={state} data-state={state}>
            <span className="legend-mark">
              <Icon name={stateIcons[state]} size={12} />
            </span>
            {stateWords[state]}
          </li>
        ))}
      </ul>
    </div>
  );
}
