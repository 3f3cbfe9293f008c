// Copies a text, and says that it did.
import { useEffect, useState } from "react";
import { IconButton } from "./icon-button";

interface CopyButtonProps {
  readonly label: string;
  readonly text: () => string;
}

export function CopyButton({ label, text }: CopyButtonProps) {
  const [done, setDone] = useState<"copied" | "failed" | null>(null);
  useEffect(() => {
    if (done === null) return;
    const timer = setTimeout(() => setDone(null), 1600);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <span className="copy-button">
      <IconButton
        icon={done === "copied" ? "check" : "copy"}
        label={label}
        onClick={() => void copyText(text()).then((isCopied) => setDone(isCopied ? "copied" : "failed"))}
      />
      <span className="visually-hidden" role="status">
        {done === "copied" ? "Copied" : done === "failed" ? "The browser does not let this page copy" : ""}
      </span>
    </span>
  );
}

/** Whether it could be copied: browsers allow it on loopback and over TLS only. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
