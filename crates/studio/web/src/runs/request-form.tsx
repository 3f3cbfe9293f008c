// The part of the form for flows that look at `request`.
import { useId } from "react";
import type { RequestTexts } from "./request-fields";

interface RequestFormProps {
  readonly route: string | null;
  readonly texts: RequestTexts;
  readonly onChange: (texts: RequestTexts) => void;
}

export function RequestForm({ route, texts, onChange }: RequestFormProps) {
  const [method = "", path = ""] = (route ?? "").split(" ");
  const fields = [
    { name: "method", label: "Method", hint: method, isLong: false },
    { name: "path", label: "Path", hint: path, isLong: false },
    { name: "ip", label: "Address of the caller", hint: "127.0.0.1", isLong: false },
    { name: "query", label: "Query, one parameter a line", hint: "name=value", isLong: true },
    { name: "headers", label: "Headers, one a line", hint: "user-agent: Mozilla/5.0", isLong: true },
  ] as const;
  return (
    <details className="run-request">
      <summary>Request</summary>
      <p className="field-hint">The flow looks at the request. What is left empty comes from its route.</p>
      <div className="run-fields">
        {fields.map(({ name, label, hint, isLong }) => (
          <RequestField
            key={name}
            label={label}
            hint={hint}
            isLong={isLong}
            value={texts[name]}
            onChange={(value) => onChange({ ...texts, [name]: value })}
          />
        ))}
      </div>
    </details>
  );
}

interface RequestFieldProps {
  readonly label: string;
  readonly hint: string;
  readonly isLong: boolean;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function RequestField({ label, hint, isLong, value, onChange }: RequestFieldProps) {
  const id = useId();
  const attributes = {
    id,
    value,
    placeholder: hint,
    onChange: (event: React.ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => onChange(event.target.value),
  };
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {isLong ? <textarea rows={2} spellCheck={false} className="run-json" {...attributes} /> : <input type="text" autoComplete="off" {...attributes} />}
    </div>
  );
}
