//! `/metrics`, sent while it is written: with ten thousand flows in use it is 50 MB, which is more than the rest of the
//! process needs.

use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_TYPE, HeaderValue};
use tokio::sync::mpsc;

use crate::metrics::{self, Gauges, Kept};
use crate::state::State;

/// As much is written before it is sent.
const CHUNK: usize = 64 * 1024;

/// As many chunks wait for a slow reader before writing does.
const CHUNKS: usize = 2;

pub(super) async fn metrics(Shared(state): Shared<Arc<State>>) -> Response {
    let (sender, receiver) = mpsc::channel(CHUNKS);
    // Not in a worker: it waits for the reader. It ends with the text, or when the reader is gone.
    tokio::task::spawn_blocking(move || {
        let mut writer = Chunks {
            text: String::new(),
            sender,
        };
        if state.metrics.write(gauges(&state), &mut writer).is_ok() {
            let _ = writer.send();
        }
    });
    let chunks = stream::unfold(receiver, async |mut receiver| {
        let chunk = receiver.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(chunk), receiver))
    });
    let content_type = HeaderValue::from_static(metrics::CONTENT_TYPE);
    ([(CONTENT_TYPE, content_type)], Body::from_stream(chunks)).into_response()
}

pub(super) fn gauges(state: &State) -> Gauges {
    let site = state.site();
    Gauges {
        is_tls: state.options.tls.is_some(),
        kept: state.runtime.as_ref().map(Kept::of),
        runs_active: state.capacity.taken(),
        runs_capacity: state.capacity.most(),
        flows: site.flows.len(),
        broken_flows: site.broken.len(),
    }
}

struct Chunks {
    text: String,
    sender: mpsc::Sender<Bytes>,
}

impl Chunks {
    fn send(&mut self) -> fmt::Result {
        let text = std::mem::take(&mut self.text);
        self.sender
            .blocking_send(Bytes::from(text))
            .map_err(|_| fmt::Error)
    }
}

impl fmt::Write for Chunks {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.text.len() + text.len() > CHUNK {
            self.send()?;
        }
        self.text.push_str(text);
        Ok(())
    }
}
