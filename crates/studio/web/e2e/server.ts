// A workspace in a folder of its own, and `lockgate dev` (or `serve`) on free ports.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export type Files = Readonly<Record<string, string>>;

const binary = process.env["LOCKGATE"];

/** The least that a workspace holds: a connection that `dev` leads to the emulated tenant. */
export const LOCKGATE_YAML = `version: 1
connections:
  auth0:
    type: auth0
    domain: \${AUTH0_DOMAIN}
    client_id: \${AUTH0_CLIENT_ID}
    client_secret: \${AUTH0_CLIENT_SECRET}
config:
  database: Username-Password-Authentication
`;

export class Server {
  readonly folder: string;
  #process: ChildProcess | null = null;
  #log = "";
  #url = "";

  constructor(files: Files) {
    // The folder's name is the workspace's.
    this.folder = join(mkdtempSync(join(tmpdir(), "lockgate-studio-")), "acme");
    mkdirSync(this.folder);
    for (const [path, text] of Object.entries({ "lockgate.yaml": LOCKGATE_YAML, ...files })) this.write(path, text);
  }

  /** Where the studio is. */
  get url(): string {
    return `${this.#url}/studio/`;
  }

  get log(): string {
    return this.#log;
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), "utf8");
  }

  write(path: string, text: string): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  delete(path: string): void {
    rmSync(join(this.folder, path));
  }

  /** Starts it, on the port that it had before if it was started before. */
  async start(args: readonly string[] = ["dev"], env: Readonly<Record<string, string>> = {}): Promise<void> {
    if (binary === undefined) throw new Error("LOCKGATE names no binary: use `cargo xtask studio test`");
    const port = this.#url === "" ? "0" : new URL(this.#url).port;
    const child = spawn(binary, [...args, "--port", "0", "--admin-port", port], {
      cwd: this.folder,
      env: { PATH: process.env["PATH"] ?? "", HOME: this.folder, NO_COLOR: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    await new Promise<void>((resolve, reject) => {
      const read = (chunk: Buffer): void => {
        this.#log += chunk.toString();
        // `dev` and `serve` say it in words of their own.
        const found = /admin port(?: at|:) (http:\/\/[^\s)]+)/.exec(this.#log);
        if (found?.[1] !== undefined) {
          this.#url = found[1];
          resolve();
        }
      };
      child.stdout?.on("data", read);
      child.stderr?.on("data", read);
      child.once("exit", (code) => reject(new Error(`lockgate ended with ${code}\n${this.#log}`)));
    });
  }

  /** Ends the process; the folder stays. */
  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    this.#log = "";
    if (child === null || child.exitCode !== null) return;
    child.removeAllListeners("exit");
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(dirname(this.folder), { recursive: true, force: true });
  }
}
