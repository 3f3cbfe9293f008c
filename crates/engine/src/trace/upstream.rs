//! The span of one exchange with something upstream: OpenTelemetry's HTTP client span.

use tracing::{Span, field};

use super::{OpenSpan, SpanName, TARGET, mark_failed};

/// Who is called, and how. Nothing in it comes from a value but the host, which the caller masks.
#[derive(Clone, Copy, Debug)]
pub struct Upstream<'a> {
    /// `GET`, `POST`, ….
    pub method: &'a str,
    /// `https` or `http`.
    pub scheme: &'a str,
    /// The host, without a port.
    pub host: &'a str,
    /// The port, also where it is the scheme's own.
    pub port: Option<u16>,
    /// The path with names in the place of what was filled in (`/api/v2/users/{id}`), where it is known to hold nothing
    /// else.
    pub template: Option<&'a str>,
}

/// One exchange that is going on: a request out, a whole answer in. A redirect or another attempt is another one.
///
/// Dropped before it is over, it was cut off, and its span says so.
#[derive(Debug)]
pub struct UpstreamCall(OpenSpan);

impl UpstreamCall {
    /// Begins, as a child of the span that is entered: the step's, while an action is called.
    pub fn begin(upstream: &Upstream<'_>) -> Self {
        let Upstream {
            method,
            scheme,
            host,
            port,
            template,
        } = *upstream;
        Self(OpenSpan::new(tracing::info_span!(
            target: TARGET,
            "call",
            "otel.name" = %SpanName { method, template },
            "otel.kind" = "client",
            "http.request.method" = method,
            "url.scheme" = scheme,
            "url.template" = template,
            "server.address" = host,
            "server.port" = port.map(i64::from),
            "http.response.status_code" = field::Empty,
            "error.type" = field::Empty,
            "otel.status_code" = field::Empty,
        )))
    }

    /// Its span.
    pub fn span(&self) -> &Span {
        self.0.span()
    }

    /// A whole answer is here. By OpenTelemetry's conventions one from 400 on is a failed call.
    pub fn answered(mut self, status: u16) {
        self.0.over();
        let span = self.0.span();
        if span.is_disabled() {
            return;
        }
        span.record("http.response.status_code", i64::from(status));
        if status >= 400 {
            mark_failed(span, &status.to_string());
        }
    }

    /// There is no whole answer: `error_type` says why, in one word.
    pub fn failed(mut self, error_type: &'static str) {
        self.0.over();
        if !self.0.span().is_disabled() {
            mark_failed(self.0.span(), error_type);
        }
    }
}
