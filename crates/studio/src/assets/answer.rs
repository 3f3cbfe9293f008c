//! The files of the web app.

use std::borrow::Cow;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, VARY};
use lockgate_server::problem::Problem;
use rust_embed::{EmbeddedFile, RustEmbed};
use uuid::Uuid;

use super::{headers, packed};
use crate::aside::aside;

/// What the page has in the place of its nonce.
const NONCE: &str = "__LOCKGATE_NONCE__";

/// The folder that the web app is built into.
#[derive(RustEmbed)]
#[folder = "dist"]
#[allow_missing = true]
struct Built;

/// The page. What it shows stands behind a `#` in the address, so that it is the only one.
pub(crate) async fn page() -> Response {
    let mut response = match Built::get("index.html") {
        None => missing(),
        Some(page) => {
            let nonce = Uuid::new_v4().simple().to_string();
            let text = String::from_utf8_lossy(&page.data).replace(NONCE, &nonce);
            let html = [(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))];
            let mut response = (html, text).into_response();
            headers::add(response.headers_mut(), Some(&nonce));
            return response;
        }
    };
    headers::add(response.headers_mut(), None);
    response
}

/// A file beside the page.
pub(crate) async fn asset(headers: HeaderMap, Path(path): Path<String>) -> Result<Response, Problem> {
    // The page goes out with a nonce only.
    let is_page = path == "index.html";
    let file = Built::get(&path).filter(|_| !is_page).ok_or(Problem::NoRoute)?;
    let mut response = if packed::is_taken(&headers) {
        packed(&path, file).await?
    } else {
        plain(&path, file)
    };
    response
        .headers_mut()
        .insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers::add(response.headers_mut(), None);
    Ok(response)
}

async fn packed(path: &str, file: EmbeddedFile) -> Result<Response, Problem> {
    let bytes = aside(move || packed::gzip(&file).map_err(|_| Problem::Internal)).await?;
    let mut response = file_of(path, bytes);
    response
        .headers_mut()
        .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    Ok(response)
}

fn plain(path: &str, file: EmbeddedFile) -> Response {
    let bytes = match file.data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    };
    file_of(path, bytes)
}

fn file_of(path: &str, bytes: Bytes) -> Response {
    let mut response = Response::new(bytes.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    if path.starts_with("assets/") {
        // Its name has its digest.
        let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
        headers.insert(CACHE_CONTROL, forever);
    }
    response
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("png") => "image/png",
        Some("json" | "map") => "application/json",
        Some("md") => "text/markdown; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn missing() -> Response {
    let text = "This binary was built without the studio's web app. Run `npm ci && npm run build` in crates/studio/web, and \
                build it again.\n";
    let plain = [(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    )];
    (StatusCode::SERVICE_UNAVAILABLE, plain, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_has_a_type() {
        for path in Built::iter() {
            if path != ".gitkeep" && path != "index.html" {
                assert_ne!(content_type(&path), "application/octet-stream", "{path}");
            }
        }
    }

    #[test]
    fn the_page_holds_no_script_or_style_of_its_own() {
        let Some(page) = Built::get("index.html") else {
            return;
        };
        let text = String::from_utf8(page.data.into_owned()).unwrap();
        assert!(text.contains(NONCE), "{text}");
        assert!(!text.contains("<style"), "{text}");
        for script in text.split("<script").skip(1) {
            assert!(
                script.split('>').next().unwrap().contains(" src=\"/studio/"),
                "{script}"
            );
        }
    }
}
