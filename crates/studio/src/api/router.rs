//! Paths → who answers.

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{self, MethodRouter};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use lockgate_server::admin::Mounted;
use lockgate_server::problem::Problem;

use super::{
    Studio, actions, assist, connections, document, events, files, runs, scenarios, tests, workspace,
};
use crate::assets;

/// The document of these routes, by hand; a test holds it to them and to what they answer.
pub(crate) const DOCUMENT: &str = include_str!("../../../../schemas/studio-api.openapi.json");

pub(crate) type Route = (&'static str, &'static str, MethodRouter<Arc<Studio>>);

/// Every route: its path, the methods that it takes, who answers.
pub(crate) fn routes() -> Vec<Route> {
    let get = |path, handler: MethodRouter<Arc<Studio>>| (path, "GET, HEAD", handler);
    let post = |path, handler: MethodRouter<Arc<Studio>>| (path, "POST", handler);
    vec![
        get("/api/studio/openapi.json", routing::get(own)),
        get("/api/workspace", routing::get(workspace::show)),
        get("/api/workspace/events", routing::get(events::follow)),
        (
            // A path with `/` in it.
            "/api/files/{*path}",
            "GET, HEAD, PUT, DELETE",
            routing::get(files::read).put(files::save).delete(files::delete),
        ),
        post("/api/document", routing::post(document::read)),
        post("/api/document/edit", routing::post(document::change)),
        post("/api/document/step", routing::post(assist::step)),
        post("/api/document/scope", routing::post(assist::scope)),
        post("/api/document/completions", routing::post(assist::complete)),
        post("/api/document/hover", routing::post(assist::hover)),
        post("/api/document/definition", routing::post(assist::define)),
        post("/api/document/preview", routing::post(assist::preview)),
        get("/api/actions", routing::get(actions::actions)),
        get("/api/functions", routing::get(actions::functions)),
        get("/api/diagnostics/{code}", routing::get(actions::explain)),
        post("/api/tests", routing::post(tests::run)),
        get("/api/connections", routing::get(connections::list)),
        post("/api/connections/{name}/check", routing::post(connections::check)),
        get("/api/runs/{id}/picture", routing::get(runs::picture)),
        post("/api/runs/{id}/compare", routing::post(runs::compare)),
        post("/api/runs/{id}/case", routing::post(runs::case)),
        get("/api/scenarios", routing::get(scenarios::list)),
        post("/api/scenarios/{name}", routing::post(scenarios::add)),
    ]
}

/// What is mounted on the admin port.
pub fn mounted(studio: Arc<Studio>) -> Mounted {
    let pages: [Route; 4] = [
        ("/", "GET, HEAD", routing::get(home)),
        ("/studio", "GET, HEAD", routing::get(home)),
        ("/studio/", "GET, HEAD", routing::get(assets::page)),
        ("/studio/{*path}", "GET, HEAD", routing::get(assets::asset)),
    ];
    let router = routes()
        .into_iter()
        .chain(pages)
        .fold(Router::new(), |router, (path, methods, handler)| {
            let allow = HeaderValue::from_static(methods);
            router.route(
                path,
                handler.fallback(move || async move { Problem::MethodNotAllowed { allow } }),
            )
        });
    Mounted {
        router: router.with_state(studio),
        is_open,
    }
}

/// The web app holds no data. A browser asks for it before anyone can type a token.
fn is_open(path: &str) -> bool {
    path == "/" || path == "/studio" || path.starts_with("/studio/")
}

async fn home() -> Redirect {
    Redirect::temporary("/studio/")
}

async fn own() -> Response {
    let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (json, DOCUMENT).into_response()
}
