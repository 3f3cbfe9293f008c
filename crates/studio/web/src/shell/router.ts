// Pages by the part of the address after `#`: the server needs to know one page only.
import { useSyncExternalStore } from "react";

export type Route =
  | { readonly page: "flows" }
  | { readonly page: "file"; readonly path: string; readonly isNew: boolean; readonly step: string | null }
  | { readonly page: "runs"; readonly flow: string | null }
  | { readonly page: "run"; readonly id: string }
  | { readonly page: "connections" }
  | { readonly page: "actions"; readonly name: string | null }
  | { readonly page: "scenarios"; readonly name: string | null }
  | { readonly page: "problems" };

export function parseRoute(hash: string): Route {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split("?");
  const query = new URLSearchParams(search);
  const [page, ...rest] = path.split("/").map(decodeURIComponent);
  const name = rest.length > 0 && rest[0] !== "" ? rest.join("/") : null;
  switch (page) {
    case "file":
      return name === null
        ? { page: "flows" }
        : { page: "file", path: name, isNew: query.has("new"), step: query.get("step") };
    case "runs":
      return name === null ? { page: "runs", flow: query.get("flow") } : { page: "run", id: name };
    case "connections":
    case "problems":
      return { page };
    case "actions":
    case "scenarios":
      return { page, name };
    default:
      return { page: "flows" };
  }
}

function encode(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** The address of a page, for links. */
export function hrefOf(route: Route): string {
  switch (route.page) {
    case "flows":
      return "#/";
    case "file": {
      const query = new URLSearchParams();
      if (route.isNew) query.set("new", "");
      if (route.step !== null) query.set("step", route.step);
      const text = query.toString();
      return `#/file/${encode(route.path)}${text === "" ? "" : `?${text}`}`;
    }
    case "runs":
      return route.flow === null ? "#/runs" : `#/runs?flow=${encodeURIComponent(route.flow)}`;
    case "run":
      return `#/runs/${encodeURIComponent(route.id)}`;
    case "connections":
    case "problems":
      return `#/${route.page}`;
    case "actions":
    case "scenarios":
      return route.name === null ? `#/${route.page}` : `#/${route.page}/${encode(route.name)}`;
  }
}

export function fileHref(path: string, step: string | null = null): string {
  return hrefOf({ page: "file", path, isNew: false, step });
}

export function go(route: Route): void {
  location.hash = hrefOf(route);
}

function subscribe(listener: () => void): () => void {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
}

let last: { readonly hash: string; readonly route: Route } = { hash: "", route: { page: "flows" } };

function current(): Route {
  if (location.hash !== last.hash) last = { hash: location.hash, route: parseRoute(location.hash) };
  return last.route;
}

export function useRoute(): Route {
  return useSyncExternalStore(subscribe, current);
}
