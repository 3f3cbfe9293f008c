//! `log`: a line for whoever runs the flow.
//!
//! It goes to the process's log (target `lockgate::log`), not to the run's history: the history has every step
//! anyway.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect};
use lockgate_flow::schema::Schema;
use serde_json::{Value, json};

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        docs: "The line goes to the log of the process, on stderr, with the run and the step that wrote it. It is \
               shown where the level is enabled: `LOCKGATE_LOG=info`.\n\n\
               The run's secrets are masked in it, and `check` warns where one is meant to go into it.".into(),
        input: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["message"],
            "properties": {
                "message": { "type": "string", "exposed": "the log", "description": "What to say." },
                "level": {
                    "enum": ["trace", "debug", "info", "warn", "error"],
                    "default": "info",
                    "description": "How important it is."
                },
                "fields": {
                    "type": "object",
                    "exposed": "the log",
                    "description": "Values that belong to it, for machines that read the log."
                }
            }
        })),
        output: Schema::new(json!({ "type": "null" })),
        example: "action: log\nwith:\n  message: \"a pro plan was sold\"\n  fields: { plan: \"{{input.plan}}\" }\n".into(),
        offline: true,
        ..ActionSpec::new("log", Effect::Idempotent, "Writes a line to the log")
    })
});

/// Writes a line to the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Log;

#[async_trait]
impl Action for Log {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        // The names of tracing's fields are fixed when the program is built: the author's go into one, as JSON.
        macro_rules! line {
            ($level:ident) => {{
                let message = input.get("message").and_then(Value::as_str).unwrap_or_default();
                let message = context.masks.apply(message);
                let step = context.key.to_string();
                match input.get("fields").map(|fields| context.masks.apply_to(fields)) {
                    Some(fields) => tracing::event!(
                        target: "lockgate::log", tracing::Level::$level,
                        run_id = context.run_id, step, fields = %fields, "{message}"
                    ),
                    None => tracing::event!(
                        target: "lockgate::log", tracing::Level::$level,
                        run_id = context.run_id, step, "{message}"
                    ),
                }
            }};
        }
        match input.get("level").and_then(Value::as_str) {
            Some("trace") => line!(TRACE),
            Some("debug") => line!(DEBUG),
            Some("warn") => line!(WARN),
            Some("error") => line!(ERROR),
            _ => line!(INFO),
        }
        Ok(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::sync::Mutex;

    use tracing::field::{Field, Visit};
    use tracing::span;
    use tracing::{Event, Metadata, Subscriber};

    use super::*;
    use lockgate_engine::clock::SystemClock;
    use lockgate_engine::testing::LoneStep;

    /// Keeps every event as one line.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<String>>>);

    struct Line(String);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
            let _ = write!(self.0, " {field}={value:?}");
        }
    }

    impl Subscriber for Lines {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }
        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
        fn event(&self, event: &Event<'_>) {
            let metadata = event.metadata();
            let mut line = Line(format!("{} {}", metadata.target(), metadata.level()));
            event.record(&mut line);
            self.0.lock().unwrap().push(line.0);
        }
        fn enter(&self, _: &span::Id) {}
        fn exit(&self, _: &span::Id) {}
    }

    #[tokio::test]
    async fn a_line_has_its_level_and_its_step() {
        let lines = Lines::default();
        let _guard = tracing::subscriber::set_default(lines.clone());
        let step = LoneStep::on(SystemClock::new());
        step.masks.add("correct horse");
        for input in [
            json!({ "message": "sold {it}" }),
            json!({ "message": "it was correct horse", "fields": { "password": "correct horse" } }),
            json!({ "message": "late", "level": "warn", "fields": { "plan": "pro" } }),
        ] {
            assert_eq!(step.call(&Log, input).await, Ok(Value::Null));
        }
        assert_eq!(
            *lines.0.lock().unwrap(),
            [
                r#"lockgate::log INFO message=sold {it} run_id="run-1" step="steps/0""#,
                r#"lockgate::log INFO message=it was •••• run_id="run-1" step="steps/0" fields={"password":"••••"}"#,
                r#"lockgate::log WARN message=late run_id="run-1" step="steps/0" fields={"plan":"pro"}"#,
            ]
        );
    }
}
