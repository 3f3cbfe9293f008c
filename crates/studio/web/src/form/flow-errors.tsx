// The steps of the flow's own `on_error`.
import type { Document } from "../api/types";
import { Icon } from "../ui/icon";
import { useForm } from "./form-context";

export function FlowErrors({ document }: { readonly document: Document | null }) {
  const { store, isReadOnly } = useForm();
  const steps = document?.steps.filter((step) => step.list === "on_error") ?? [];
  const [first] = steps;
  if (first === undefined && isReadOnly) return null;
  return (
    <fieldset className="form-part">
      <legend>When an error leaves the steps</legend>
      {first === undefined ? (
        <button
          type="button"
          className="button"
          onClick={() => void store.edit({ edit: "insert", at: { list: "on_error", index: 0 }, step: { action: "log" } })}
        >
          <Icon name="plus" size={15} /> Add a step for errors
        </button>
      ) : (
        <button type="button" className="link-button" onClick={() => store.select([first.path], "panel")}>
          {steps.length} {steps.length === 1 ? "step runs" : "steps run"}
        </button>
      )}
    </fieldset>
  );
}
