//! What the process says of itself: log lines on stderr, and spans to whoever collects them.
//!
//! ```text
//!  text          lines for people
//!  json          lines for machines: one object each
//!   └─ writer    from where lines are written without anyone waiting for it
//!  otlp          spans to an OpenTelemetry collector, where OTEL_* variables ask for it
//!   └─ propagation   W3C trace context ↔ spans
//! ```
//!
//! What is logged is the libraries' business; secrets never are. Metrics are not here: the admin port shows them.

mod json;
mod otlp;
mod propagation;
mod text;
mod writer;

use std::io::IsTerminal as _;
use std::sync::Arc;

use clap::ValueEnum;
use lockgate_engine::trace;
use tracing::Dispatch;
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::{EnvFilter, Registry};

use crate::args::Global;
use crate::terminal::Terminal;

use otlp::Exporter;
use writer::LogWriter;

pub(crate) use propagation::{from_environment, propagation};

/// What is shown unless something else is asked for: warnings, and what flows log themselves.
const DEFAULT: &str = "off,lockgate=warn,lockgate::log=info";

/// Tests show what their runs did themselves, and what flows log would stand between their lines.
const DEFAULT_OF_TESTS: &str = "off,lockgate=error,lockgate::log=off";

/// A server also says what it answered, and what it serves from then on.
const DEFAULT_OF_SERVICE: &str =
    "off,lockgate=warn,lockgate::log=info,lockgate::access=info,lockgate::reload=info";

/// What a command is to whoever watches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It goes on until it is asked to end; nobody may have to wait for its log.
    Service,
    /// So does this; whoever watches it writes the flows.
    Development,
    /// It runs a flow.
    Run,
    /// It runs the tests of flows.
    Tests,
    /// It does something quick, and there is nothing to trace.
    Tool,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Auto,
    Text,
    Json,
}

impl LogFormat {
    /// People who type a command that ends by itself see text wherever it goes.
    fn is_json(self, role: Role) -> bool {
        match self {
            Self::Auto => role == Role::Service && !std::io::stderr().is_terminal(),
            Self::Text => false,
            Self::Json => true,
        }
    }
}

/// What is to be brought to its end when the process ends.
#[must_use]
pub(crate) struct Telemetry {
    writer: Option<Arc<LogWriter>>,
    exporter: Option<Exporter>,
}

/// Starts to log and, where the environment asks for it, to export spans.
pub(crate) fn start(global: &Global, role: Role, terminal: &Terminal) -> Telemetry {
    let warn = |text: &str| {
        terminal.say(&format!("{}: {text}", terminal.stderr_style().warn("warning")));
    };
    let default = match role {
        Role::Service | Role::Development => DEFAULT_OF_SERVICE,
        Role::Tests => DEFAULT_OF_TESTS,
        Role::Run | Role::Tool => DEFAULT,
    };
    let filter = global.log.as_deref().unwrap_or(default);
    let filter = EnvFilter::try_new(directives(filter)).unwrap_or_else(|error| {
        warn(&format!("the log filter is not usable: {error}"));
        EnvFilter::new(default)
    });
    let exporter = if matches!(role, Role::Tool | Role::Tests) {
        Ok(None)
    } else {
        Exporter::start(&warn)
    };
    let exporter = exporter.unwrap_or_else(|error| {
        warn(&format!("no spans are exported: {error}"));
        None
    });
    let is_json = global.log_format.is_json(role);
    let writer = (role == Role::Service && !std::io::stderr().is_terminal())
        .then(|| LogWriter::start(if is_json { json::lost } else { text::lost }))
        .flatten();
    let lines: Box<dyn Layer<Registry> + Send + Sync> = if is_json {
        Box::new(json::Lines::new(writer.clone(), exporter.is_some()))
    } else {
        Box::new(text::lines(terminal, writer.clone()))
    };
    // Only the first call of a process can succeed, and this is it.
    let _ = tracing::dispatcher::set_global_default(dispatch(lines, filter, exporter.as_ref()));
    Telemetry { writer, exporter }
}

impl Telemetry {
    /// Sends and writes what is left, as far as that is possible in a moment.
    pub(crate) fn finish(self) {
        if let Some(exporter) = self.exporter {
            exporter.finish();
        }
        if let Some(writer) = self.writer {
            writer.finish();
        }
    }
}

/// Lines by their filter, and spans, if someone collects them. If nobody does, nobody is interested in them, and making one
/// costs next to nothing. (So there must be no layer for them then: `None` in the place of one is interested in everything.)
fn dispatch(
    lines: impl Layer<Registry> + Send + Sync,
    filter: EnvFilter,
    exporter: Option<&Exporter>,
) -> Dispatch {
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method's path is one lifetime's, the filter takes all"
    )]
    let events = filter_fn(|metadata| metadata.is_event());
    let subscriber = tracing_subscriber::registry().with(lines.with_filter(filter.and(events)));
    let Some(exporter) = exporter else {
        return Dispatch::new(subscriber);
    };
    let spans = filter_fn(|metadata| metadata.is_span() && metadata.target() == trace::TARGET);
    Dispatch::new(subscriber.with(exporter.layer().with_filter(spans)))
}

/// A level alone is about Lockgate: at `trace`, the libraries below log bytes that may be secret.
fn directives(filter: &str) -> String {
    if filter.contains(['=', ',']) {
        filter.to_owned()
    } else {
        format!("off,lockgate={filter}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_nobody_collects_are_not_made() {
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
        let dispatch = dispatch(lines, EnvFilter::new(DEFAULT_OF_SERVICE), None);
        tracing::dispatcher::with_default(&dispatch, || {
            assert!(tracing::info_span!(target: trace::TARGET, "run").is_disabled());
            assert!(tracing::event_enabled!(target: "lockgate::access", tracing::Level::INFO));
        });
    }
}
