// The desk of one open flow, as the tests of editing go about it.
import { execFileSync } from "node:child_process";
import { type Locator, type Page } from "@playwright/test";
import { expect } from "./fixtures";
import type { Server } from "./server";

export class Desk {
  readonly page: Page;
  readonly server: Server;
  readonly path: string;

  constructor(page: Page, server: Server, path: string) {
    this.page = page;
    this.server = server;
    this.path = path;
  }

  /** Opens a file of the workspace; a flow's picture is there. */
  static async open(page: Page, server: Server, path: string): Promise<Desk> {
    const desk = new Desk(page, server, path);
    await page.goto(`${server.url}#/file/${path}`);
    await expect(desk.state).toBeVisible();
    await expect(desk.card("steps/0").or(page.locator(".canvas-empty[aria-busy]")).first()).toBeVisible();
    return desk;
  }

  // —— the bar

  get state(): Locator {
    return this.page.locator(".desk-state");
  }

  get save(): Locator {
    return this.page.getByRole("button", { name: "Save", exact: true });
  }

  get undo(): Locator {
    return this.page.getByRole("button", { name: "Undo (Ctrl+Z)" });
  }

  get redo(): Locator {
    return this.page.getByRole("button", { name: "Redo (Ctrl+Shift+Z)" });
  }

  /** Saves by the button; gives the file on disk. */
  async saved(): Promise<string> {
    await this.save.click();
    await expect(this.state).toHaveText("saved");
    return this.disk();
  }

  disk(): string {
    return this.server.read(this.path);
  }

  // —— the picture

  get picture(): Locator {
    return this.page.getByLabel("Picture of the flow", { exact: true }).and(this.page.locator("[tabindex]"));
  }

  card(path: string): Locator {
    return this.page.locator(`.flow-box[data-key="${path}"]`);
  }

  slot(list: string, index: number): Locator {
    return this.page.locator(`.slot[data-list="${list}"][data-index="${index}"]`);
  }

  async select(path: string): Promise<void> {
    await this.head(path).click();
    await expect(this.card(path)).toHaveAttribute("data-selected", "true");
    // The form follows, where the panel is open.
    await expect(this.form.locator(`form[data-step="${path}"]`)).toBeVisible();
  }

  /** Only the picture is seen, the whole of it. */
  async wide(): Promise<void> {
    await this.page.getByRole("button", { name: "Picture", exact: true }).click();
    await this.fit();
  }

  async fit(): Promise<void> {
    await this.page.getByRole("button", { name: "All of it (F)" }).click();
  }

  /** The part of a box that is always its own: a frame lies behind what is in it. */
  head(path: string): Locator {
    return this.card(path).locator(".flow-box-head").first();
  }

  /** Presses the `+` at a place, and takes what the menu has under a name. */
  async add(list: string, index: number, name: string): Promise<void> {
    await this.slot(list, index).click();
    await this.pick(name);
  }

  /** In the menu of steps that is open. */
  async pick(name: string): Promise<void> {
    await this.page.getByRole("combobox", { name: "Add a step" }).fill(name);
    await this.page.getByRole("option").filter({ has: this.page.locator(".add-menu-name", { hasText: exactly(name) }) }).click();
  }

  /** Takes an item of a step's menu. */
  async menu(path: string, item: string): Promise<void> {
    await this.head(path).click({ button: "right" });
    await this.page.getByRole("menuitem", { name: item }).click();
  }

  /** Takes an item of the flow's menu, which is that of the free ground. */
  async flowMenu(item: string): Promise<void> {
    await this.page.locator(".react-flow__pane").click({ button: "right", position: { x: 30, y: 160 } });
    await this.page.getByRole("menuitem", { name: item }).click();
  }

  /** Nothing is selected: the form is that of the flow. */
  async selectFlow(): Promise<void> {
    await this.page.locator(".react-flow__pane").click({ position: { x: 30, y: 160 } });
    await expect(this.form.locator('form[data-step=""]')).toBeVisible();
  }

  /** Drags something by its middle to the middle of something else; `meanwhile` is done before it is let go. */
  async drag(from: Locator, to: Locator, meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const { mouse } = this.page;
    await from.hover();
    await mouse.down();
    const end = await middle(to);
    await mouse.move(end.x - 20, end.y - 12, { steps: 4 });
    await mouse.move(end.x, end.y, { steps: 4 });
    await expect(this.page.locator(".drag-ghost[data-ready]")).toBeVisible();
    await meanwhile();
    await mouse.up();
  }

  // —— the text

  get source(): Locator {
    return this.page.getByLabel(`Text of ${this.path}`);
  }

  /** The text as the browser holds it. */
  async text(): Promise<string> {
    const lines = await this.source.locator(".cm-line").allTextContents();
    return lines.join("\n");
  }

  // —— the form

  get form(): Locator {
    return this.page.locator("[data-step-panel]");
  }

  /** A plain field of the form, or a template field, by its name. */
  field(name: string): Locator {
    return this.form.getByLabel(exactly(name)).or(this.form.getByRole("textbox", { name: exactly(name) })).first();
  }

  async choose(name: string, option: string): Promise<void> {
    await this.form.getByLabel(name, { exact: true }).selectOption(option);
  }

  /** Adds a key to a map of the form. */
  async addKey(map: string, key: string): Promise<void> {
    await this.form.getByRole("textbox", { name: `New key in ${map}` }).fill(key);
    await this.form.getByRole("button", { name: `Add to ${map}` }).click();
    await expect(this.form.getByRole("button", { name: `Remove ${key}` })).toBeVisible();
  }

  // —— by keyboard

  /** Goes to something by Tab, as one would without a mouse. */
  async reach(target: Locator): Promise<void> {
    const { keyboard } = this.page;
    for (let presses = 0; presses < 120; presses += 1) {
      const focus = (await target.count()) > 0 ? await target.first().evaluate(focusAt) : await this.page.evaluate(focusAt, null);
      if (focus === "there") return;
      // In the text of the file Tab indents.
      if (focus === "text") await keyboard.press("Escape");
      await keyboard.press("Tab");
    }
    throw new Error(`Tab does not lead to ${String(target)}`);
  }

  /** Goes to a field of the form, writes another text into it, and goes on. */
  async type(name: string, text: string): Promise<void> {
    const { keyboard } = this.page;
    await this.reach(this.field(name));
    await keyboard.press("Control+A");
    if (text === "") await keyboard.press("Delete");
    else await keyboard.insertText(text);
    await keyboard.press("Tab");
  }

  /** Writes into a field of the form, and leaves it. */
  async write(name: string, text: string): Promise<void> {
    const field = this.field(name);
    await field.click();
    await field.fill(text);
    await field.blur();
  }
}

async function middle(of: Locator): Promise<{ readonly x: number; readonly y: number }> {
  const box = await of.boundingBox();
  if (box === null) throw new Error(`${String(of)} is not seen`);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

function focusAt(target: Element | null): "there" | "text" | "elsewhere" {
  if (target !== null && target === document.activeElement) return "there";
  return document.activeElement?.closest(".source") == null ? "elsewhere" : "text";
}

/** A name as a whole; a required field's ends with a star. */
export function exactly(name: string): RegExp {
  return new RegExp(`^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\*?$`);
}

/** Counts events outside of fields, from the next page on: what is done by mouse alone hears no key there, and the other way around. */
export async function heard(page: Page, type: "keydown" | "pointerdown"): Promise<() => number> {
  let many = 0;
  await page.exposeFunction("__heard", () => {
    many += 1;
  });
  await page.addInitScript((type) => {
    const { __heard } = globalThis as unknown as { __heard: () => void };
    const isField = (target: EventTarget | null): boolean =>
      target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA)$/.test(target.tagName));
    addEventListener(type, (event) => (type === "keydown" && isField(event.target) ? undefined : __heard()), true);
  }, type);
  return () => many;
}

export interface Finding {
  readonly severity: string;
  readonly code: string;
  readonly message: string;
}

/** What `lockgate check` finds in the workspace on disk. */
export function check(server: Server): readonly Finding[] {
  const binary = process.env["LOCKGATE"] ?? "lockgate";
  let out: string;
  try {
    out = execFileSync(binary, ["check", "--format", "json"], { cwd: server.folder, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    // It ends with a code where it finds errors.
    out = (error as { stdout: string }).stdout;
  }
  const all = JSON.parse(out) as readonly Finding[] | { readonly diagnostics: readonly Finding[] };
  return "diagnostics" in all ? all.diagnostics : all;
}

/** The lines that one text has in the place of another's: `- old`, `+ new`, in the order of the file. */
export function changed(before: string, after: string): readonly string[] {
  const [a, b] = [before.split("\n"), after.split("\n")];
  const long: number[][] = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const at = (i: number, j: number): number => long[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    const row = long[i];
    if (!row) continue;
    for (let j = b.length - 1; j >= 0; j -= 1) row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const found: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) [i, j] = [i + 1, j + 1];
    else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) found.push(`-${a[i++]}`);
    else found.push(`+${b[j++]}`);
  }
  return found;
}
