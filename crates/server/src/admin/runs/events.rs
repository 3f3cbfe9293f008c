//! `GET /api/runs/{id}/events`: what a run records, as it is committed (server-sent events, HTML standard section 9.2).
//!
//! ```text
//! id: 3
//! event: record
//! data: {"record":"finished", …}
//!
//! event: status
//! data: {"id":"0199…","flow":"sign-up","status":"succeeded", …}
//! ```
//!
//! The number of a record is its place in the run. A client that comes back says in `Last-Event-ID` which it has; one that
//! has all records of a run that is over gets 204, which tells it to stay away. The stream ends with the run.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State as Shared};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{HeaderName, StatusCode};
use lockgate_store::RunId;
use lockgate_store::history::RunDetail;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::history::{ask, id, runtime};
use crate::problem::Problem;
use crate::state::State;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// How often it is looked whether anything was committed: a number in memory.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Proxies close what is silent for long.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(in crate::admin) async fn events(
    Shared(state): Shared<Arc<State>>,
    Path(run): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = id(&run)?;
    let seen = last_seen(&headers)?;
    let mut follower = Follower::new(state, id, seen.unwrap_or(0))?;
    let run = follower.read().await?.ok_or(Problem::NoRun)?;
    let has_all = seen.is_some_and(|seen| seen >= run.records.len());
    if has_all && !run.summary.status.is_unfinished() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    follower.take(&run);
    let chunks = stream::unfold(follower, async |mut follower| {
        let chunk = follower.next().await?;
        Some((Ok::<_, std::convert::Infallible>(chunk), follower))
    });
    let content_type = HeaderValue::from_static("text/event-stream");
    Ok(([(CONTENT_TYPE, content_type)], Body::from_stream(chunks)).into_response())
}

/// The number of the last record that a client has.
fn last_seen(headers: &HeaderMap) -> Result<Option<usize>, Problem> {
    let Some(value) = headers.get(LAST_EVENT_ID) else {
        return Ok(None);
    };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| {
        let problem = "`Last-Event-ID` is the number of a record";
        Problem::Malformed(problem.to_owned())
    })
}

/// Who follows a run.
struct Follower {
    state: Arc<State>,
    id: RunId,
    /// How many records it has.
    seen: usize,
    /// The summary that it has.
    status: Value,
    /// What is to be sent.
    ready: VecDeque<Bytes>,
    /// How many commits there were when the run was last read.
    commits: u64,
    is_over: bool,
}

impl Follower {
    fn new(state: Arc<State>, id: RunId, seen: usize) -> Result<Self, Problem> {
        runtime(&state)?;
        Ok(Self {
            state,
            id,
            seen,
            status: Value::Null,
            ready: VecDeque::new(),
            commits: 0,
            is_over: false,
        })
    }

    fn commits(&self) -> u64 {
        let runtime = self.state.runtime.as_ref();
        runtime.map_or(0, |runtime| runtime.store().written().commits)
    }

    /// The run as it is committed now.
    async fn read(&mut self) -> Result<Option<RunDetail>, Problem> {
        // Before it is read: what is committed meanwhile is read the next time.
        self.commits = self.commits();
        let id = self.id;
        ask(&self.state, move |history| history.run(id)).await
    }

    /// Puts what is new into the queue.
    fn take(&mut self, run: &RunDetail) {
        for record in run.records.get(self.seen..).unwrap_or_default() {
            self.seen += 1;
            self.ready
                .push_back(event(Some(self.seen), "record", &json!(record)));
        }
        let status = json!(run.summary);
        if status != self.status {
            self.ready.push_back(event(None, "status", &status));
            self.status = status;
        }
        self.is_over = !run.summary.status.is_unfinished();
    }

    /// What is sent next; `None` when the run is over, or the server stops.
    async fn next(&mut self) -> Option<Bytes> {
        let silent = Instant::now() + KEEP_ALIVE;
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Some(chunk);
            }
            if self.is_over {
                return None;
            }
            while self.commits() == self.commits {
                if self.state.is_stopping() {
                    return None;
                }
                if Instant::now() >= silent {
                    return Some(Bytes::from_static(b": it goes on\n\n"));
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
            // A store that cannot be read, and a run that was deleted, end it; a client that comes back is told.
            let run = self.read().await.ok()??;
            self.take(&run);
        }
    }
}

/// JSON has no line breaks: one line of data is all of it.
fn event(id: Option<usize>, name: &str, data: &Value) -> Bytes {
    let mut text = String::new();
    if let Some(id) = id {
        let _ = writeln!(text, "id: {id}");
    }
    let _ = write!(text, "event: {name}\ndata: {data}\n\n");
    Bytes::from(text)
}
