//! Reads a request's body, within its endpoint's size and the server's time.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, TRANSFER_ENCODING};
use hyper::body::Body;

use crate::problem::Problem;
use crate::room::Room;

/// What a body says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaType {
    Json,
    Form,
}

impl MediaType {
    /// Of a request that has a body. Without a `Content-Type` a body is taken for JSON.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut types = headers.get_all(CONTENT_TYPE).iter();
        let Some(value) = types.next() else {
            return Ok(Self::Json);
        };
        // Somebody between the caller and this server may have gone by the other one.
        if types.next().is_some() {
            let problem = "a request has one `Content-Type`";
            return Err(Problem::Malformed(problem.to_owned()));
        }
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

/// Refuses a body that is compressed: it would be read as something that its caller has not sent (RFC 9110, section 8.4,
/// and RFC 9112, section 6.1, for `Transfer-Encoding`, of which hyper undoes `chunked`).
pub(crate) fn check_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    let is_plain = |encoding: &str| {
        ["", "identity", "chunked"]
            .iter()
            .any(|plain| encoding.eq_ignore_ascii_case(plain))
    };
    for name in [CONTENT_ENCODING, TRANSFER_ENCODING] {
        for line in headers.get_all(name) {
            let line = String::from_utf8_lossy(line.as_bytes());
            if let Some(encoding) = line.split(',').map(str::trim).find(|name| !is_plain(name)) {
                let encoding = encoding.to_ascii_lowercase();
                return Err(Problem::UnsupportedEncoding { encoding });
            }
        }
    }
    Ok(())
}

/// The whole body.
pub(crate) async fn read<B>(body: B, most: usize, limit: Duration, room: &Room) -> Result<Bytes, Problem>
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
    tokio::time::timeout(limit, collect(body, most, room))
        .await
        .unwrap_or(Err(Problem::BodyTimeout))
}

async fn collect<B>(body: B, most: usize, room: &Room) -> Result<Bytes, Problem>
where
    B: Body<Data = Bytes>,
{
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut more: Option<BytesMut> = None;
    let mut share = room.share();
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        let Ok(frame) = frame else {
            return Err(Problem::BodyCut);
        };
        let Ok(data) = frame.into_data() else { continue };
        if !share.grow(data.len()) {
            return Err(Problem::Busy);
        }
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

#[cfg(test)]
mod tests {
    use crate::testing::{Served, request};

    #[tokio::test]
    async fn what_would_be_read_as_something_else_is_refused() {
        let served = Served::new(&["trigger: { http: POST /echo }\nsteps:\n  - return: ok\n"]);
        let json = ("content-type", "application/json");
        for (header, status) in [
            (("content-encoding", "gzip"), 415),
            (("content-encoding", "identity, BR"), 415),
            (("transfer-encoding", "gzip, chunked"), 415),
            (("content-type", "application/x-www-form-urlencoded"), 400),
            (json, 400),
            (("content-encoding", "Identity"), 200),
            (("transfer-encoding", "Chunked"), 200),
        ] {
            let answer = served.send(request("POST /echo", &[json, header], "{}")).await;
            assert_eq!(answer.status, status, "{header:?}: {}", answer.body);
        }
        let gzip = ("content-encoding", "GZIP");
        let answer = served.send(request("POST /echo", &[gzip], "{}")).await;
        assert_eq!(
            answer.body["message"],
            "the body is encoded as `gzip`; send it as it is"
        );
    }
}
