// On a box's edge: its findings, and its state in a run.
import { Icon } from "../ui/icon";
import type { Look } from "./looks";
import { stateIcons, stateWords } from "./states";

/** What they say stands in the box's name, too. */
export function CardBadges({ look }: { readonly look: Look }) {
  const many = look.errors + look.warnings;
  return (
    <>
      {many > 0 && (
        <span className="flow-box-findings" data-tone={look.errors > 0 ? "bad" : "warn"} title={look.findings} aria-hidden="true">
          <Icon name={look.errors > 0 ? "error" : "warning"} size={13} />
          {many > 1 && many}
        </span>
      )}
      {look.paint && (
        <span className="flow-box-state" title={stateWords[look.paint.state]} aria-hidden="true">
          <Icon name={stateIcons[look.paint.state]} size={12} />
          {look.paint.note}
        </span>
      )}
    </>
  );
}
