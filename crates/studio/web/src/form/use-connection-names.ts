// The names of the workspace's connections.
import { useEffect, useState } from "react";
import { get } from "../api/client";

export function useConnectionNames(): readonly string[] {
  const [names, setNames] = useState<readonly string[]>([]);
  useEffect(() => {
    const asked = new AbortController();
    get("/api/connections", { signal: asked.signal }).then(
      (connections) => setNames(connections.map((connection) => connection.name)),
      // The names are a help only: a name that is written is shown anyway.
      () => {},
    );
    return () => asked.abort();
  }, []);
  return names;
}
