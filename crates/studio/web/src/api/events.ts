// Server-sent events by `fetch`, since an `EventSource` cannot show a token.
import { connection } from "./connection";
import { ApiProblem } from "./problem";

export interface ServerEvent {
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

/** Splits a stream of text into events (HTML standard, section 9.2). */
export class EventParser {
  #rest = "";

  push(chunk: string): ServerEvent[] {
    const blocks = (this.#rest + chunk).replaceAll("\r\n", "\n").split("\n\n");
    this.#rest = blocks.pop() ?? "";
    return blocks.flatMap((block) => {
      let [id, event]: [string | null, string] = [null, "message"];
      const data: string[] = [];
      for (const line of block.split("\n")) {
        const colon = line.indexOf(":");
        if (colon <= 0) continue;
        const value = line.slice(colon + 1).replace(/^ /, "");
        const name = line.slice(0, colon);
        if (name === "id") id = value;
        else if (name === "event") event = value;
        else if (name === "data") data.push(value);
      }
      return data.length === 0 ? [] : [{ id, event, data: data.join("\n") }];
    });
  }
}

/**
 * Follows a stream until it ends for good (204, or `signal`), and comes back after a break with the last id that it had.
 * `onEvent` gets each event; `isOver` says after a stream ended whether that was its end.
 */
export async function follow(
  path: string,
  onEvent: (event: ServerEvent) => void,
  signal: AbortSignal,
  isOver: () => boolean = () => false,
): Promise<void> {
  let last: string | null = null;
  let pause = 250;
  while (!signal.aborted) {
    try {
      const headers = new Headers(connection.headers());
      headers.set("accept", "text/event-stream");
      if (last !== null) headers.set("last-event-id", last);
      const response = await fetch(path, { headers, signal, cache: "no-store" });
      connection.answered(response.status);
      if (response.status === 204) return;
      if (!response.ok || response.body === null) {
        throw new ApiProblem(response.status, "events", `the server answered with status ${response.status}`);
      }
      pause = 250;
      const parser = new EventParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        for (const event of parser.push(value)) {
          if (event.id !== null) last = event.id;
          onEvent(event);
        }
      }
      if (isOver()) return;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiProblem && error.status !== 0 && error.status < 500) throw error;
      connection.lost();
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 2, 4000);
  }
}
