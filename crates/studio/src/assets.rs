//! `/studio/`: the web app as it was built.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use rust_embed::RustEmbed;

/// The folder that the web app is built into.
#[derive(RustEmbed)]
#[folder = "dist"]
#[allow_missing = true]
struct Built;

/// The page.
pub(crate) async fn page() -> Response {
    match Built::get("index.html") {
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            "This binary was built without the studio's web app: run `npm ci && npm run build` in crates/studio/web, then build \
             it again.\n",
        )
            .into_response(),
        Some(file) => file.data.into_owned().into_response(),
    }
}
