//! `GET /api/workspace/events`: says when files change (server-sent events, HTML standard section 9.2).
//!
//! ```text
//! event: changed
//! data: {"version":"2-9f…","files":["flows/a.yaml"],"serving":true}
//! ```
//!
//! Ends with the server. What a client has missed while it was away it sees by the version.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_TYPE, HeaderValue};
use lockgate_server::admin::Stopping;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::sleep;

use super::Studio;
use crate::files::Desk;

/// Proxies close what is silent for long.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Who follows.
struct Follower {
    desks: watch::Receiver<Arc<Desk>>,
    last: Arc<Desk>,
    stopping: Stopping,
    has_begun: bool,
}

/// `GET /api/workspace/events`
pub(super) async fn follow(
    State(studio): State<Arc<Studio>>,
    Extension(stopping): Extension<Stopping>,
) -> Response {
    let mut desks = studio.files.desks();
    let last = Arc::clone(&desks.borrow_and_update());
    let follower = Follower {
        desks,
        last,
        stopping,
        has_begun: false,
    };
    let chunks = stream::unfold(follower, async |mut follower| {
        let chunk = follower.next().await?;
        Some((Ok::<_, std::convert::Infallible>(chunk), follower))
    });
    let content_type = HeaderValue::from_static("text/event-stream");
    ([(CONTENT_TYPE, content_type)], Body::from_stream(chunks)).into_response()
}

impl Follower {
    async fn next(&mut self) -> Option<Bytes> {
        // At once, so that a client knows that it is connected.
        if !std::mem::replace(&mut self.has_begun, true) {
            return Some(Bytes::from_static(b": it begins\n\n"));
        }
        tokio::select! {
            biased;
            () = self.stopping.wait() => None,
            changed = self.desks.changed() => {
                changed.ok()?;
                let now = Arc::clone(&self.desks.borrow_and_update());
                let event = event(&self.last, &now);
                self.last = now;
                Some(event)
            }
            () = sleep(KEEP_ALIVE) => Some(Bytes::from_static(b": it goes on\n\n")),
        }
    }
}

fn event(last: &Desk, now: &Desk) -> Bytes {
    let changed = json!({ "version": now.version, "files": changed(last, now), "serving": now.is_served });
    Bytes::from(format!("event: changed\ndata: {changed}\n\n"))
}

/// The files that are others now, new, or gone.
fn changed<'a>(last: &'a Desk, now: &'a Desk) -> BTreeSet<&'a str> {
    let differs = |one: &Desk, other: &Desk, path| {
        let (one, other) = (one.files.get(path), other.files.get(path));
        one.map(|source| source.text()) != other.map(|source| source.text())
    };
    let paths = last.files.keys().chain(now.files.keys());
    paths
        .filter(|path| differs(last, now, path))
        .map(crate::path::FilePath::as_str)
        .collect()
}
