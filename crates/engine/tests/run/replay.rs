//! Replay with the journal in memory: the suite for all journals, and what journals that are late or fail do to a run.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use lockgate_engine::clock::Clock;
use lockgate_engine::journal::{
    Journal, JournalError, MemoryJournal, Outcome, Prior, Record, Slept, StepInfo,
};
use lockgate_engine::step_key::StepKey;
use serde_json::json;

use crate::journals::{self, Line, Place};
use crate::laboratory::{Laboratory, compile, gist};

/// The process's memory.
struct Memory;

impl Place for Memory {
    type Journal = MemoryJournal;
    type Record = Record;

    async fn begin(&self) -> MemoryJournal {
        MemoryJournal::new()
    }

    async fn records(&self, journal: &MemoryJournal) -> Vec<Record> {
        journal.records()
    }

    async fn resume(&self, records: &[Record]) -> MemoryJournal {
        MemoryJournal::from_records(records.to_vec())
    }

    fn suspending(&self, journal: MemoryJournal, longer_than: Duration) -> MemoryJournal {
        journal.suspending(longer_than)
    }

    fn line(&self, record: &Record) -> Line {
        match record {
            Record::Started { key, action, .. } => Line::Started {
                key: key.clone(),
                action: action.clone(),
            },
            Record::Finished { key, outcome, .. } => Line::Finished {
                key: key.clone(),
                is_ok: outcome.is_ok(),
            },
            Record::Sleeping { .. } | Record::Woken { .. } => Line::Other,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_off_run_ends_the_same() {
    journals::a_cut_off_run_ends_the_same(&Memory).await;
}

#[tokio::test(start_paused = true)]
async fn values_of_impure_functions_stay() {
    journals::values_of_impure_functions_stay(&Memory).await;
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_branch_stays_cancelled_after_a_long_pause() {
    journals::a_cancelled_branch_stays_cancelled_after_a_long_pause(&Memory).await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_settled_is_in_doubt() {
    journals::what_cannot_be_settled_is_in_doubt(&Memory).await;
}

#[tokio::test(start_paused = true)]
async fn a_sleeping_run_leaves_the_memory() {
    journals::a_sleeping_run_leaves_the_memory(&Memory).await;
}

#[tokio::test(start_paused = true)]
async fn another_flow_does_not_go_on_with_the_journal() {
    journals::another_flow_does_not_go_on_with_the_journal(&Memory).await;
}

#[tokio::test(start_paused = true)]
async fn outcomes_come_back_exactly() {
    journals::outcomes_come_back_exactly(&Memory).await;
}

/// A journal that answers late, as one that writes to a disk: both branches have failed before either is told.
struct Late(MemoryJournal);

impl Journal for Late {
    const READS_INPUT: bool = false;

    async fn step<'a, F, Fut>(
        &'a self,
        key: &'a StepKey<'a>,
        info: StepInfo<'a>,
        effect: F,
    ) -> Result<Option<Outcome>, JournalError>
    where
        F: FnOnce(Prior) -> Fut + Send + 'a,
        Fut: Future<Output = Option<Outcome>> + Send + 'a,
    {
        let outcome = self.0.step(key, info, effect).await;
        // The first branch is answered last.
        let late = if key.path.contains("parallel/x") { 20 } else { 10 };
        tokio::time::sleep(Duration::from_millis(late)).await;
        outcome
    }

    async fn sleep<'a>(
        &'a self,
        key: &'a StepKey<'a>,
        info: StepInfo<'a>,
        until: Timestamp,
        clock: &'a dyn Clock,
    ) -> Result<Slept, JournalError> {
        self.0.sleep(key, info, until, clock).await
    }
}

#[tokio::test(start_paused = true)]
async fn the_branch_that_ended_the_others_is_recorded() {
    let flows = compile(&[
        "steps: [{ parallel: { x: [{ action: test.fail, with: { code: refused } }], y: [{ action: test.fail, with: { code: busy } }] }, on_error: [{ return: '{{error.code}}' }] }]",
    ]);
    let journal = Late(MemoryJournal::new());
    let expected = json!({ "status": "succeeded", "output": "busy" });
    assert_eq!(
        gist(&Laboratory::of(flows.clone()).run_on(&journal, json!({})).await),
        expected
    );
    let again = Laboratory::of(flows);
    assert_eq!(
        gist(&again.run_on(&journal.0.prefix(usize::MAX), json!({})).await),
        expected
    );
}

#[tokio::test(start_paused = true)]
async fn records_survive_serialisation() {
    let flows = compile(&[
        "steps: [{ action: test.flaky, with: { name: x, fails: 1 } }, { action: test.fail, with: { code: refused, provider: { a: 1 } }, on_error: continue }, { wait: 1s }]",
    ]);
    let journal = MemoryJournal::new();
    let laboratory = Laboratory::of(flows);
    laboratory.run_on(&journal, json!({})).await;
    let (lines, elapsed) = (laboratory.book.lines(), laboratory.elapsed_ms());
    let text = serde_json::to_string(&journal.records()).unwrap();
    let read: Vec<Record> = serde_json::from_str(&text).unwrap();
    assert_eq!(read, journal.records());
    let again = laboratory
        .run_on(&MemoryJournal::from_records(read), json!({}))
        .await;
    assert_eq!(gist(&again), json!({ "status": "succeeded" }));
    let now = (laboratory.book.lines(), laboratory.elapsed_ms());
    assert_eq!(now, (lines, elapsed), "a replay does nothing and does not wait");
}

/// Fails from a call on.
struct Failing {
    inner: MemoryJournal,
    calls_left: AtomicUsize,
}

impl Failing {
    fn count(&self) -> Result<(), JournalError> {
        let left = self
            .calls_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        left.map(|_| ())
            .map_err(|_| JournalError::Unavailable("the disk is full".into()))
    }
}

impl Journal for Failing {
    const READS_INPUT: bool = false;

    async fn step<'a, F, Fut>(
        &'a self,
        key: &'a StepKey<'a>,
        info: StepInfo<'a>,
        effect: F,
    ) -> Result<Option<Outcome>, JournalError>
    where
        F: FnOnce(Prior) -> Fut + Send + 'a,
        Fut: Future<Output = Option<Outcome>> + Send + 'a,
    {
        self.count()?;
        self.inner.step(key, info, effect).await
    }

    async fn sleep<'a>(
        &'a self,
        key: &'a StepKey<'a>,
        info: StepInfo<'a>,
        until: Timestamp,
        clock: &'a dyn Clock,
    ) -> Result<Slept, JournalError> {
        self.count()?;
        self.inner.sleep(key, info, until, clock).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_stops_where_its_journal_fails_and_goes_on_later() {
    let flows = compile(&[
        "steps: [{ action: test.once, on_error: continue }, { wait: 1s }, { parallel: { x: [{ action: test.once }] }, on_error: continue }, { respond: {} }, { return: 1 }]\non_error: [{ return: no }]",
    ]);
    let laboratory = Laboratory::of(flows);
    let mut inner = MemoryJournal::new();
    for calls in 0.. {
        let journal = Failing {
            inner,
            calls_left: calls.into(),
        };
        let outcome = laboratory.run_on(&journal, json!({})).await;
        inner = journal.inner.prefix(usize::MAX);
        if outcome.output.is_some() {
            assert_eq!(calls, 4);
            break;
        }
        assert_eq!(
            gist(&outcome),
            json!({ "status": "interrupted", "error": "journal_unavailable" })
        );
    }
    let effects = laboratory.book.effects.lock().unwrap();
    assert_eq!(effects.values().copied().collect::<Vec<_>>(), [1, 1]);
}
