// The form of one step.
import { memo, useMemo, useState } from "react";
import type { StepForm } from "../api/types";
import type { DocumentStore } from "../document/store";
import { BranchFields } from "./branch-fields";
import { CommonFields } from "./common-fields";
import { ConnectionField } from "./connection-field";
import { Field } from "./field";
import { FindingList } from "./finding-list";
import { findingsBeside } from "./findings-at";
import { Fold } from "./fold";
import { FormProvider, useFormOf } from "./form-context";
import { OnErrorField } from "./on-error-field";
import { ResultTree } from "./result-tree";
import { isObject, schemaOf } from "./schema";
import { StepActions } from "./step-actions";
import { StepHead } from "./step-head";
import { useStepForm } from "./use-step-form";

interface StepFormViewProps {
  readonly store: DocumentStore;
  readonly step: string;
  readonly text: string;
  readonly isReadOnly: boolean;
  readonly lastRun: string | null;
}

export function StepFormView({ store, step, text, isReadOnly, lastRun }: StepFormViewProps) {
  const { form, problem, isLoading } = useStepForm(store, step, text);
  if (form === null) {
    if (problem === null) return <p className="empty form-empty">Loading …</p>;
    return (
      <div className="form-empty">
        <p className="empty" role="alert">
          This step cannot be shown: {problem}
        </p>
        <button type="button" className="link-button" onClick={() => store.select([], "panel")}>
          Show the flow
        </button>
      </div>
    );
  }
  // Another step's fields begin anew; the same step's keep the focus.
  return <Loaded key={form.path} store={store} form={form} isReadOnly={isReadOnly} lastRun={lastRun} isLoading={isLoading} />;
}

interface LoadedProps {
  readonly store: DocumentStore;
  readonly form: StepForm;
  readonly isReadOnly: boolean;
  readonly lastRun: string | null;
  readonly isLoading: boolean;
}

/** Keys with a field of their own, whatever the verb. */
const COMMON = ["/id", "/name", "/notes", "/if", "/timeout", "/retry", "/on_error", "/secret", "/connection", "/set"];

const VARIABLES = schemaOf({ type: "object", description: "Later steps read them as `vars.<name>`." });

const Loaded = memo(function Loaded({ store, form, isReadOnly, lastRun, isLoading }: LoadedProps) {
  const findings = useMemo(() => form.diagnostics.filter((one) => one.step === null || one.step === form.path), [form]);
  const context = useFormOf({ store, step: form.path, isReadOnly, lastRun, findings });
  const keys = form.fields.map((field) => field.key);
  const beside = findingsBeside(findings, [...keys, ...COMMON]);
  const written = isObject(form.value) ? form.value : {};
  // A field stays where it is while one types into it; what was not there before stands in front.
  const [folded] = useState(() => new Set(form.fields.flatMap((field) => (field.required || field.is_given ? [] : [field.key]))));
  const first = form.fields.filter((field) => !folded.has(field.key));
  const more = form.fields.filter((field) => folded.has(field.key));
  return (
    <FormProvider value={context}>
      <form className="step-form" data-step={form.path} aria-label={`Step ${form.title}`} aria-busy={isLoading} onSubmit={(event) => event.preventDefault()}>
        <StepHead form={form} />
        <FindingList findings={beside} />
        {form.verb === "invalid" && <p className="empty">What this step does cannot be read. Mend it in the text.</p>}
        <ConnectionField form={form} />
        {form.verb === "set" ? (
          <Field label="variables" at="/set" schema={VARIABLES} value={written["set"]} isRequired />
        ) : (
          <FieldList fields={first} />
        )}
        {more.length > 0 && (
          <Fold title={`${more.length} more ${more.length === 1 ? "field" : "fields"}`} isOpenAtFirst={first.length === 0}>
            <FieldList fields={more} />
          </Fold>
        )}
        <BranchFields verb={form.verb} written={written} />
        <OnErrorField form={form} onError={written["on_error"]} />
        <CommonFields written={written} taken={keys} />
        <ResultTree id={typeof written["id"] === "string" ? written["id"] : null} result={form.result} />
        {!isReadOnly && <StepActions store={store} count={1} />}
      </form>
    </FormProvider>
  );
});

function FieldList({ fields }: { readonly fields: StepForm["fields"] }) {
  return fields.map((field) => (
    <Field
      key={field.key}
      label={field.name}
      at={field.key}
      schema={schemaOf(field.schema)}
      type={field.type}
      value={field.is_given ? field.value : undefined}
      isRequired={field.required}
      isSecret={field.secret}
      isHtml={field.is_html}
      isExpression={field.is_expression}
    />
  ));
}
