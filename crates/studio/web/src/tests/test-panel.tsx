// The cases of the open flow's test file.
import { useCallback, useEffect, useRef, useState } from "react";
import { post } from "../api/client";
import { messageOf } from "../api/problem";
import type { TestReport } from "../api/types";
import type { Paint } from "../document/paint";
import type { DocumentStore } from "../document/store";
import { useDocument } from "../document/use-document";
import { durationText } from "../runs/times";
import { fileHref } from "../shell/router";
import { useWorkspace, workspaceStore } from "../shell/workspace-store";
import { Icon } from "../ui/icon";
import { IconButton } from "../ui/icon-button";
import { CaseList } from "./case-list";
import { coverageNumbers, coveragePaint } from "./coverage";
import { FindingList } from "./finding-list";
import { NewTest } from "./new-test-form";
import "../runs/runs.css";
import "./tests.css";

interface TestPanelProps {
  readonly store: DocumentStore;
  readonly onPaint: (paint: Paint | null) => void;
  readonly onClose: () => void;
}

const AUTORUN = "lockgate.autorun";

interface Ran {
  readonly report: TestReport;
  /** The text that was tested. */
  readonly text: string | null;
}

export function TestPanel({ store, onPaint, onClose }: TestPanelProps) {
  const shown = useDocument(store);
  const { workspace } = useWorkspace();
  const entry = workspace?.flows.find((flow) => flow.path === store.path);
  const name = entry?.name ?? null;
  const file = entry?.tests ?? null;
  const [ran, setRan] = useState<Ran | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [isAuto, setAuto] = useState(() => localStorage.getItem(AUTORUN) !== "off");
  const life = useRef<AbortController | null>(null);

  const run = useCallback(async () => {
    if (name === null) return;
    life.current?.abort();
    const mine = new AbortController();
    life.current = mine;
    setBusy(true);
    setProblem(null);
    const text = store.snapshot().base?.text ?? null;
    try {
      const report = await post("/api/tests", { body: { flow: name }, signal: mine.signal });
      if (!mine.signal.aborted) setRan({ report, text });
    } catch (error) {
      if (!mine.signal.aborted) setProblem(messageOf(error));
    } finally {
      if (!mine.signal.aborted) setBusy(false);
    }
  }, [name, store]);

  // Once, when the panel opens on a flow that has tests.
  const isFirst = useRef(true);
  useEffect(
    () => () => {
      life.current?.abort();
      isFirst.current = true;
    },
    [],
  );
  useEffect(() => {
    if (file === null || !isFirst.current) return;
    isFirst.current = false;
    void run();
  }, [file, run]);
  useEffect(() => {
    if (!isAuto || file === null) return undefined;
    return workspaceStore.onChange(() => void run());
  }, [isAuto, file, run]);

  const coverage = name === null ? undefined : ran?.report.coverage[name];
  const isSame = ran !== null && ran.text === shown.text;
  useEffect(() => {
    onPaint(coverage !== undefined && isSame ? coveragePaint(coverage) : null);
  }, [coverage, isSame, onPaint]);
  useEffect(() => () => onPaint(null), [onPaint]);

  return (
    <div className="test-panel">
      <header className="drawer-head">
        <h2>Tests</h2>
        {file !== null && (
          <>
            <label className="choice">
              <input
                type="checkbox"
                checked={isAuto}
                onChange={(event) => {
                  setAuto(event.target.checked);
                  localStorage.setItem(AUTORUN, event.target.checked ? "on" : "off");
                }}
              />
              after each save
            </label>
            <button type="button" className="button" disabled={isBusy} onClick={() => void run()}>
              <Icon name="test" /> {isBusy ? "Running …" : "Run"}
            </button>
          </>
        )}
        <IconButton icon="close" label="Close the tests" onClick={onClose} />
      </header>
      <div className="test-body">
        {problem !== null && (
          <p className="field-error" role="alert">
            <Icon name="error" size={16} />
            {problem}
          </p>
        )}
        {entry === undefined || name === null ? (
          <p className="empty">Save the flow first: tests run on the files.</p>
        ) : file === null ? (
          <NewTest path={store.path} flow={name} head={shown.document?.flow ?? null} isReadOnly={workspace?.is_writable === false} />
        ) : (
          <>
            <Summary ran={ran} file={file} isBusy={isBusy} coverage={coverage} isSame={isSame} />
            {ran !== null && <FindingList findings={ran.report.diagnostics} />}
            {ran !== null && <CaseList cases={ran.report.cases} />}
          </>
        )}
      </div>
    </div>
  );
}

interface SummaryProps {
  readonly ran: Ran | null;
  readonly file: string;
  readonly isBusy: boolean;
  readonly coverage: TestReport["coverage"][string] | undefined;
  readonly isSame: boolean;
}

function Summary({ ran, file, isBusy, coverage, isSame }: SummaryProps) {
  const numbers = coverage === undefined ? null : coverageNumbers(coverage);
  const report = ran?.report;
  return (
    <div className="test-summary">
      <p role="status">
        {report === undefined
          ? isBusy
            ? "Running the cases …"
            : ""
          : [
              `${report.passed} passed`,
              report.failed > 0 ? `${report.failed} failed` : null,
              report.skipped > 0 ? `${report.skipped} skipped` : null,
              `in ${durationText(report.duration_ms)}`,
            ]
              .filter(Boolean)
              .join(", ")}
      </p>
      {numbers !== null && (
        <p className="test-coverage">
          <meter min={0} max={100} value={numbers.percent} aria-label="Coverage" />
          <span>
            {numbers.percent}% covered: {numbers.ran} of {numbers.steps} steps
            {numbers.ways > 0 && `, ${numbers.taken} of ${numbers.ways} choices`}
          </span>
        </p>
      )}
      {report !== undefined && !isSame && (
        <p className="field-hint">The text is not the one that was tested: the picture does not show what was covered. Tests run on the files.</p>
      )}
      <a href={fileHref(file)}>{file}</a>
    </div>
  );
}
