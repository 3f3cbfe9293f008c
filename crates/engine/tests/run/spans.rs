//! Spans: what a run looks like to whoever exports them.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use lockgate_engine::journal::NoJournal;
use lockgate_engine::trace::{Propagation, TARGET, TraceContext};
use lockgate_engine::{Executor, RunOptions};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Span, Subscriber};

use crate::laboratory::Laboratory;

/// Keeps spans, each below the one that was entered when it was made.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    spans: Vec<Kind>,
    entered: Vec<usize>,
}

struct Kind {
    parent: Option<usize>,
    fields: Vec<(&'static str, String)>,
}

impl Visit for Kind {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.fields.push((field.name(), format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.push((field.name(), value.to_owned()));
    }
}

fn index(id: &Id) -> usize {
    usize::try_from(id.into_u64()).unwrap() - 1
}

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.target() == TARGET
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut kept = self.0.lock().unwrap();
        let mut span = Kind {
            parent: kept.entered.last().copied(),
            fields: Vec::new(),
        };
        attributes.record(&mut span);
        kept.spans.push(span);
        Id::from_u64(kept.spans.len() as u64)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        values.record(&mut self.0.lock().unwrap().spans[index(id)]);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, id: &Id) {
        self.0.lock().unwrap().entered.push(index(id));
    }

    fn exit(&self, id: &Id) {
        assert_eq!(self.0.lock().unwrap().entered.pop(), Some(index(id)));
    }
}

impl Spans {
    /// All spans, each indented below its parent: its name, then what ends it and what is special.
    fn tree(&self) -> String {
        let kept = self.0.lock().unwrap();
        let mut text = String::new();
        kept.write(None, 0, &mut text);
        text
    }
}

impl Kept {
    fn write(&self, parent: Option<usize>, depth: usize, text: &mut String) {
        for (index, span) in self.spans.iter().enumerate() {
            if span.parent != parent {
                continue;
            }
            let _ = write!(text, "{}", "  ".repeat(depth));
            for (name, value) in &span.fields {
                let _ = match *name {
                    "otel.name" => write!(text, "{value}"),
                    "lockgate.attempts" if value == "1" => Ok(()),
                    "lockgate.step" | "lockgate.status" | "lockgate.attempts" | "error.type"
                    | "otel.status_code" => {
                        write!(text, " {value}")
                    }
                    _ => Ok(()),
                };
            }
            text.push('\n');
            self.write(Some(index), depth + 1, text);
        }
    }
}

#[track_caller]
fn check(text: &str, input: &serde_json::Value, expected: &str) {
    let laboratory = Laboratory::new(text);
    let spans = Spans::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    tracing::subscriber::with_default(spans.clone(), || {
        runtime.block_on(laboratory.run_on(&NoJournal, input.clone()));
    });
    assert_eq!(spans.tree(), expected);
    let kept = spans.0.lock().unwrap();
    let fields = kept.spans.iter().flat_map(|span| &span.fields);
    for (name, value) in fields {
        assert!(!value.contains("canary"), "{name}: {value}");
    }
}

#[test]
fn steps_are_below_the_run_and_the_steps_that_they_are_in() {
    check(
        "steps:
  - { id: first, action: test.echo, with: { x: canary } }
  - for_each: [1, 2]
    steps:
      - { name: Sleeps, action: test.sleep, with: { ms: 5 } }
  - parallel:
      left: [{ action: test.flaky, with: { fails: 1 } }]
      right: [{ set: { x: canary } }]
  - { if: eq 1 2, action: test.echo, with: {} }
  - { if: eq 1 1, then: [{ action: test.echo, with: {} }] }
  - return: canary",
        &json!({}),
        "run flow-0 succeeded
  first steps/0
  for_each steps/1
    Sleeps steps/1/each/0/steps/0
    Sleeps steps/1/each/1/steps/0
  parallel steps/2
    test.flaky steps/2/parallel/left/0 2
    set x steps/2/parallel/right/0
  if steps/4
  test.echo steps/4/then/0
  return steps/5
",
    );
}

#[test]
fn what_failed_says_so_and_what_was_meant_to_fail_is_no_error() {
    let handled = "steps:
  - { action: test.fail, with: { code: refused, message: canary }, on_error: continue }
  - { action: test.fail, with: { code: canary } }";
    check(
        handled,
        &json!({}),
        "run flow-0 failed _OTHER ERROR
  test.fail steps/0 refused ERROR
  test.fail steps/1 _OTHER ERROR
",
    );
    let meant = "steps:
  - parallel:
      a: [{ action: test.sleep, with: { ms: 50 } }]
      b: [{ fail: { code: taken, status: 409, message: canary } }]";
    check(
        meant,
        &json!({}),
        "run flow-0 failed taken
  parallel steps/0 taken
    test.sleep steps/0/parallel/a/0 cancelled ERROR
    fail taken steps/0/parallel/b/0 taken
",
    );
}

#[test]
fn a_code_that_is_made_from_a_value_is_not_told() {
    check(
        "input: { code: { type: string } }\nsteps:\n  - fail: { code: '{{input.code}}', status: 500, message: x }",
        &json!({ "code": "canary" }),
        "run flow-0 failed _OTHER ERROR
  fail steps/0 _OTHER ERROR
",
    );
}

static MADE_CHILDREN: AtomicU64 = AtomicU64::new(0);

#[tokio::test]
async fn whoever_exports_is_told_where_a_run_comes_from() {
    fn incoming(span: &Span, context: &TraceContext) {
        assert!(!span.is_disabled() && context.is_remote());
        MADE_CHILDREN.fetch_add(1, Ordering::Relaxed);
    }
    let laboratory = Laboratory::new("steps: [{ return: 1 }]");
    let executor =
        Executor::new(lockgate_engine::action::Actions::new()).with_propagation(Some(Propagation {
            outgoing: |_| None,
            incoming,
        }));
    let options = || RunOptions {
        trace: TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ..RunOptions::new("run-1")
    };
    // Nobody looks at spans: nothing is made, and nobody is asked.
    executor
        .run(&laboratory.flow, json!({}), options(), &NoJournal)
        .await;
    assert_eq!(MADE_CHILDREN.load(Ordering::Relaxed), 0);
    let _guard = tracing::subscriber::set_default(Spans::default());
    executor
        .run(&laboratory.flow, json!({}), options(), &NoJournal)
        .await;
    executor
        .run(&laboratory.flow, json!({}), RunOptions::new("run-2"), &NoJournal)
        .await;
    assert_eq!(MADE_CHILDREN.load(Ordering::Relaxed), 1);
}
