// What happens when a step fails: by code, or whatever the error.
import { useId, useState } from "react";
import type { StepForm } from "../api/types";
import type { DocumentStore } from "../document/store";
import { Icon } from "../ui/icon";
import { IconButton } from "../ui/icon-button";
import { FindingList } from "./finding-list";
import { findingsAt } from "./findings-at";
import { Fold } from "./fold";
import { useForm } from "./form-context";
import { pathSegment, pointer } from "./pointer";
import { isObject } from "./schema";

interface Handler {
  /** null where it is for any error, without a code. */
  readonly code: string | null;
  readonly does: unknown;
}

function handlersOf(onError: unknown): Handler[] {
  if (onError === undefined || onError === null) return [];
  if (isObject(onError)) return Object.entries(onError).map(([code, does]) => ({ code, does }));
  return [{ code: null, does: onError }];
}

export function OnErrorField({ form, onError }: { readonly form: StepForm; readonly onError: unknown }) {
  const { findings, isReadOnly } = useForm();
  const handlers = handlersOf(onError);
  const own = findingsAt(findings, "/on_error");
  const canFail = form.errors.length > 0 || ["action", "call", "for_each", "parallel"].includes(form.verb);
  if (!canFail && handlers.length === 0 && own.length === 0) return null;
  const taken = handlers.map((handler) => handler.code ?? "*");
  return (
    <Fold
      isOpenAtFirst={handlers.length > 0 || own.length > 0}
      title={handlers.length === 0 ? "Errors: the run fails" : `Errors: ${handlers.map((handler) => handler.code ?? "any").join(", ")}`}
    >
      {handlers.length > 0 && (
        <ul className="handlers">
          {handlers.map((handler) => (
            <HandlerRow key={handler.code ?? ""} handler={handler} />
          ))}
        </ul>
      )}
      <FindingList findings={own} />
      {!isReadOnly && !taken.includes("*") && <AddHandler errors={form.errors} taken={taken} isFirst={handlers.length === 0} />}
    </Fold>
  );
}

function HandlerRow({ handler: { code, does } }: { readonly handler: Handler }) {
  const { store, step, remove, isReadOnly } = useForm();
  const title = code === null || code === "*" ? "any other error" : code;
  const list = code === null ? `${step}/on_error` : `${step}/on_error/${pathSegment(code)}`;
  const count = Array.isArray(does) ? does.length : 0;
  return (
    <li>
      <code>{title}</code>
      <span className="handler-does">
        {does === "continue" ? (
          "goes on"
        ) : (
          <button type="button" className="link-button" onClick={() => selectFirst(store, list)}>
            {count} {count === 1 ? "step" : "steps"}
            <span className="visually-hidden"> for {title}</span>
          </button>
        )}
      </span>
      {!isReadOnly && (
        <IconButton icon="delete" label={`Handle ${title} no more`} onClick={() => void remove(code === null ? "/on_error" : pointer("/on_error", code))} />
      )}
    </li>
  );
}

/** Selects the first step of a list, or of the lists in it. */
export function selectFirst(store: DocumentStore, list: string): void {
  const first = store.snapshot().document?.steps.find((step) => step.path.startsWith(`${list}/`));
  if (first) store.select([first.path], "panel");
}

const WAYS = [
  { way: "fail", label: "fail with another answer" },
  { way: "respond", label: "respond" },
  { way: "return", label: "return a result" },
  { way: "continue", label: "go on" },
] as const;

interface AddHandlerProps {
  readonly errors: StepForm["errors"];
  readonly taken: readonly string[];
  readonly isFirst: boolean;
}

function AddHandler({ errors, taken, isFirst }: AddHandlerProps) {
  const { store, step, set } = useForm();
  const id = useId();
  const open = errors.filter((error) => !taken.includes(error.code));
  const [code, setCode] = useState("");
  const [way, setWay] = useState<(typeof WAYS)[number]["way"]>("fail");
  const chosen = code === "" || taken.includes(code) ? (open[0]?.code ?? "*") : code;
  const about = errors.find((error) => error.code === chosen);
  const add = (): void => {
    if (way === "continue") void set(isFirst && chosen === "*" ? "/on_error" : pointer("/on_error", chosen), "continue");
    else void store.edit({ edit: "insert", at: { list: `${step}/on_error/${pathSegment(chosen)}`, index: 0 }, step: { verb: way } });
  };
  return (
    <div className="add-handler">
      <div className="form-row">
        <div className="form-field">
          <label htmlFor={`${id}-code`}>{isFirst ? "Handle an error" : "Handle another error"}</label>
          <select id={`${id}-code`} value={chosen} aria-describedby={`${id}-about`} onChange={(event) => setCode(event.target.value)}>
            {open.map((error) => (
              <option key={error.code}>{error.code}</option>
            ))}
            <option value="*">any other error</option>
          </select>
        </div>
        <div className="form-field">
          <label htmlFor={`${id}-way`}>then</label>
          <select id={`${id}-way`} value={way} onChange={(event) => setWay(WAYS.find((one) => one.way === event.target.value)?.way ?? "fail")}>
            {WAYS.map((one) => (
              <option key={one.way} value={one.way}>
                {one.label}
              </option>
            ))}
          </select>
        </div>
      </div>
      <p id={`${id}-about`} className="field-help">
        {about === undefined ? "Every error that is not handled by its code." : `${about.status}: ${about.when}`}
      </p>
      <button type="button" className="button" onClick={add}>
        <Icon name="plus" size={15} /> Handle {chosen === "*" ? "any other error" : chosen}
      </button>
    </div>
  );
}
