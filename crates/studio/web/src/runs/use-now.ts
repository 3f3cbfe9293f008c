// The time, for what goes on while one looks at it.
import { useEffect, useState } from "react";

/** Milliseconds since the epoch, renewed every `every` milliseconds; `null`: as it was. */
export function useNow(every: number | null): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (every === null) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
