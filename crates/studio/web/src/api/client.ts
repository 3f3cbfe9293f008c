// Asks the server. Paths, methods, bodies and answers are typed by the API's documents.
import type { paths as AdminPaths } from "./admin";
import { connection } from "./connection";
import { ApiProblem, isProblem } from "./problem";
import type { paths as StudioPaths } from "./studio";

type Paths = StudioPaths & AdminPaths;
type Method = "get" | "post" | "put" | "delete";
type Json<T> = T extends { content: { "application/json": infer Body } } ? Body : undefined;
type Success<T> = T extends { responses: infer R }
  ? Json<R[keyof R & (200 | 202)]> extends infer B
    ? B
    : never
  : never;
type BodyOf<T> = T extends { requestBody: { content: { "application/json": infer Body } } } ? Body : undefined;
type Operation<P extends keyof Paths, M extends Method> = M extends keyof Paths[P] ? Paths[P][M] : never;

/** The paths that answer a method. */
export type PathsOf<M extends Method> = {
  [P in keyof Paths]: Operation<P, M> extends { responses: unknown } ? P : never;
}[keyof Paths];

export interface Options<Body> {
  /** Replaces `{name}` in the path. A file's path keeps its slashes. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  readonly body?: Body;
  readonly signal?: AbortSignal;
}

function urlOf(path: string, options: Options<unknown>): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    (options.params?.[name] ?? "").split("/").map(encodeURIComponent).join("/"),
  );
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options.query ?? {})) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) query.append(name, String(one));
  }
  const text = query.toString();
  return text === "" ? filled : `${filled}?${text}`;
}

async function request(method: Method, path: string, options: Options<unknown>): Promise<unknown> {
  const headers = new Headers(connection.headers());
  const init: RequestInit = { method: method.toUpperCase(), headers, cache: "no-store" };
  if (options.body !== undefined) {
    headers.set("content-type", "application/json");
    init.body = JSON.stringify(options.body);
  }
  if (options.signal) init.signal = options.signal;
  let response: Response;
  try {
    response = await fetch(urlOf(path, options), init);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    connection.lost();
    throw new ApiProblem(0, "offline", "the server does not answer");
  }
  connection.answered(response.status);
  if (response.status === 204) return undefined;
  const body: unknown = await response.json().catch((error: unknown) => {
    // Called off, or broken off, while it was read: nobody takes that for an answer.
    if (options.signal?.aborted) throw error;
    if (response.ok) throw new ApiProblem(0, "offline", "the answer of the server broke off");
    return null;
  });
  if (response.ok) return body;
  const known = isProblem(body);
  throw new ApiProblem(
    response.status,
    known ? body.code : "unknown",
    known ? body.message : `the server answered with status ${response.status}`,
    body,
  );
}

/** Asks with GET. */
export function get<P extends PathsOf<"get">>(
  path: P,
  options: Options<undefined> = {},
): Promise<Success<Operation<P, "get">>> {
  return request("get", path, options) as Promise<Success<Operation<P, "get">>>;
}

/** Asks with POST. */
export function post<P extends PathsOf<"post">>(
  path: P,
  options: Options<BodyOf<Operation<P, "post">>>,
): Promise<Success<Operation<P, "post">>> {
  return request("post", path, options) as Promise<Success<Operation<P, "post">>>;
}

/** Asks with PUT. */
export function put<P extends PathsOf<"put">>(
  path: P,
  options: Options<BodyOf<Operation<P, "put">>>,
): Promise<Success<Operation<P, "put">>> {
  return request("put", path, options) as Promise<Success<Operation<P, "put">>>;
}

/** Asks with DELETE. */
export function remove<P extends PathsOf<"delete">>(path: P, options: Options<undefined>): Promise<void> {
  return request("delete", path, options) as Promise<void>;
}
