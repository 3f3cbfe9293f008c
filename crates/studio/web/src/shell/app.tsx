// The frame around all pages: navigation, what is wrong with the server, the page of the address.
import { lazy, Suspense, useEffect } from "react";
import { FlowsPage } from "../workspace/flows-page";
import { FilePage } from "./file-page";
import { Navigation } from "./navigation";
import { type Route, useRoute } from "./router";
import { ServerBanner } from "./server-banner";
import { useWorkspace, workspaceStore } from "./workspace-store";
import "./app.css";

// What is opened first are flows; the other pages come when they are asked for.
const ActionsPage = lazy(async () => ({ default: (await import("../workspace/actions-page")).ActionsPage }));
const ConnectionsPage = lazy(async () => ({ default: (await import("../workspace/connections-page")).ConnectionsPage }));
const ProblemsPage = lazy(async () => ({ default: (await import("../workspace/problems-page")).ProblemsPage }));
const ScenariosPage = lazy(async () => ({ default: (await import("../workspace/scenarios-page")).ScenariosPage }));
const RunPage = lazy(async () => ({ default: (await import("../runs/run-page")).RunPage }));
const RunsPage = lazy(async () => ({ default: (await import("../runs/runs-page")).RunsPage }));

export function App() {
  const route = useRoute();
  // Once there is a token, the page begins anew.
  const { isLocked } = useWorkspace();
  useEffect(() => workspaceStore.start(), []);
  return (
    <div className="app">
      <a className="skip" href="#main" onClick={skip}>
        Skip to content
      </a>
      <Navigation route={route} />
      <ServerBanner />
      <main id="main" className="app-main" tabIndex={-1}>
        <Suspense fallback={<p className="page empty">Loading …</p>}>
          {isLocked ? <Locked /> : <Page route={route} />}
        </Suspense>
      </main>
    </div>
  );
}

function Locked() {
  return (
    <div className="page">
      <h1>Locked</h1>
      <p className="empty">Nothing is shown without the token.</p>
    </div>
  );
}

function skip(event: React.MouseEvent): void {
  // The address is the router's.
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Page({ route }: { readonly route: Route }) {
  switch (route.page) {
    case "flows":
      return <FlowsPage />;
    case "file":
      return <FilePage key={route.path} path={route.path} isNew={route.isNew} step={route.step} />;
    case "runs":
      return <RunsPage flow={route.flow} />;
    case "run":
      return <RunPage key={route.id} id={route.id} />;
    case "connections":
      return <ConnectionsPage />;
    case "actions":
      return <ActionsPage name={route.name} />;
    case "scenarios":
      return <ScenariosPage name={route.name} />;
    case "problems":
      return <ProblemsPage />;
  }
}
