// React Flow takes new nodes only after a frame was painted: the boxes would lag behind their wires.
import { useStoreApi } from "@xyflow/react";
import { useLayoutEffect } from "react";
import type { CardNode } from "./picture-nodes";

export function NodesNow({ nodes }: { readonly nodes: CardNode[] }) {
  const store = useStoreApi<CardNode>();
  useLayoutEffect(() => store.getState().setNodes(nodes), [store, nodes]);
  return null;
}
