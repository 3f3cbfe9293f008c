//! Reads a request's body, within its endpoint's size and the server's time.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use hyper::body::Body;

use crate::problem::Problem;

/// What a body says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaType {
    Json,
    Form,
}

impl MediaType {
    /// Of a request that has a body. Without a `Content-Type` a body is taken for JSON.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(value) = headers.get(CONTENT_TYPE) else {
            return Ok(Self::Json);
        };
        let text = String::from_utf8_lossy(value.as_bytes());
        let essence = text
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        match essence.as_str() {
            "application/json" => Ok(Self::Json),
            "application/x-www-form-urlencoded" => Ok(Self::Form),
            // RFC 6839, section 3.1: what ends in `+json` can be read as JSON.
            json if json.starts_with("application/") && json.ends_with("+json") => Ok(Self::Json),
            _ => Err(Problem::UnsupportedMediaType {
                found: format!("`{essence}`"),
            }),
        }
    }
}

/// The whole body.
pub(crate) async fn read<B>(body: B, most: usize, limit: Duration) -> Result<Bytes, Problem>
where
    B: Body<Data = Bytes>,
{
    let announced = body.size_hint().lower();
    if announced > most as u64 {
        return Err(Problem::BodyTooLarge { most });
    }
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    tokio::time::timeout(limit, collect(body, most))
        .await
        .unwrap_or(Err(Problem::BodyTimeout))
}

async fn collect<B>(body: B, most: usize) -> Result<Bytes, Problem>
where
    B: Body<Data = Bytes>,
{
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut more: Option<BytesMut> = None;
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        let Ok(frame) = frame else {
            return Err(Problem::BodyCut);
        };
        let Ok(data) = frame.into_data() else { continue };
        // Nearly every body is one frame, which need not be copied.
        match &mut more {
            None if first.is_empty() => first = data,
            None => more = Some([&*first, &*data].concat().as_slice().into()),
            Some(more) => more.extend_from_slice(&data),
        }
        if more.as_ref().map_or(first.len(), BytesMut::len) > most {
            return Err(Problem::BodyTooLarge { most });
        }
    }
    Ok(more.map_or(first, BytesMut::freeze))
}
