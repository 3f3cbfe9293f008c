//! A stand-in for a service that is not Auth0: answers as a test tells it to, on the loopback interface.

use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::emulated::runtime;

/// A request, as it came.
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// Path and query, as they were sent.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// What is answered.
pub(crate) enum Answer {
    Json(u16, Value),
    Html(u16, String),
}

type Answers = Arc<dyn Fn(Asked) -> Answer + Send + Sync>;

/// A server of its own; dropping it ends it.
pub(crate) struct StandIn {
    url: String,
    _runtime: Runtime,
}

impl StandIn {
    pub(crate) fn start(answer: impl Fn(Asked) -> Answer + Send + Sync + 'static) -> Self {
        let runtime = runtime();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .fallback(serve)
            .with_state(Arc::new(answer) as Answers);
        runtime.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            _runtime: runtime,
        }
    }

    /// `http://127.0.0.1:<port>`, without a slash at the end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

async fn serve(
    State(answer): State<Answers>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = Asked {
        method,
        target: uri.to_string(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let status = |code| StatusCode::from_u16(code).unwrap();
    match answer(asked) {
        Answer::Json(code, value) => (status(code), axum::Json(value)).into_response(),
        Answer::Html(code, text) => {
            (status(code), [(header::CONTENT_TYPE, "text/html")], text).into_response()
        }
    }
}
