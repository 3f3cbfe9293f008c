//! One HTTP exchange with Auth0: a request out, a whole answer in, or the exact way in which there was none.
//!
//! Knows sockets, sizes and times, and the other way beside sockets: a [`Wire`]. Knows no tokens, no rate limits
//! and no meaning of an answer.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use http::{Method, StatusCode};
use lockgate_engine::trace::{Upstream, UpstreamCall};
use reqwest::{Client, redirect};
use serde_json::{Value, json};
use url::Url;

use crate::wire::{Wire, WireError};

/// Larger answers are refused: a page of a hundred users with full metadata stays well below.
pub(crate) const MAX_BODY: usize = 16 * 1024 * 1024;

/// How long a connection may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long one exchange may take at the most.
pub(crate) const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(10);

/// What requests go through.
pub(crate) enum Transport {
    /// Sockets: reqwest's pool.
    Sockets(Client),
    /// No sockets.
    Wire {
        wire: Arc<dyn Wire>,
        /// What a request has that says nothing else, as the pool adds it.
        headers: HeaderMap,
    },
}

/// A request, before it is sent.
#[derive(Debug)]
pub(crate) struct Outbound {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Outbound {
    pub(crate) fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// Sets the body. A content type that stands in the headers already counts.
    pub(crate) fn with_body(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.headers
            .entry(CONTENT_TYPE)
            .or_insert(HeaderValue::from_static(content_type));
        self.body = body.into();
        self
    }
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON, if that is what it is.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The request's id in Auth0's logs.
    pub(crate) fn request_id(&self) -> Option<&str> {
        ["x-auth0-requestid", "x-request-id", "cf-ray"]
            .iter()
            .find_map(|name| self.headers.get(*name)?.to_str().ok())
    }

    /// Whether the body says of itself that it is JSON.
    pub(crate) fn claims_json(&self) -> bool {
        self.headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.to_ascii_lowercase().contains("json"))
    }
}

/// Why there is no whole answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// No connection stood: the request was not sent.
    #[error("no connection: {0}")]
    NotSent(String),
    /// The time was over; the request may have been carried out.
    #[error("no answer in time")]
    Timeout,
    /// The connection broke before an answer; the request may have been carried out.
    #[error("the connection broke: {0}")]
    Lost(String),
    /// The answer began and broke off.
    #[error("the answer was cut off: {reason}")]
    Cut {
        /// The status that it began with.
        status: u16,
        reason: String,
    },
    /// The answer is larger than [`MAX_BODY`].
    #[error("the answer is larger than {MAX_BODY} bytes")]
    TooLarge {
        /// The answer's status.
        status: u16,
    },
}

impl Failure {
    /// In one word, for spans.
    fn kind(&self) -> &'static str {
        match self {
            Self::NotSent(_) => "not_connected",
            Self::Timeout => "timeout",
            Self::Lost(_) => "connection_lost",
            Self::Cut { .. } => "answer_cut_off",
            Self::TooLarge { .. } => "answer_too_large",
        }
    }
}

/// Begins the span of an exchange with the tenant.
pub(crate) fn call(base: &Url, method: &str, template: Option<&str>) -> UpstreamCall {
    UpstreamCall::begin(&Upstream {
        method,
        scheme: base.scheme(),
        host: base.host_str().unwrap_or_default(),
        port: base.port_or_known_default(),
        template,
    })
}

/// The client cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the HTTP client could not be built: {0}")]
pub(crate) struct BuildError(String);

impl Transport {
    /// `is_loopback_http`: only plain http to this machine will be called, so no certificates are loaded and
    /// no proxy is asked.
    pub(crate) fn new(is_loopback_http: bool) -> Result<Self, BuildError> {
        let mut builder = Client::builder()
            .default_headers(default_headers()?)
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(EXCHANGE_TIMEOUT)
            .pool_idle_timeout(Duration::from_mins(1))
            // As many as are used at once stay open for the next burst; the idle timeout closes them.
            .pool_max_idle_per_host(512)
            // Retrying is decided where it is known what a request does. Without a number, requests are copied for it.
            .retry(reqwest::retry::never().max_retries_per_request(0))
            // A redirect would carry the token to wherever it points.
            .redirect(redirect::Policy::none());
        if is_loopback_http {
            builder = builder.no_proxy().tls_certs_only([]);
        }
        builder
            .build()
            .map(Self::Sockets)
            .map_err(|error| BuildError(chain(&error.without_url())))
    }

    /// Opens no socket, ever: everything goes over the wire.
    pub(crate) fn over(wire: Arc<dyn Wire>) -> Result<Self, BuildError> {
        let headers = default_headers()?;
        Ok(Self::Wire { wire, headers })
    }

    /// Sends, and reads the whole answer, within `timeout` (and never longer than [`EXCHANGE_TIMEOUT`]). Ends the span.
    pub(crate) async fn exchange(
        &self,
        request: Outbound,
        timeout: Duration,
        call: UpstreamCall,
    ) -> Result<Answer, Failure> {
        let timeout = timeout.min(EXCHANGE_TIMEOUT);
        let result = match self {
            Self::Sockets(client) => send(client, request, timeout).await,
            Self::Wire { wire, headers } => send_over(&**wire, headers, request, timeout).await,
        };
        match &result {
            Ok(answer) => call.answered(answer.status.as_u16()),
            Err(failure) => call.failed(failure.kind()),
        }
        result
    }
}

/// Over sockets.
async fn send(client: &Client, request: Outbound, timeout: Duration) -> Result<Answer, Failure> {
    let request = client
        .request(request.method, request.url)
        .headers(request.headers)
        .body(request.body)
        .timeout(timeout)
        .build()
        .map_err(|error| Failure::NotSent(chain(&error.without_url())))?;
    let mut response = client.execute(request).await.map_err(|error| {
        let (is_connect, is_timeout) = (error.is_connect() || error.is_builder(), error.is_timeout());
        let reason = chain(&error.without_url());
        match (is_connect, is_timeout) {
            (true, _) => Failure::NotSent(reason),
            (false, true) => Failure::Timeout,
            (false, false) => Failure::Lost(reason),
        }
    })?;
    let status = response.status();
    let announced = response.content_length();
    let headers = std::mem::take(response.headers_mut());
    if announced.is_some_and(|length| length > MAX_BODY as u64) {
        return Err(Failure::TooLarge {
            status: status.as_u16(),
        });
    }
    let mut body = Vec::new();
    let mut stream = response.bytes_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| {
            if error.is_timeout() {
                Failure::Timeout
            } else {
                Failure::Cut {
                    status: status.as_u16(),
                    reason: chain(&error.without_url()),
                }
            }
        })?;
        if body.len() + chunk.len() > MAX_BODY {
            return Err(Failure::TooLarge {
                status: status.as_u16(),
            });
        }
        if body.is_empty() {
            // Nearly every answer is one piece.
            body.reserve_exact(chunk.len());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status,
        headers,
        body,
    })
}

/// Over a wire: the same limits, the same failures.
async fn send_over(
    wire: &dyn Wire,
    defaults: &HeaderMap,
    request: Outbound,
    timeout: Duration,
) -> Result<Answer, Failure> {
    let mut outgoing = http::Request::builder()
        .method(request.method)
        .uri(request.url.as_str())
        .body(request.body)
        .map_err(|error| Failure::NotSent(error.to_string()))?;
    let headers = outgoing.headers_mut();
    *headers = request.headers;
    for (name, value) in defaults {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    let answer = tokio::time::timeout(timeout, wire.send(outgoing))
        .await
        .map_err(|_| Failure::Timeout)?
        .map_err(|error| match error {
            WireError::NotSent(reason) => Failure::NotSent(reason),
            WireError::Lost(reason) => Failure::Lost(reason),
            WireError::Cut { status, reason } => Failure::Cut { status, reason },
        })?;
    let (head, body) = answer.into_parts();
    if body.len() > MAX_BODY {
        return Err(Failure::TooLarge {
            status: head.status.as_u16(),
        });
    }
    Ok(Answer {
        status: head.status,
        headers: head.headers,
        body: body.into(),
    })
}

/// What every request has that says nothing else.
fn default_headers() -> Result<HeaderMap, BuildError> {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(
        "auth0-client",
        telemetry().map_err(|error| BuildError(error.to_string()))?,
    );
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let product = HeaderValue::from_static(concat!("lockgate/", env!("CARGO_PKG_VERSION")));
    headers.insert(USER_AGENT, product);
    Ok(headers)
}

/// The `Auth0-Client` header: base64 of compact JSON, as Auth0's own SDKs send it.
fn telemetry() -> Result<HeaderValue, http::header::InvalidHeaderValue> {
    let value = json!({
        "name": "lockgate",
        "version": env!("CARGO_PKG_VERSION"),
        "env": { "rust": env!("CARGO_PKG_RUST_VERSION") },
    });
    HeaderValue::from_str(&STANDARD.encode(value.to_string()))
}

/// An error with its causes, on one line. The innermost says what happened.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
#[path = "transport_tests.rs"]
mod tests;
