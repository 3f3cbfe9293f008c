// The page of a diagnostic: what `lockgate explain` prints.
import { useEffect, useState } from "react";
import { get } from "../api/client";
import { messageOf } from "../api/problem";
import { Dialog } from "./dialog";
import { Markdown } from "./markdown";

interface ExplanationDialogProps {
  /** `LG0102` */
  readonly code: string;
  readonly onClose: () => void;
}

export function ExplanationDialog({ code, onClose }: ExplanationDialogProps) {
  const [text, setText] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const asked = new AbortController();
    get("/api/diagnostics/{code}", { params: { code }, signal: asked.signal }).then(
      (page) => setText(page.markdown),
      (error: unknown) => asked.signal.aborted || setProblem(messageOf(error)),
    );
    return () => asked.abort();
  }, [code]);
  return (
    <Dialog title={code} isWide onClose={onClose}>
      {problem !== null ? (
        <p role="alert">{problem}</p>
      ) : text === null ? (
        <p className="empty">Loading …</p>
      ) : (
        <Markdown text={text} />
      )}
    </Dialog>
  );
}
