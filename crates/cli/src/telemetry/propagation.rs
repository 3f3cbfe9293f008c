//! W3C trace context ↔ spans, as OpenTelemetry has them.

use std::sync::OnceLock;

use lockgate_engine::trace::{Propagation, TraceContext};
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::environment::variable;

static PROPAGATION: OnceLock<Propagation> = OnceLock::new();

/// What executors need to know; `None` where no spans are exported.
pub(crate) fn propagation() -> Option<Propagation> {
    PROPAGATION.get().copied()
}

/// From now on spans are exported.
pub(super) fn begin() {
    let _ = PROPAGATION.set(Propagation { outgoing, incoming });
}

/// Where this process comes from: `TRACEPARENT` and `TRACESTATE`, in which OpenTelemetry's environment carrier has what
/// HTTP has in headers. So a step of a pipeline that runs a flow is in the pipeline's trace.
pub(crate) fn from_environment() -> Option<TraceContext> {
    let context = TraceContext::parse(&variable("TRACEPARENT")?)?;
    Some(context.with_state(variable("TRACESTATE").as_deref()))
}

fn outgoing(span: &Span) -> Option<TraceContext> {
    let context = span.context();
    let span = context.span();
    let span = span.span_context();
    let local = TraceContext::local(
        span.trace_id().to_bytes(),
        span.span_id().to_bytes(),
        span.is_sampled(),
    )?;
    Some(local.with_state([span.trace_state().header().as_str()]))
}

fn incoming(span: &Span, context: &TraceContext) {
    let flags = TraceFlags::default().with_sampled(context.is_sampled());
    let state = context
        .tracestate()
        .and_then(|state| state.parse::<TraceState>().ok());
    let parent = SpanContext::new(
        TraceId::from_bytes(context.trace_id()),
        SpanId::from_bytes(context.span_id()),
        flags,
        context.is_remote(),
        state.unwrap_or_default(),
    );
    // It fails for a span that is none of the exporter's, or that has been entered, which is a mistake in our code.
    let _ = span.set_parent(Context::new().with_remote_span_context(parent));
}
