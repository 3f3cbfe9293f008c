// A flow being worked on: canvas and text side by side, the selected step's form, and below them runs and tests.
import { useCallback, useEffect, useState } from "react";
import { boardOf } from "../canvas/board";
import { FlowCanvas } from "../canvas/flow-canvas";
import { Palette } from "../canvas/palette";
import type { Paint } from "../document/paint";
import type { DocumentStore } from "../document/store";
import { useDocument } from "../document/use-document";
import { StepPanel } from "../form/step-panel";
import { RunPanel } from "../runs/run-panel";
import { SourceEditor } from "../source/source-editor";
import { TestPanel } from "../tests/test-panel";
import { ConflictDialog } from "./conflict-dialog";
import { DeskBar } from "./desk-bar";
import { Notices } from "./notices";
import { useDeskLayout } from "./desk-layout";
import { useDeskKeys } from "./desk-keys";
import { useWorkspace } from "./workspace-store";
import "./desk.css";

export type Drawer = "run" | "test" | null;

export function FlowDesk({ store }: { readonly store: DocumentStore }) {
  const shown = useDocument(store);
  const { workspace } = useWorkspace();
  const isReadOnly = workspace !== null && !workspace.is_writable;
  const isFlow = /^flows\/.*\.yaml$/.test(shown.path) && !shown.path.endsWith(".test.yaml");
  const layout = useDeskLayout(isFlow);
  const [drawer, setDrawer] = useState<Drawer>(null);
  const [paint, setPaint] = useState<Paint | null>(null);
  // The run whose values the forms preview.
  const [lastRun, setLastRun] = useState<string | null>(null);
  const openDrawer = useCallback((next: Drawer) => setDrawer((now) => (now === next ? null : next)), []);
  useDeskKeys(store, isReadOnly, openDrawer);

  useEffect(() => {
    document.title = `${shown.isDirty ? "• " : ""}${shown.path} – Lockgate studio`;
    return () => {
      document.title = "Lockgate studio";
    };
  }, [shown.isDirty, shown.path]);

  return (
    <div className="desk" data-view={layout.view} data-panel={layout.hasPanel || undefined} data-drawer={drawer ?? undefined}>
      <DeskBar store={store} isReadOnly={isReadOnly} isFlow={isFlow} layout={layout} drawer={drawer} onDrawer={openDrawer} />
      <Notices store={store} />
      <div className="desk-body">
        {isFlow && layout.view !== "source" && (
          <section className="desk-canvas" aria-label="Picture of the flow">
            {!isReadOnly && <Palette store={store} />}
            <FlowCanvas store={store} paint={paint} isReadOnly={isReadOnly} />
          </section>
        )}
        {layout.view !== "canvas" && (
          <section className="desk-source" aria-label="Text of the file">
            <SourceEditor store={store} isReadOnly={isReadOnly} />
          </section>
        )}
        {isFlow && layout.hasPanel && (
          <aside
            className="desk-panel"
            aria-label="Step"
            onKeyDown={(event) => {
              // Enter has led from the picture to the form; Escape leads back.
              if (event.key === "Escape" && !event.defaultPrevented) boardOf(store).canvas?.focus();
            }}
          >
            <StepPanel store={store} isReadOnly={isReadOnly} lastRun={lastRun} paint={paint} />
          </aside>
        )}
      </div>
      {isFlow && drawer === "run" && (
        <section className="desk-drawer" aria-label="Run">
          <RunPanel store={store} onPaint={setPaint} onRun={setLastRun} onClose={() => setDrawer(null)} />
        </section>
      )}
      {isFlow && drawer === "test" && (
        <section className="desk-drawer" aria-label="Tests">
          <TestPanel store={store} onPaint={setPaint} onClose={() => setDrawer(null)} />
        </section>
      )}
      <ConflictDialog store={store} />
    </div>
  );
}
