// From far off boxes are shapes: nobody can read their words, and painting them takes its time.
import { type ReactFlowState, useStore, useStoreApi } from "@xyflow/react";
import { useLayoutEffect } from "react";
import { FAR } from "./band";

const isFarOff = ({ transform }: ReactFlowState): boolean => transform[2] < FAR;

/** Marks the canvas for its styles: no box has to be made anew. */
export function Far() {
  const store = useStoreApi();
  const isFar = useStore(isFarOff);
  useLayoutEffect(() => {
    store.getState().domNode?.toggleAttribute("data-far", isFar);
  }, [store, isFar]);
  return null;
}
