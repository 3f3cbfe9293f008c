//! What the engine itself costs for a step: actions that do nothing, without I/O. The goal is at most 2 µs a step,
//! the same for 10 steps as for 1,000.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lockgate_engine::action::{Action, ActionContext, ActionError, Actions};
use lockgate_engine::event::{Event, Observer};
use lockgate_engine::journal::{MemoryJournal, NoJournal};
use lockgate_engine::{Executor, RunOptions};
use lockgate_flow::catalog::{ActionSpec, Catalog, Effect};
use lockgate_flow::graph::Flow;
use lockgate_flow::schema::Schema;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;
use serde_json::{Value, json};

struct Nothing(Arc<ActionSpec>);

#[async_trait]
impl Action for Nothing {
    fn spec(&self) -> &Arc<ActionSpec> {
        &self.0
    }

    async fn call(&self, _context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        Ok(input)
    }
}

/// Counts what happens, and looks at no value.
struct Counter(AtomicU64);

impl Observer for Counter {
    fn on_event(&self, event: &Event<'_>) {
        black_box(event);
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn wants_values(&self) -> bool {
        false
    }
}

fn actions() -> Actions {
    let mut spec = ActionSpec::new("bench.nothing", Effect::Read, "gives back what it gets");
    spec.input = Schema::new(json!({ "type": "object", "properties": { "x": { "type": "string" } } }));
    let mut actions = Actions::new();
    actions.add(Nothing(Arc::new(spec)));
    actions
}

/// A flow of steps one after the other, each of which uses the one before.
fn flow(steps: usize) -> Arc<Flow> {
    let mut text =
        "name: bench\nsteps:\n  - { id: s0, action: bench.nothing, with: { x: start } }\n".to_owned();
    for step in 1..steps {
        let before = step - 1;
        writeln!(
            text,
            "  - {{ id: s{step}, action: bench.nothing, with: {{ x: '{{{{steps.s{before}.x}}}}' }} }}"
        )
        .unwrap();
    }
    let mut catalog = Catalog::new();
    actions().declare(&mut catalog);
    let workspace = Workspace::check(None, &[Source::new("flows/bench.yaml", text)], &catalog);
    workspace.flows[0].flow.clone().expect("the flow has no mistakes")
}

fn steps(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let told = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&told);
    let observer = Arc::new(move |event: &Event<'_>| {
        black_box(event);
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let plain = Executor::new(actions());
    let listened = Executor::new(actions()).with_observer(observer);
    let blind = Executor::new(actions()).with_observer(Arc::new(Counter(AtomicU64::new(0))));
    let mut group = criterion.benchmark_group("steps");
    for count in [10, 100, 1000] {
        let flow = flow(count);
        group.throughput(Throughput::Elements(count as u64));
        for (name, executor) in [("plain", &plain), ("counted", &blind), ("listened", &listened)] {
            group.bench_with_input(BenchmarkId::new(name, count), &flow, |bencher, flow| {
                bencher.iter(|| {
                    runtime.block_on(executor.run(flow, json!({}), RunOptions::new("run"), &NoJournal))
                });
            });
        }
        group.bench_with_input(BenchmarkId::new("recorded", count), &flow, |bencher, flow| {
            bencher.iter(|| {
                let journal = MemoryJournal::new();
                runtime.block_on(plain.run(flow, json!({}), RunOptions::new("run"), &journal))
            });
        });
    }
    group.finish();
    assert!(told.load(Ordering::Relaxed) > 0 || cfg!(test));
}

criterion_group!(benches, steps);
criterion_main!(benches);
