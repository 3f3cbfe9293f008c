// Says when the server has gone, and asks for its token.
import { type FormEvent, useSyncExternalStore } from "react";
import { connection } from "../api/connection";
import { Icon } from "../ui/icon";

export function ServerBanner() {
  const state = useSyncExternalStore(connection.subscribe, connection.state);
  if (state === "online") return null;
  if (state === "offline") {
    return (
      <div className="banner" data-tone="bad" role="alert">
        <Icon name="error" />
        <span>The server does not answer. Unsaved changes are kept in this browser; it is asked again and again.</span>
      </div>
    );
  }
  return (
    <div role="alert">
      <form className="banner" data-tone="warn" onSubmit={send}>
        <Icon name="warning" />
        <label htmlFor="token">
          {state === "refused" ? "That token is wrong. This server asks for its admin token" : "This server asks for its admin token"}
        </label>
        <input id="token" name="token" type="password" autoComplete="off" required autoFocus={document.activeElement === document.body} />
        <button type="submit" className="button">
          Use it
        </button>
      </form>
    </div>
  );
}

function send(event: FormEvent<HTMLFormElement>): void {
  event.preventDefault();
  const token = new FormData(event.currentTarget).get("token");
  if (typeof token === "string" && token !== "") connection.useToken(token);
}
