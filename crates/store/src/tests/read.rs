//! What real runs have left in a store: read, exported, replayed.

use std::sync::{Arc, Mutex};

use lockgate_engine::RunOptions;
use lockgate_engine::event::{Event, EventKind, Observer, Way};
use lockgate_engine::journal::Journal;
use lockgate_engine::outcome::RunStatus;
use serde_json::json;

use super::bed::{Bed, Pinned, fresh};
use super::laboratory::{Laboratory, compile};
use crate::history::{Filter, History, StepState, Timeline};
use crate::replay::{Departure, ReplayEnd, ReplayJournal, Version, fits, replay, retrace};
use crate::{Durability, RunId, Settled, Status, Store};

const FLOW: &str = "
name: sign-up
input:
  password: { type: string, secret: true }
steps:
  - { id: a, action: test.once, with: { value: '{{input.password}} {{uuid}}' } }
  - { id: b, action: test.secret, with: { key: '{{input.password}}' } }
  - { action: test.flaky, with: { name: x, fails: 1 } }
  - { wait: 1h }
  - { action: test.echo, with: { token: '{{steps.b.token}}' } }
  - { respond: { status: 201, body: { id: '{{steps.a.id}}', token: '{{steps.b.token}}' } } }
  - { return: '{{input.password}}' }";

struct Kept {
    bed: Bed,
    store: Store,
    laboratory: Laboratory,
    id: RunId,
}

impl Kept {
    /// A run of a flow that has come to an end.
    async fn of(flow: &str, input: serde_json::Value) -> Self {
        Self::heard(flow, input, Arc::new(|_: &Event<'_>| {})).await
    }

    /// With somebody who listens.
    async fn heard(flow: &str, input: serde_json::Value, observer: Arc<dyn Observer>) -> Self {
        let bed = Bed::new(Durability::Full);
        let store = bed.open();
        let flows = compile(&[flow]);
        let pinned = Pinned::of(&flows[0]);
        let mut laboratory = Laboratory::of(flows);
        laboratory.executor = laboratory
            .executor
            .with_clock(bed.clock())
            .with_observer(observer);
        let now = bed.clock().now();
        let journal = fresh(store.begin(pinned.run(&input, now)).await.unwrap());
        let id = journal.id();
        let options = RunOptions {
            started_at: Some(now),
            ..RunOptions::new(id.to_string())
        };
        // Awake, though it sleeps for an hour: no time passes here.
        let journal = journal.suspending(std::time::Duration::MAX);
        laboratory.run_with(&journal, input, options).await;
        store.flush().await.unwrap();
        Self {
            bed,
            store,
            laboratory,
            id,
        }
    }

    fn history(&self) -> History {
        History::open(&self.bed.settings.path).unwrap()
    }
}

fn version(laboratory: &Laboratory) -> Version<'_> {
    Version {
        flow: &laboratory.flow,
        executor: &laboratory.executor,
    }
}

#[tokio::test(start_paused = true)]
async fn history_and_replays_show_no_secret() {
    let kept = Kept::of(FLOW, json!({ "password": "canary-input" })).await;
    let history = kept.history();
    let page = history.list(&Filter::default(), None, 10).unwrap();
    assert_eq!(page.runs[0].id, kept.id);
    assert_eq!(page.runs[0].status, Status::Succeeded);
    let run = history.run(kept.id).unwrap().unwrap();
    let timeline = Timeline::of(&run.records, run.summary.status);
    let steps: Vec<(&str, &str, usize)> = timeline
        .steps
        .iter()
        .map(|step| {
            assert_eq!(step.state, StepState::Finished, "{step:?}");
            (&*step.key, step.verb.as_deref().unwrap(), step.attempts.len())
        })
        .collect();
    assert_eq!(
        steps,
        [
            ("steps/0", "action", 1),
            ("steps/1", "action", 1),
            ("steps/2", "action", 2),
            ("steps/3", "wait", 1),
            ("steps/4", "action", 1),
            ("steps/5", "respond", 1),
        ]
        .map(|(key, verb, attempts)| (key, verb, if verb == "respond" { 0 } else { attempts }))
    );
    let export = serde_json::to_string(&history.export(kept.id).unwrap().unwrap()).unwrap();
    assert!(export.contains("sign-up") && export.contains("••••"));
    // As the flow's author wrote it, the text has no secret.
    assert!(!export.contains("canary"), "{export}");

    let stored = kept.store.load(kept.id).await.unwrap().unwrap();
    let own = version(&kept.laboratory);
    let effects = kept.laboratory.book.effects.lock().unwrap().clone();
    let same = replay(&stored, Some(own), own).await.unwrap();
    assert_eq!((same.departures, same.end), (vec![], ReplayEnd::Ended));
    // The edited flow calls nothing secret any more: what was a secret stays one.
    let edited = FLOW
        .replace(", secret: true", "")
        .replace(
            "value: '{{input.password}}",
            "value: '{{input.password}} or {{input.password}}",
        )
        .replace("key: '{{input.password}}'", "key: '{{input.password}}!'")
        .replace(
            "token: '{{steps.b.token}}' } }\n",
            "token: '{{steps.b.token}}', more: 1 } }\n",
        )
        .replace(
            "token: '{{steps.b.token}}' } } }",
            "token: 'x {{steps.b.token}}' } } }",
        )
        .replace("return: '{{input.password}}'", "return: '{{input.password}}?'");
    let edited = Laboratory::of(compile(&[&edited]));
    let found = replay(&stored, Some(own), version(&edited)).await.unwrap();
    let kinds: Vec<String> = found
        .departures
        .iter()
        .map(|departure| match departure {
            Departure::Input { key, .. } => key.clone(),
            Departure::Answer { .. } => "answer".to_owned(),
            Departure::Output { .. } => "output".to_owned(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, ["steps/0@input", "steps/1", "steps/4", "answer", "output"]);
    let shown = serde_json::to_string(&found).unwrap();
    assert!(shown.contains("••••") && !shown.contains("canary"), "{shown}");
    // Nothing happened.
    assert!(edited.book.lines().is_empty() && edited.book.effects.lock().unwrap().is_empty());
    assert_eq!(*kept.laboratory.book.effects.lock().unwrap(), effects);
}

#[tokio::test(start_paused = true)]
async fn a_journal_for_replays_can_be_used_by_itself() {
    let kept = Kept::of(FLOW, json!({ "password": "canary-input" })).await;
    let stored = kept.store.load(kept.id).await.unwrap().unwrap();
    let journal = ReplayJournal::of(&stored).unwrap();
    assert_eq!(journal.end(), None);
    let options = RunOptions {
        started_at: Some(stored.started_at),
        ..RunOptions::new(stored.id.to_string())
    };
    let outcome = kept
        .laboratory
        .run_with(&journal, stored.input.clone(), options)
        .await;
    assert_eq!(outcome.status, RunStatus::Succeeded);
    assert_eq!(outcome.output, stored.output);
    assert_eq!(journal.departures(), []);
    assert_eq!(journal.end(), Some(ReplayEnd::Ended));
    const { assert!(ReplayJournal::READS_INPUT) };
}

#[tokio::test(start_paused = true)]
async fn a_failed_run_fits_a_flow_whose_failing_step_was_mended() {
    let flow = "steps:
  - { id: a, action: test.once, with: { value: 1 } }
  - { action: test.fail, with: { code: refused } }
  - { action: test.once, with: { value: 2 } }";
    let kept = Kept::of(flow, json!({})).await;
    let stored = kept.store.load(kept.id).await.unwrap().unwrap();
    assert_eq!(stored.status, Status::Failed);
    for (edited, expected) in [
        (flow.to_owned(), true),
        // The step that failed: another input, another action, a handler.
        (flow.replace("refused }", "busy }"), true),
        (
            flow.replace("test.fail, with: { code: refused }", "test.echo, with: { x: 1 }"),
            true,
        ),
        (
            flow.replace("refused } }", "refused }, on_error: continue }"),
            true,
        ),
        (
            flow.replace("  - { action: test.fail, with: { code: refused } }\n", ""),
            true,
        ),
        // What comes after it.
        (flow.replace("value: 2", "value: 3"), true),
        // What came before it.
        (flow.replace("value: 1", "value: 3"), true),
        (
            flow.replace("id: a, action: test.once", "id: a, action: test.echo"),
            false,
        ),
        (
            flow.replace("steps:\n", "steps:\n  - { action: test.echo, with: { x: 1 } }\n"),
            false,
        ),
        (
            flow.replace("  - { id: a, action: test.once, with: { value: 1 } }\n", ""),
            false,
        ),
    ] {
        let edited_flow = Laboratory::of(compile(&[&edited]));
        let fit = fits(&stored, version(&edited_flow), None).await.unwrap();
        assert_eq!(fit.is_ok(), expected, "{fit:?}: {edited}");
        assert!(edited_flow.book.lines().is_empty());
        assert!(edited_flow.book.effects.lock().unwrap().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn an_operators_word_counts_when_it_is_asked_whether_a_run_fits() {
    let flow = "steps:
  - { id: a, action: test.blind, with: { value: 1 } }
  - { action: test.echo, with: { x: '{{steps.a.id}}' } }";
    let bed = Bed::new(Durability::Full);
    let store = bed.open();
    let pinned = Pinned::new(flow);
    let journal = pinned.begin(&store).await;
    let id = journal.id();
    let laboratory = Laboratory::new(flow);
    // Cut off in the middle of the step, and run again: nobody can tell.
    let stuck = Stuck(&journal);
    let life = laboratory.run_on(&stuck, json!({}));
    let cut_off = tokio::time::timeout(std::time::Duration::from_secs(1), life).await;
    assert!(cut_off.is_err());
    drop(journal);
    let stored = store.load(id).await.unwrap().unwrap();
    let outcome = laboratory.run_on(&stored.journal, json!({})).await;
    assert_eq!(outcome.status, RunStatus::InDoubt);
    drop(stored);
    let stored = store.load(id).await.unwrap().unwrap();
    let another = Laboratory::new(&flow.replace("test.blind", "test.once"));
    for (doubt, own, other) in [
        (None, true, false),
        // Its outcome is recorded without the announcement's action being another.
        (Some(Settled::Happened(json!({ "id": 7 }))), true, false),
        (Some(Settled::DidNotHappen), true, true),
    ] {
        for (laboratory, expected) in [(&laboratory, own), (&another, other)] {
            let fit = fits(&stored, version(laboratory), doubt.as_ref()).await.unwrap();
            assert_eq!(fit.is_ok(), expected, "{doubt:?}: {fit:?}");
        }
    }
}

/// Lets no effect come to its end.
struct Stuck<'a>(&'a crate::RunJournal);

impl Journal for Stuck<'_> {
    const READS_INPUT: bool = true;

    async fn step<'a, F, Fut>(
        &'a self,
        key: &'a lockgate_engine::step_key::StepKey<'a>,
        info: lockgate_engine::journal::StepInfo<'a>,
        _effect: F,
    ) -> Result<Option<lockgate_engine::journal::Outcome>, lockgate_engine::journal::JournalError>
    where
        F: FnOnce(lockgate_engine::journal::Prior) -> Fut + Send + 'a,
        Fut: Future<Output = Option<lockgate_engine::journal::Outcome>> + Send + 'a,
    {
        self.0.step(key, info, |_| std::future::pending()).await
    }

    async fn sleep<'a>(
        &'a self,
        key: &'a lockgate_engine::step_key::StepKey<'a>,
        info: lockgate_engine::journal::StepInfo<'a>,
        until: jiff::Timestamp,
        clock: &'a dyn lockgate_engine::clock::Clock,
    ) -> Result<lockgate_engine::journal::Slept, lockgate_engine::journal::JournalError> {
        self.0.sleep(key, info, until, clock).await
    }
}

/// Keeps what is told of a run: steps that began and how they ended, ways that were taken.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Heard {
    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = self.0.lock().unwrap().clone();
        // Branches have no order between them.
        lines.sort();
        lines
    }
}

impl Observer for Heard {
    fn on_event(&self, event: &Event<'_>) {
        match &event.kind {
            EventKind::StepStarted(step) => self.add(format!("{} began", step.key)),
            EventKind::StepFinished { step, outcome, .. } => {
                let outcome = serde_json::to_value(outcome).unwrap();
                self.add(format!("{} {}", step.key, outcome["outcome"]));
            }
            _ => {}
        }
    }

    fn wants_values(&self) -> bool {
        false
    }

    fn on_way(&self, way: &Way<'_>) {
        self.add(format!("{} {:?}", way.node.path, way.edge));
    }
}

const WAYS: &str = "
name: ways
input: { n: { type: integer } }
steps:
  - { id: coin, if: 'lt (to_number (random 1 \"digits\")) 5', then: [{ set: { way: low } }], else: [{ set: { way: high } }] }
  - parallel:
      a: [{ action: test.once, with: { value: '{{uuid}}' } }]
      b: [{ if: 'eq input.n 7', action: test.once, with: { value: never } }, { wait: 1h }]
  - for_each: 'split \"x,y\" \",\"'
    steps:
      - switch: '{{item}}'
        cases: { x: [{ action: test.once, with: { value: x } }] }
        default: [{ set: { other: '{{item}}' } }]
  - { action: test.flaky, with: { name: y, fails: 9 }, on_error: { '*': [{ respond: { status: 500 } }] } }
  - { return: '{{vars.way}} {{now}}' }";

#[tokio::test(start_paused = true)]
async fn the_way_of_a_run_is_told_again() {
    for turn in 0..8 {
        let (first, again) = (Arc::new(Heard::default()), Arc::new(Heard::default()));
        let kept = Kept::heard(WAYS, json!({ "n": turn }), Arc::clone(&first) as _).await;
        let stored = kept.store.load(kept.id).await.unwrap().unwrap();
        let effects = kept.laboratory.book.effects.lock().unwrap().clone();
        let own = version(&kept.laboratory);
        let told = retrace(&stored, own, Arc::clone(&again) as _).await.unwrap();
        assert!(told.is_same_way(), "{told:?}");
        assert_eq!(first.lines(), again.lines());
        assert!(first.lines().len() > 15, "{:?}", first.lines());
        assert_eq!(*kept.laboratory.book.effects.lock().unwrap(), effects);
        // Of another flow it says that it is another way.
        let edited = WAYS.replace("- { action: test.flaky", "- { action: test.once");
        let edited = Laboratory::of(compile(&[&edited]));
        let told = retrace(&stored, version(&edited), Arc::new(Heard::default()))
            .await
            .unwrap();
        assert!(!told.is_same_way(), "{told:?}");
    }
}
