//! The span of a request, and the trace context that comes with it.
//!
//! Name and attributes follow OpenTelemetry's conventions for HTTP servers, but for what a caller may have typed: neither
//! path nor query, headers or address are in it.

use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use lockgate_engine::Executor;
use lockgate_engine::trace::{OTHER, OpenSpan, SpanName, TARGET, TraceContext, mark_failed};
use tracing::field;

/// The span of a request that is going on. Dropped before [`RequestSpan::answered`], the caller has left.
pub(crate) struct RequestSpan {
    span: OpenSpan,
    /// What a run for the request belongs to: this span, where spans are exported; else what the caller said.
    pub(crate) trace: Option<TraceContext>,
}

impl RequestSpan {
    /// Begins. `route` is the template of the endpoint's path.
    pub(crate) fn begin(executor: &Executor, head: &Parts, route: Option<&str>, is_tls: bool) -> Self {
        let method = known(&head.method);
        let span = tracing::info_span!(
            target: TARGET,
            "request",
            "otel.name" = %SpanName { method, template: route },
            "otel.kind" = "server",
            "http.request.method" = method,
            "http.route" = route,
            "url.scheme" = if is_tls { "https" } else { "http" },
            "http.response.status_code" = field::Empty,
            "error.type" = field::Empty,
            "otel.status_code" = field::Empty,
        );
        let caller = caller(&head.headers);
        let propagation = executor.propagation().filter(|_| !span.is_disabled());
        let own = propagation.and_then(|propagation| {
            if let Some(caller) = &caller {
                (propagation.incoming)(&span, caller);
            }
            (propagation.outgoing)(&span)
        });
        Self {
            span: OpenSpan::new(span),
            trace: own.or(caller),
        }
    }

    /// Ends: from 500 on, the server has failed.
    pub(crate) fn answered(mut self, status: StatusCode) {
        self.span.over();
        let span = self.span.span();
        if span.is_disabled() {
            return;
        }
        span.record("http.response.status_code", i64::from(status.as_u16()));
        if status.is_server_error() {
            mark_failed(span, status.as_str());
        }
    }
}

/// What a request says of where it comes from. Two `traceparent`s count as none.
fn caller(headers: &HeaderMap) -> Option<TraceContext> {
    let mut parents = headers.get_all("traceparent").iter();
    let (Some(parent), None) = (parents.next(), parents.next()) else {
        return None;
    };
    let context = TraceContext::parse(parent.to_str().ok()?)?;
    // A line that is no text is no member either, and lets none of the others count.
    let state = headers.get_all("tracestate").iter();
    Some(context.with_state(state.map(|line| line.to_str().unwrap_or("="))))
}

/// A method of HTTP's own (RFC 9110 §9, RFC 5789); others may be anything.
fn known(method: &Method) -> &str {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::DELETE
        | Method::CONNECT
        | Method::OPTIONS
        | Method::TRACE
        | Method::PATCH => method.as_str(),
        _ => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[track_caller]
    fn check(headers: &[(&'static str, &[u8])], expected: Option<(&str, Option<&str>)>) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value).unwrap());
        }
        let caller = caller(&map);
        let found = caller
            .as_ref()
            .map(|caller| (caller.traceparent(), caller.tracestate()));
        let found = found.as_ref().map(|(parent, state)| (parent.as_str(), *state));
        assert_eq!(found, expected);
    }

    #[test]
    fn what_a_caller_says_of_its_trace() {
        let parent = ("traceparent", PARENT.as_bytes());
        check(&[parent], Some((PARENT, None)));
        check(
            &[parent, ("tracestate", b"a=1"), ("tracestate", b"b=2,")],
            Some((PARENT, Some("a=1,b=2"))),
        );
        check(
            &[parent, ("tracestate", b"a=1"), ("tracestate", b"\xff")],
            Some((PARENT, None)),
        );
        check(&[parent, parent], None);
        check(&[("tracestate", b"a=1")], None);
        check(&[("traceparent", b"00-\xff")], None);
    }

    #[test]
    fn names_hold_nothing_that_a_caller_made_up() {
        let name = |method: &str, route| {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            SpanName {
                method: known(&method),
                template: route,
            }
            .to_string()
        };
        assert_eq!(name("POST", Some("/users/{id}")), "POST /users/{id}");
        assert_eq!(name("GET", None), "GET");
        assert_eq!(name("CANARY", None), "HTTP");
    }
}
