// The workspace as the server last told it; it follows the server's events.
import { useSyncExternalStore } from "react";
import { get } from "../api/client";
import { connection } from "../api/connection";
import { follow } from "../api/events";
import { ApiProblem, messageOf } from "../api/problem";
import type { Workspace } from "../api/types";

export interface WorkspaceSnapshot {
  readonly workspace: Workspace | null;
  readonly problem: string | null;
  /** Whether nothing can be shown before there is a token. */
  readonly isLocked: boolean;
}

class WorkspaceStore {
  #snapshot: WorkspaceSnapshot = { workspace: null, problem: null, isLocked: false };
  #following: AbortController | null = null;
  readonly #listeners = new Set<() => void>();
  readonly #onChange = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): WorkspaceSnapshot => this.#snapshot;

  /** Calls back after each change of a file. */
  onChange(listener: () => void): () => void {
    this.#onChange.add(listener);
    return () => this.#onChange.delete(listener);
  }

  start(): () => void {
    void this.load();
    this.#follow();
    const again = connection.subscribe(() => {
      if (connection.state() === "online") void this.load();
    });
    return () => {
      again();
      this.#following?.abort();
    };
  }

  async load(): Promise<void> {
    try {
      const workspace = await get("/api/workspace");
      const isOther = workspace.version !== this.#snapshot.workspace?.version;
      this.#set({ workspace, problem: null, isLocked: false });
      if (isOther) for (const listener of this.#onChange) listener();
    } catch (error) {
      const isLocked = this.#snapshot.workspace === null && error instanceof ApiProblem && error.status === 401;
      this.#set({ ...this.#snapshot, problem: messageOf(error), isLocked });
    }
  }

  #follow(): void {
    this.#following?.abort();
    const following = new AbortController();
    this.#following = following;
    follow("/api/workspace/events", () => void this.load(), following.signal).catch(() => {
      // Without a token there are no events: they begin when one is given.
      const again = connection.subscribe(() => {
        if (connection.state() !== "online") return;
        again();
        if (!following.signal.aborted) this.#follow();
      });
    });
  }

  #set(snapshot: WorkspaceSnapshot): void {
    this.#snapshot = snapshot;
    for (const listener of this.#listeners) listener();
  }
}

export const workspaceStore = new WorkspaceStore();

export function useWorkspace(): WorkspaceSnapshot {
  return useSyncExternalStore(workspaceStore.subscribe, workspaceStore.snapshot);
}
