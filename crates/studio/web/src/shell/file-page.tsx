// Opens a file, and shows it: a flow as picture and text, any other file as text.
import { useEffect, useState } from "react";
import { messageOf } from "../api/problem";
import { DocumentStore } from "../document/store";
import { FlowDesk } from "./flow-desk";
import { workspaceStore } from "./workspace-store";

interface FilePageProps {
  readonly path: string;
  readonly isNew: boolean;
  readonly step: string | null;
}

export function FilePage({ path, isNew, step }: FilePageProps) {
  const [store, setStore] = useState<DocumentStore | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    let isOpen = true;
    let opened: DocumentStore | null = null;
    DocumentStore.open(path, isNew).then(
      (store) => {
        opened = store;
        if (isOpen) setStore(store);
        else store.close();
      },
      (error: unknown) => isOpen && setProblem(messageOf(error)),
    );
    const unsubscribe = workspaceStore.onChange(() => void opened?.refresh());
    const keep = (): void => opened?.keep();
    addEventListener("pagehide", keep);
    return () => {
      isOpen = false;
      unsubscribe();
      removeEventListener("pagehide", keep);
      opened?.close();
    };
  }, [path, isNew]);

  useEffect(() => {
    if (store && step !== null) store.select([step], "edit");
  }, [store, step]);

  if (problem !== null) {
    return (
      <div className="page">
        <h1>{path}</h1>
        <p className="empty" role="alert">
          {problem}
        </p>
        <a href="#/">All flows</a>
      </div>
    );
  }
  if (store === null) return <p className="page empty">Opening {path} …</p>;
  return <FlowDesk store={store} />;
}
