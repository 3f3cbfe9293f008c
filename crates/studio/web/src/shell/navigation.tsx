// The bar at the top: where one is, where one can go, light or dark.
import { Icon, type IconName } from "../ui/icon";
import { hrefOf, type Route } from "./router";
import { setTheme, type Theme, useTheme } from "./theme";
import { useWorkspace } from "./workspace-store";

const PAGES: readonly { readonly label: string; readonly icon: IconName; readonly route: Route }[] = [
  { label: "Flows", icon: "flow", route: { page: "flows" } },
  { label: "Runs", icon: "run", route: { page: "runs", flow: null } },
  { label: "Connections", icon: "connection", route: { page: "connections" } },
  { label: "Actions", icon: "action", route: { page: "actions", name: null } },
  { label: "Scenarios", icon: "scenario", route: { page: "scenarios", name: null } },
];

export function Navigation({ route }: { readonly route: Route }) {
  const { workspace } = useWorkspace();
  const errors = workspace?.diagnostics.filter((finding) => finding.severity === "error").length ?? 0;
  const warnings = (workspace?.diagnostics.length ?? 0) - errors;
  const section = route.page === "file" ? "flows" : route.page === "run" ? "runs" : route.page;
  return (
    <header className="navigation">
      <a className="navigation-home" href="#/">
        <Icon name="logo" />
        <span>{workspace?.name ?? "Lockgate"}</span>
      </a>
      <nav aria-label="Workspace">
        {PAGES.map(({ label, icon, route: target }) => (
          <a key={label} href={hrefOf(target)} aria-current={section === target.page ? "page" : undefined} title={label}>
            <Icon name={icon} />
            <span>{label}</span>
          </a>
        ))}
      </nav>
      <span className="navigation-space" />
      <a
        className="navigation-problems"
        href="#/problems"
        aria-current={section === "problems" ? "page" : undefined}
        data-state={errors > 0 ? "bad" : warnings > 0 ? "warn" : "good"}
      >
        <Icon name={errors > 0 ? "error" : warnings > 0 ? "warning" : "check"} />
        <span>{summary(errors, warnings)}</span>
      </a>
      <ThemeChoice />
    </header>
  );
}

function summary(errors: number, warnings: number): string {
  if (errors + warnings === 0) return "No problems";
  const count = (n: number, word: string): string => `${n} ${word}${n === 1 ? "" : "s"}`;
  return [errors > 0 && count(errors, "error"), warnings > 0 && count(warnings, "warning")].filter(Boolean).join(", ");
}

const NEXT: Readonly<Record<Theme, Theme>> = { system: "light", light: "dark", dark: "system" };

function ThemeChoice() {
  const theme = useTheme();
  const label = `Colours: ${theme === "system" ? "as the system" : theme}`;
  return (
    <button type="button" className="icon-button" aria-label={label} title={label} onClick={() => setTheme(NEXT[theme])}>
      <Icon name={theme === "light" ? "sun" : theme === "dark" ? "moon" : "contrast"} />
    </button>
  );
}
