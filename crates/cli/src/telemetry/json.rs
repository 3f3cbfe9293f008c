//! Log lines for machines: one JSON object each, its fields flat.
//!
//! Made by hand, straight into a buffer that each thread keeps: a server writes one for each request, and the formatter
//! of `tracing-subscriber` takes more than twice as long for it.

use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use opentelemetry::trace::TraceContextExt as _;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::layer::Context;

use super::writer::LogWriter;
use crate::terminal::write_above_progress;

thread_local! {
    static BUFFER: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A buffer that has become larger is not kept.
const LARGE: usize = 16 * 1024;

/// Writes each event as a line.
pub(super) struct Lines {
    writer: Option<Arc<LogWriter>>,
    has_spans: bool,
}

impl Lines {
    /// `has_spans`: spans are exported, and lines name the trace that they belong to.
    pub(super) fn new(writer: Option<Arc<LogWriter>>, has_spans: bool) -> Self {
        Self { writer, has_spans }
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // A value that logs while it is written finds the buffer taken.
        BUFFER.with(|buffer| match buffer.try_borrow_mut() {
            Ok(mut buffer) => self.write(&mut buffer, event),
            Err(_) => self.write(&mut String::new(), event),
        });
    }
}

impl Lines {
    fn write(&self, text: &mut String, event: &Event<'_>) {
        text.clear();
        line(text, event, self.has_spans);
        match &self.writer {
            Some(writer) => writer.push(text.as_bytes(), *event.metadata().level() <= Level::WARN),
            None => write_above_progress(text),
        }
        if text.capacity() > LARGE {
            *text = String::new();
        }
    }
}

/// Says that lines are missing.
pub(super) fn lost(count: u64) -> String {
    let mut text = String::new();
    head(&mut text, Level::WARN, "lockgate::telemetry");
    let _ = writeln!(
        text,
        r#","message":"log lines lost: stderr was not read fast enough","lost":{count}}}"#
    );
    text
}

fn head(text: &mut String, level: Level, target: &str) {
    text.push_str(r#"{"timestamp":""#);
    // A text takes everything that is written to it, here and below.
    let _ = SystemTime.format_time(&mut Writer::new(text));
    text.push_str(r#"","level":""#);
    text.push_str(level.as_str());
    text.push_str(r#"","target":""#);
    let _ = Escaped(text).write_str(target);
    text.push('"');
}

fn line(text: &mut String, event: &Event<'_>, has_spans: bool) {
    let metadata = event.metadata();
    head(text, *metadata.level(), metadata.target());
    let mut fields = Fields {
        text,
        has_trace: false,
        is_flows_own: metadata.target() == "lockgate::log",
    };
    event.record(&mut fields);
    if has_spans && !fields.has_trace {
        opentelemetry::Context::map_current(|context| {
            let span = context.span();
            let span = span.span_context();
            if span.is_valid() {
                let _ = write!(
                    text,
                    r#","trace_id":"{}","span_id":"{}""#,
                    span.trace_id(),
                    span.span_id()
                );
            }
        });
    }
    text.push_str("}\n");
}

struct Fields<'a> {
    text: &'a mut String,
    has_trace: bool,
    /// The line comes from the action `log`: its `fields` are JSON.
    is_flows_own: bool,
}

impl Fields<'_> {
    fn name(&mut self, field: &Field) {
        self.has_trace |= field.name() == "trace_id";
        self.text.push_str(",\"");
        let _ = Escaped(self.text).write_str(field.name());
        self.text.push_str("\":");
    }

    fn plain(&mut self, field: &Field, value: impl fmt::Display) {
        self.name(field);
        let _ = write!(self.text, "{value}");
    }

    fn quoted(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        self.name(field);
        self.text.push('"');
        let _ = Escaped(self.text).write_fmt(value);
        self.text.push('"');
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.plain(field, value);
        } else {
            self.plain(field, "null");
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        self.text.push('"');
        let _ = Escaped(self.text).write_str(value);
        self.text.push('"');
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if self.is_flows_own && field.name() == "fields" {
            self.plain(field, format_args!("{value:?}"));
        } else {
            self.quoted(field, format_args!("{value:?}"));
        }
    }
}

/// Writes text as it stands between the quotes of a JSON string (RFC 8259 §7).
struct Escaped<'a>(&'a mut String);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest
            .bytes()
            .position(|byte| byte < b' ' || byte == b'"' || byte == b'\\')
        {
            let (plain, special) = rest.split_at(at);
            self.0.push_str(plain);
            match special.as_bytes()[0] {
                b'\n' => self.0.push_str("\\n"),
                b'\r' => self.0.push_str("\\r"),
                b'\t' => self.0.push_str("\\t"),
                byte @ (b'"' | b'\\') => self.0.extend(['\\', char::from(byte)]),
                byte => write!(self.0, "\\u{byte:04x}")?,
            }
            rest = &special[1..];
        }
        self.0.push_str(rest);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::{Value, json};
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Kept {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let mut text = String::new();
            line(&mut text, event, false);
            self.0.lock().unwrap().push(text);
        }
    }

    /// What a line says, without its time, which is one.
    fn logged(log: impl FnOnce()) -> Value {
        let kept = Kept::default();
        let subscriber = tracing_subscriber::registry().with(kept.clone());
        tracing::subscriber::with_default(subscriber, log);
        let lines = kept.0.lock().unwrap();
        let [line] = lines.as_slice() else {
            panic!("{lines:?}")
        };
        assert!(line.ends_with("}\n") && line.lines().count() == 1, "{line:?}");
        let mut value: Value = serde_json::from_str(line).unwrap();
        let time = value.as_object_mut().unwrap().shift_remove("timestamp").unwrap();
        time.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        value
    }

    #[test]
    fn values_keep_their_types() {
        let found = logged(|| {
            tracing::info!(
                target: "lockgate::access",
                route = "/users/{id}", status = 201_u16, duration_ms = 1.5, delta = -3, ok = true, not = f64::NAN,
                run_id = Option::<&str>::None, code = %"shown", debug = ?Some("x"),
                "answered"
            );
        });
        assert_eq!(
            found,
            json!({
                "level": "INFO", "target": "lockgate::access", "message": "answered", "route": "/users/{id}",
                "status": 201, "duration_ms": 1.5, "delta": -3, "ok": true, "not": null, "code": "shown",
                "debug": "Some(\"x\")",
            })
        );
    }

    #[test]
    fn every_text_fits_into_a_line() {
        let text = "\"quotes\" \\ \n\r\t\u{0}\u{1f}\u{7f} ä 漢 \u{2028}";
        let found = logged(|| tracing::warn!(text, shown = %text, "{text}"));
        assert_eq!((&found["text"], &found["shown"]), (&json!(text), &json!(text)));
        assert_eq!(found["message"], text);
    }

    #[test]
    fn the_fields_of_a_flows_own_line_are_values() {
        let fields = json!({ "plan": "pro", "n": [1] });
        let found = logged(|| tracing::info!(target: "lockgate::log", fields = %fields, "sold"));
        assert_eq!(found["fields"], fields);
        let found = logged(|| tracing::info!(fields = %fields, "sold"));
        assert_eq!(found["fields"], fields.to_string());
    }

    #[test]
    fn what_is_lost_is_said() {
        let value: Value = serde_json::from_str(&lost(7)).unwrap();
        assert_eq!((&value["lost"], &value["level"]), (&json!(7), &json!("WARN")));
    }
}
