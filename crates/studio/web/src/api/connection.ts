// Whether the server is there, and what is shown to it. `useSyncExternalStore` reads it.

/** `refused`: a token was shown, and it is not the server's. */
export type ServerState = "online" | "offline" | "unauthorized" | "refused";

const TOKEN = "lockgate.token";

type Listener = () => void;

class ServerConnection {
  #state: ServerState = "online";
  readonly #listeners = new Set<Listener>();
  #probe: ReturnType<typeof setTimeout> | undefined;
  #pause = 250;

  readonly subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly state = (): ServerState => this.#state;

  /** The token lives as long as the tab. */
  headers(): Record<string, string> {
    const token = sessionStorage.getItem(TOKEN);
    return token === null ? {} : { authorization: `Bearer ${token}` };
  }

  useToken(token: string): void {
    sessionStorage.setItem(TOKEN, token);
    this.#set("online");
  }

  /** A request was not answered: asks until one is. */
  lost(): void {
    this.#set("offline");
    if (this.#probe !== undefined) return;
    const again = async (): Promise<void> => {
      try {
        const response = await fetch("/healthz", { cache: "no-store" });
        this.#probe = undefined;
        this.#pause = 250;
        this.answered(response.status);
      } catch {
        this.#pause = Math.min(this.#pause * 2, 4000);
        this.#probe = setTimeout(() => void again(), this.#pause);
      }
    };
    this.#probe = setTimeout(() => void again(), this.#pause);
  }

  answered(status: number): void {
    if (status !== 401) this.#set("online");
    else this.#set(sessionStorage.getItem(TOKEN) === null ? "unauthorized" : "refused");
  }

  #set(state: ServerState): void {
    if (this.#state === state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

export const connection = new ServerConnection();
