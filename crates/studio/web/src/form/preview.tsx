// What a template gave in the last run. Masked values come masked.
import { useEffect, useState } from "react";
import { post } from "../api/client";
import type { Preview as PreviewOf } from "../api/types";
import { useForm } from "./form-context";
import { fieldText, hasTemplate } from "./value-text";

interface PreviewProps {
  readonly value: unknown;
  readonly isExpression?: boolean;
}

const PAUSE = 250;
const MOST = 300;

export function Preview({ value, isExpression = false }: PreviewProps) {
  const { store, step, lastRun } = useForm();
  const [shown, setShown] = useState<PreviewOf | null>(null);
  const isAsked = lastRun !== null && (isExpression ? value !== "" && value !== undefined && value !== null : hasTemplate(value));

  useEffect(() => {
    if (!isAsked) return setShown(null);
    const asked = new AbortController();
    const timer = setTimeout(() => {
      const { path, text } = store.snapshot();
      const body = { path, text, step, value, is_expression: isExpression, run: lastRun };
      post("/api/document/preview", { body, signal: asked.signal }).then(
        (preview) => setShown(preview),
        () => asked.signal.aborted || setShown(null),
      );
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      asked.abort();
    };
  }, [isAsked, store, step, value, isExpression, lastRun]);

  if (!isAsked || shown === null) return null;
  const text = shown.problem ?? (shown.value === null ? "null" : fieldText(shown.value));
  return (
    <p className="field-preview" data-problem={shown.problem !== null || undefined} title="With the values of the last run">
      <span>{shown.problem === null ? "Last run" : "Last run: no value"}</span>
      <code>{text.length > MOST ? `${text.slice(0, MOST)}…` : text === "" ? "(empty)" : text}</code>
    </p>
  );
}
