// The bar of an open file: its name, saving, undo, views, run and test.
import type { DocumentStore } from "../document/store";
import { useDocument } from "../document/use-document";
import { Icon } from "../ui/icon";
import { IconButton } from "../ui/icon-button";
import type { DeskLayout, DeskView } from "./desk-layout";
import type { Drawer } from "./flow-desk";

interface DeskBarProps {
  readonly store: DocumentStore;
  readonly isReadOnly: boolean;
  readonly isFlow: boolean;
  readonly layout: DeskLayout;
  readonly drawer: Drawer;
  readonly onDrawer: (drawer: Drawer) => void;
}

const VIEWS: readonly { readonly view: DeskView; readonly label: string; readonly icon: "columns" | "flow" | "text" }[] = [
  { view: "canvas", label: "Picture", icon: "flow" },
  { view: "both", label: "Picture and text", icon: "columns" },
  { view: "source", label: "Text", icon: "text" },
];

export function DeskBar({ store, isReadOnly, isFlow, layout, drawer, onDrawer }: DeskBarProps) {
  const shown = useDocument(store);
  const errors = shown.document?.diagnostics.filter((finding) => finding.severity === "error").length ?? 0;
  return (
    <div className="desk-bar" role="toolbar" aria-label="File">
      <h1 className="desk-name">
        <span>{shown.document?.flow?.name ?? shown.path}</span>
        <small>{shown.path}</small>
      </h1>
      <span className="desk-state" role="status" data-state={errors > 0 ? "bad" : shown.isDirty ? "dirty" : "saved"}>
        {isReadOnly ? "read-only" : shown.saving === "saving" ? "saving …" : shown.isDirty ? "not saved" : shown.base === null ? "new" : "saved"}
      </span>
      <span className="desk-space" />
      {!isReadOnly && (
        <>
          <IconButton icon="undo" label="Undo (Ctrl+Z)" disabled={!shown.canUndo} onClick={() => store.undo()} />
          <IconButton icon="redo" label="Redo (Ctrl+Shift+Z)" disabled={!shown.canRedo} onClick={() => store.redo()} />
        </>
      )}
      {isFlow && (
        <div className="segments" role="group" aria-label="View">
          {VIEWS.map(({ view, label, icon }) => (
            <IconButton
              key={view}
              icon={icon}
              label={label}
              aria-pressed={layout.view === view}
              onClick={() => layout.setView(view)}
            />
          ))}
          <IconButton icon="panel" label="Step panel" aria-pressed={layout.hasPanel} onClick={layout.togglePanel} />
        </div>
      )}
      {isFlow && (
        <>
          <button type="button" className="button" aria-pressed={drawer === "test"} onClick={() => onDrawer("test")}>
            <Icon name="test" /> Test
          </button>
          <button type="button" className="button" aria-pressed={drawer === "run"} onClick={() => onDrawer("run")}>
            <Icon name="run" /> Run
          </button>
        </>
      )}
      {!isReadOnly && (
        <button
          type="button"
          className="button"
          data-kind="primary"
          disabled={!shown.isDirty || shown.saving === "saving"}
          onClick={() => void store.save()}
        >
          <Icon name="save" /> Save
        </button>
      )}
    </div>
  );
}
