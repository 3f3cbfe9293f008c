//! Paths → who answers.

use std::sync::Arc;

use axum::Router;
use axum::response::Redirect;
use axum::routing::{self, MethodRouter};
use http::HeaderValue;
use lockgate_server::admin::Mounted;
use lockgate_server::problem::Problem;

use super::{Studio, workspace};
use crate::assets;

type Route = (&'static str, &'static str, MethodRouter<Arc<Studio>>);

/// Every route: its path, the methods that it takes, who answers.
fn routes() -> Vec<Route> {
    let get = |path, handler: MethodRouter<Arc<Studio>>| (path, "GET, HEAD", handler);
    vec![get("/api/workspace", routing::get(workspace::show))]
}

/// What is mounted on the admin port.
pub fn mounted(studio: Arc<Studio>) -> Mounted {
    let router = routes()
        .into_iter()
        .fold(Router::new(), |router, (path, methods, handler)| {
            let allow = HeaderValue::from_static(methods);
            router.route(
                path,
                handler.fallback(move || async move { Problem::MethodNotAllowed { allow } }),
            )
        });
    let router = router
        .route("/", routing::get(async || Redirect::temporary("/studio/")))
        .route("/studio", routing::get(async || Redirect::temporary("/studio/")))
        .route("/studio/", routing::get(assets::page))
        .with_state(studio);
    Mounted { router, is_open }
}

/// The web app holds no data. A browser asks for it before anyone can type a token.
fn is_open(path: &str) -> bool {
    path == "/" || path == "/studio" || path.starts_with("/studio/")
}
