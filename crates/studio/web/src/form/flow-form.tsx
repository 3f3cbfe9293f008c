// The form of the flow itself: its name, how it is started, what it takes, how long it may run.
import { memo, useMemo } from "react";
import type { Document } from "../api/types";
import type { DocumentStore } from "../document/store";
import { Icon } from "../ui/icon";
import { DurationField } from "./common-fields";
import { FieldFrame } from "./field-frame";
import { FindingList } from "./finding-list";
import { FlowErrors } from "./flow-errors";
import { FlowInput } from "./flow-input";
import { FlowTrigger } from "./flow-trigger";
import { FormProvider, useForm, useFormOf } from "./form-context";
import { PickCheck } from "./picks";
import { TextInput } from "./text-input";

interface FlowFormProps {
  readonly store: DocumentStore;
  readonly document: Document | null;
  readonly isReadOnly: boolean;
}

export const FlowForm = memo(function FlowForm({ store, document, isReadOnly }: FlowFormProps) {
  const findings = useMemo(() => document?.diagnostics.filter((finding) => finding.step === null) ?? [], [document]);
  const form = useFormOf({ store, step: "", isReadOnly, lastRun: null, findings });
  const flow = document?.flow ?? null;
  if (flow === null) {
    return (
      <div className="step-form">
        <p className="empty form-empty">{document === null ? "Reading …" : "The text cannot be read as a flow. Mend it there."}</p>
        <FindingList findings={findings} />
      </div>
    );
  }
  const written = flow.written as Readonly<Record<string, unknown>>;
  return (
    <FormProvider value={form}>
      <form className="step-form" data-step="" aria-label={`Flow ${flow.name}`} onSubmit={(event) => event.preventDefault()}>
        <header className="form-head">
          <Icon name="flow" size={22} />
          <div>
            <h2>{flow.name}</h2>
            <p>The flow itself. Select a step to see its form.</p>
          </div>
        </header>
        <FindingList findings={findings} />
        <PlainField label="name" at="/name" value={written["name"]} placeholder={flow.name} waitsForEnd />
        <PlainField label="description" at="/description" value={written["description"]} isMultiline />
        <FlowTrigger trigger={written["trigger"]} />
        <FlowInput fields={flow.input} written={written["input"]} />
        <fieldset className="form-part">
          <legend>Run</legend>
          <DurationField
            label="timeout"
            at="/timeout"
            value={written["timeout"]}
            placeholder="30s"
            help="Longest time that the run may be active; waiting does not count."
          />
          <DurableField isDurable={written["durable"] !== false} />
        </fieldset>
        <FlowErrors document={document} />
      </form>
    </FormProvider>
  );
});

interface PlainFieldProps {
  readonly label: string;
  readonly at: string;
  readonly value: unknown;
  readonly placeholder?: string;
  readonly help?: string;
  readonly isMultiline?: boolean;
  readonly waitsForEnd?: boolean;
}

/** A word of the flow's own, without templates. */
export function PlainField({ label, at, value, placeholder = "", help, isMultiline = false, waitsForEnd = false }: PlainFieldProps) {
  const { set, remove } = useForm();
  const text = typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);
  return (
    <FieldFrame label={label} help={help ?? null}>
      {(ids) => (
        <TextInput
          id={ids.control}
          aria-describedby={ids.describedBy}
          isMultiline={isMultiline}
          waitsForEnd={waitsForEnd}
          placeholder={placeholder}
          value={text}
          onCommit={(next) => (next.trim() === "" ? (value === undefined ? Promise.resolve(true) : remove(at)) : set(at, next.trim()))}
        />
      )}
    </FieldFrame>
  );
}

function DurableField({ isDurable }: { readonly isDurable: boolean }) {
  const { set, remove } = useForm();
  return (
    <PickCheck isOn={isDurable} onPick={(isOn) => (isOn ? remove("/durable") : set("/durable", false))}>
      durable <small>Runs are kept in the journal, and survive a crash.</small>
    </PickCheck>
  );
}
