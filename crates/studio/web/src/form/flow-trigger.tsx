// How a flow is started: by HTTP, by a schedule.
import { useId } from "react";
import { FieldFrame } from "./field-frame";
import { useForm } from "./form-context";
import { isObject } from "./schema";
import { PlainField } from "./flow-form";
import { PickCheck, PickSelect } from "./picks";
import { TextInput } from "./text-input";
import { useConnectionNames } from "./use-connection-names";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const KINDS = ["none", "bearer", "basic", "hmac"];

export function FlowTrigger({ trigger }: { readonly trigger: unknown }) {
  const { set, remove } = useForm();
  const own = isObject(trigger) ? trigger : {};
  const [hasHttp, hasSchedule] = ["http" in own, "schedule" in own];
  const toggle = (key: string, first: unknown) => (isOn: boolean): Promise<boolean> => {
    if (isOn) return set(`/trigger/${key}`, first);
    return Object.keys(own).length > 1 ? remove(`/trigger/${key}`) : remove("/trigger");
  };
  return (
    <fieldset className="form-part">
      <legend>Trigger</legend>
      <PickCheck isOn={hasHttp} onPick={toggle("http", "POST /path")}>
        HTTP <small>A request starts it.</small>
      </PickCheck>
      {hasHttp && <HttpTrigger http={own["http"]} />}
      <PickCheck isOn={hasSchedule} onPick={toggle("schedule", "0 6 * * *")}>
        Schedule <small>The clock starts it.</small>
      </PickCheck>
      {hasSchedule && <ScheduleTrigger schedule={own["schedule"]} />}
      {!hasHttp && !hasSchedule && <p className="field-help">Without one it is started from the command line, the API or another flow.</p>}
    </fieldset>
  );
}

/** A route is a text, or a map as soon as more is said than method and path. */
function HttpTrigger({ http }: { readonly http: unknown }) {
  const { set, remove } = useForm();
  const id = useId();
  const isMap = isObject(http);
  const [first = "", ...rest] = typeof http === "string" ? http.split(" ") : [];
  const method = isMap ? String(http["method"] ?? "") : first;
  const path = isMap ? String(http["path"] ?? "") : rest.join(" ");
  const writeRoute = (method: string, path: string): Promise<boolean> =>
    isMap ? (method === http["method"] ? set("/trigger/http/path", path) : set("/trigger/http/method", method)) : set("/trigger/http", `${method} ${path}`);
  // The server writes the short form out when more is said.
  const write = (key: string, value: unknown): Promise<boolean> => {
    if (value !== undefined) return set(`/trigger/http/${key}`, value);
    return isMap && key in http ? remove(`/trigger/http/${key}`) : Promise.resolve(true);
  };
  const own = isMap ? http : {};
  return (
    <div className="field-inside">
      <div className="form-row form-route">
        <div className="form-field">
          <label htmlFor={`${id}-method`}>method</label>
          <PickSelect id={`${id}-method`} value={method} onPick={(picked) => writeRoute(picked, path)}>
            {!METHODS.includes(method) && <option>{method}</option>}
            {METHODS.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </PickSelect>
        </div>
        <FieldFrame label="path">
          {(ids) => <TextInput id={ids.control} className="code-input" waitsForEnd value={path} onCommit={(text) => writeRoute(method, text.trim())} />}
        </FieldFrame>
      </div>
      <AuthFields auth={own["auth"]} onWrite={(auth) => write("auth", auth)} />
      <OptionField label="cors" value={own["cors"]} help="Origins that browsers may call from, one for each line." onWrite={(value) => write("cors", value)} isList />
      <OptionField label="rate_limit" value={own["rate_limit"]} placeholder="none" help="Like `20/min`, by the caller's address." onWrite={(value) => write("rate_limit", value)} />
      <OptionField label="max_body" value={own["max_body"]} placeholder="256kb" onWrite={(value) => write("max_body", value)} />
    </div>
  );
}

interface AuthFieldsProps {
  readonly auth: unknown;
  readonly onWrite: (auth: unknown) => Promise<boolean>;
}

function AuthFields({ auth, onWrite }: AuthFieldsProps) {
  const connections = useConnectionNames();
  const id = useId();
  const kind = isObject(auth) ? (Object.keys(auth)[0] ?? "") : typeof auth === "string" ? auth : "";
  const connection = isObject(auth) ? String(auth[kind] ?? "") : "";
  const write = (kind: string, connection: string): Promise<boolean> =>
    onWrite(kind === "" ? undefined : kind === "none" || connection === "" ? kind : { [kind]: connection });
  return (
    <div className="form-row">
      <div className="form-field">
        <label htmlFor={`${id}-kind`}>auth</label>
        <PickSelect id={`${id}-kind`} value={kind} onPick={(picked) => write(picked, connection)}>
          <option value="">Not set</option>
          {KINDS.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </PickSelect>
      </div>
      {kind !== "" && kind !== "none" && (
        <div className="form-field">
          <label htmlFor={`${id}-connection`}>with connection</label>
          <PickSelect id={`${id}-connection`} value={connection} onPick={(picked) => write(kind, picked)}>
            <option value="">The one that fits</option>
            {[...new Set([...connections, connection])].filter((name) => name !== "").map((name) => (
              <option key={name}>{name}</option>
            ))}
          </PickSelect>
        </div>
      )}
    </div>
  );
}

interface OptionFieldProps {
  readonly label: string;
  readonly value: unknown;
  readonly help?: string;
  readonly placeholder?: string;
  /** Whether several can be given, a line each. */
  readonly isList?: boolean;
  readonly onWrite: (value: unknown) => Promise<boolean>;
}

/** A text; a map that stands there already is left to the text view. */
function OptionField({ label, value, help, placeholder = "", isList = false, onWrite }: OptionFieldProps) {
  if (isObject(value)) {
    return (
      <FieldFrame label={label} help="It is written as a map: change it in the text.">
        {(ids) => <input id={ids.control} readOnly value={JSON.stringify(value)} aria-describedby={ids.describedBy} />}
      </FieldFrame>
    );
  }
  const text = Array.isArray(value) ? value.map(String).join("\n") : value === undefined || value === null ? "" : String(value);
  const read = (next: string): unknown => {
    const lines = next.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    if (lines.length === 0) return undefined;
    if (isList && (lines.length > 1 || Array.isArray(value))) return lines;
    return typeof value === "number" && /^\d+$/.test(next.trim()) ? Number(next) : lines.join(" ");
  };
  return (
    <FieldFrame label={label} help={help ?? null}>
      {(ids) => (
        <TextInput
          id={ids.control}
          aria-describedby={ids.describedBy}
          isMultiline={isList}
          placeholder={placeholder}
          value={text}
          onCommit={(next) => (read(next) === undefined && value === undefined ? Promise.resolve(true) : onWrite(read(next)))}
        />
      )}
    </FieldFrame>
  );
}

function ScheduleTrigger({ schedule }: { readonly schedule: unknown }) {
  const { set } = useForm();
  const isMap = isObject(schedule);
  const own = isMap ? schedule : {};
  const cron = isMap ? own["cron"] : schedule;
  const timezone = own["timezone"];
  return (
    <div className="field-inside">
      <PlainField label="cron" at={isMap ? "/trigger/schedule/cron" : "/trigger/schedule"} value={cron} help="Minute, hour, day of month, month, day of week." />
      {isMap ? (
        <PlainField label="timezone" at="/trigger/schedule/timezone" value={timezone} placeholder="UTC" />
      ) : (
        <FieldFrame label="timezone" help="A name like `Europe/Berlin`.">
          {(ids) => (
            <TextInput
              id={ids.control}
              aria-describedby={ids.describedBy}
              placeholder="UTC"
              value=""
              onCommit={(text) => (text.trim() === "" ? Promise.resolve(true) : set("/trigger/schedule", { cron, timezone: text.trim() }))}
            />
          )}
        </FieldFrame>
      )}
    </div>
  );
}
