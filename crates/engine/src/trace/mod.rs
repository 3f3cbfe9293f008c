//! What ties a run into a trace: W3C trace context in and out, and the spans that show where time went.
//!
//! Spans are `tracing` spans with the target [`TARGET`]: one for a run, one for each step, one for each exchange of an
//! action with something upstream ([`UpstreamCall`]). Where no subscriber is interested in that target, making one costs
//! the load of a flag. Their names and attributes are those of OpenTelemetry's semantic conventions where it has some
//! (`http.*`, `server.*`, `error.type`), else they begin with `lockgate.`. No value of an input, an output or a URL goes
//! into a span: what stands there was written by the author of a flow or of an action.
//!
//! The engine does not know who exports spans. Whoever does hands it a [`Propagation`], with which spans find the trace
//! context that they belong to; without one, a caller's context is passed on as it came.

mod context;
mod upstream;

use std::borrow::Cow;
use std::fmt;

use tracing::Span;

pub use context::TraceContext;
pub use upstream::{Upstream, UpstreamCall};

/// The target of all spans.
pub const TARGET: &str = "lockgate::trace";

/// What stands in the place of an error code that was made from a value.
pub const OTHER: &str = "_OTHER";

/// The name of a span of HTTP by OpenTelemetry's conventions, a server's or a client's: the method (`HTTP` in the place
/// of [`OTHER`]) and the template of the path, where there is one.
#[derive(Clone, Copy, Debug)]
pub struct SpanName<'a> {
    /// `GET`, `POST`, …, or [`OTHER`].
    pub method: &'a str,
    /// `/users/{id}`.
    pub template: Option<&'a str>,
}

impl fmt::Display for SpanName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = if self.method == OTHER { "HTTP" } else { self.method };
        match self.template {
            Some(template) => write!(f, "{method} {template}"),
            None => f.write_str(method),
        }
    }
}

/// How spans and trace contexts meet: known to whoever exports the spans.
#[derive(Clone, Copy, Debug)]
pub struct Propagation {
    /// What a request that is made inside of a span carries; `None` for a span that is none of the exporter's.
    pub outgoing: fn(&Span) -> Option<TraceContext>,
    /// Makes a span, which has not been entered yet, a child of where a context comes from.
    pub incoming: fn(&Span, &TraceContext),
}

/// What the requests of a run say of their trace.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outgoing<'a> {
    /// Where the run comes from.
    pub caller: Option<&'a TraceContext>,
    /// Who exports the spans, if someone does.
    pub propagation: Option<Propagation>,
}

impl<'a> Outgoing<'a> {
    /// The context for a request inside of a span: the span's own, else the caller's.
    fn within(self, span: &Span) -> Option<Cow<'a, TraceContext>> {
        let own = self
            .propagation
            .and_then(|propagation| (propagation.outgoing)(span));
        own.map(Cow::Owned).or(self.caller.map(Cow::Borrowed))
    }

    /// The headers by which whoever is called finds its place in the trace, as names and values.
    pub fn headers(self, call: &UpstreamCall) -> impl Iterator<Item = (&'static str, String)> + use<> {
        let context = self.within(call.span());
        let state = context.as_ref().and_then(|context| context.tracestate());
        let state = state.map(|state| ("tracestate", state.to_owned()));
        let parent = context.map(|context| ("traceparent", context.traceparent()));
        parent.into_iter().chain(state)
    }
}

/// A span that ends with [`OpenSpan::over`]; one that is dropped before was cut off, and says so.
#[derive(Debug)]
pub struct OpenSpan {
    span: Span,
    is_over: bool,
}

impl OpenSpan {
    /// For a span that has the fields `error.type` and `otel.status_code`.
    pub fn new(span: Span) -> Self {
        Self { span, is_over: false }
    }

    /// The span.
    pub fn span(&self) -> &Span {
        &self.span
    }

    /// It has come to its end, well or not.
    pub fn over(&mut self) {
        self.is_over = true;
    }
}

impl Drop for OpenSpan {
    fn drop(&mut self) {
        if !self.is_over && !self.span.is_disabled() {
            mark_failed(&self.span, "cancelled");
        }
    }
}

/// Notes on a span that has the fields `error.type` and `otel.status_code` that it failed.
pub fn mark_failed(span: &Span, error_type: &str) {
    span.record("error.type", error_type);
    span.record("otel.status_code", "ERROR");
}
