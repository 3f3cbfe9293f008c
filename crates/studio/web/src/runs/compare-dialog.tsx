// Replays what a run recorded against another text of its flow: nothing is called, and nothing changes.
import { useEffect, useState } from "react";
import { get, post } from "../api/client";
import { messageOf } from "../api/problem";
import type { Departures } from "../api/types";
import { readDraft } from "../document/drafts";
import { fileHref } from "../shell/router";
import { Dialog } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { ProblemLine } from "./problem-line";
import { PatchView } from "./patch-view";
import { Ticked } from "./ticked";

interface CompareDialogProps {
  readonly id: string;
  readonly path: string;
  readonly onClose: () => void;
}

type Against = "disk" | "draft";

export function CompareDialog({ id, path, onClose }: CompareDialogProps) {
  const draft = readDraft(path);
  const [against, setAgainst] = useState<Against>(draft === null ? "disk" : "draft");
  const [found, setFound] = useState<Departures | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const draftText = draft?.text ?? null;

  useEffect(() => {
    const life = new AbortController();
    setFound(null);
    setProblem(null);
    const compare = async (): Promise<void> => {
      const text =
        against === "draft" && draftText !== null
          ? draftText
          : (await get("/api/files/{path}", { params: { path }, signal: life.signal })).text;
      setFound(await post("/api/runs/{id}/compare", { params: { id }, body: { path, text }, signal: life.signal }));
    };
    compare().catch((error: unknown) => {
      if (!life.signal.aborted) setProblem(messageOf(error));
    });
    return () => life.abort();
  }, [id, path, against, draftText]);

  return (
    <Dialog title="Replay the run against another text" onClose={onClose} isWide>
      <p>What was recorded is played into the flow as the text has it. Nothing is called, and nothing changes.</p>
      {draft !== null && (
        <div className="segments-row" role="group" aria-label="Text">
          <button type="button" className="button" aria-pressed={against === "draft"} onClick={() => setAgainst("draft")}>
            The text that is not saved
          </button>
          <button type="button" className="button" aria-pressed={against === "disk"} onClick={() => setAgainst("disk")}>
            The text on disk
          </button>
        </div>
      )}
      <ProblemLine problem={problem} />
      {found === null && problem === null && <p className="empty">Replaying …</p>}
      {found !== null && <Found found={found} path={path} />}
      <div className="dialog-buttons">
        <a className="button" href={fileHref(path)}>
          Open {path}
        </a>
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}

/** A sentence, and below it what is different, line by line. */
function What({ text }: { readonly text: string }) {
  const [first = "", ...rest] = text.split("\n");
  return (
    <>
      <Ticked text={first} />
      {rest.length > 0 && <PatchView diff={rest.join("\n")} label="What is different" />}
    </>
  );
}

/** `it comes to its end` → `It comes to its end.` */
function sentenceOf(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}

function Found({ found, path }: { readonly found: Departures; readonly path: string }) {
  if (found.diagnostics.length > 0) {
    return (
      <>
        <p>The text cannot run:</p>
        <ul className="departures">
          {found.diagnostics.map((finding, index) => (
            <li key={index}>
              <a href={fileHref(finding.path, finding.step)}>
                {finding.path} line {finding.line}
              </a>{" "}
              <Ticked text={finding.message} />
            </li>
          ))}
        </ul>
      </>
    );
  }
  return (
    <>
      <p className="departures-head" data-tone={found.departs ? "warn" : "good"}>
        <Icon name={found.departs ? "warning" : "check"} />
        <span>
          {found.departs && "It departs from what was recorded. "}
          <Ticked text={sentenceOf(found.end)} />
        </span>
      </p>
      {found.departures.length > 0 && (
        <ol className="departures">
          {found.departures.map((departure, index) => (
            <li key={index}>
              {departure.step === null ? <strong>{departure.title}</strong> : <a href={fileHref(path, departure.step)}>{departure.title}</a>}
              {": "}
              <What text={departure.what} />
            </li>
          ))}
        </ol>
      )}
    </>
  );
}
