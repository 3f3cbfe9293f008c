//! Replays a flow, and compares it with a replay of the recorded one; and whether a run can go on with a flow.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lockgate_engine::clock::Clock;
use lockgate_engine::event::Observer;
use lockgate_engine::{Executor, RunOptions};
use lockgate_flow::graph::Flow;
use serde::Serialize;
use serde_json::Value;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use super::alignment::Alignment;
use super::departure::{Departure, ReplayEnd};
use super::journal::{Digest, RecordedEnd, ReplayJournal};
use super::script::Script;
use crate::error::StoreError;
use crate::run::{Settled, StoredRun};

/// A version of a flow, with the executor that finds the flows that it calls.
#[derive(Clone, Copy, Debug)]
pub struct Version<'a> {
    /// The flow.
    pub flow: &'a Arc<Flow>,
    /// Its actions are never called. Nobody observes what it does here.
    pub executor: &'a Executor,
}

/// What a replay found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replayed {
    /// Where the flow departs from the record, in order.
    pub departures: Vec<Departure>,
    /// Where the replay ended.
    pub end: ReplayEnd,
}

impl Replayed {
    /// Whether the flow went the way of the run, as far as the run had come: what differs are values at the most.
    pub fn is_same_way(&self) -> bool {
        let code = |error: &Option<Value>| error.as_ref().and_then(|error| error.get("code")).cloned();
        let is_other_way = |departure: &Departure| match departure {
            Departure::Failure { recorded, found } => code(recorded) != code(found),
            departure => departure.is_misfit(),
        };
        self.end != ReplayEnd::Departed && !self.departures.iter().any(is_other_way)
    }
}

/// What of a stored run a replay needs.
pub(super) struct Recording<'a> {
    pub(super) run_id: String,
    pub(super) input: &'a Value,
    pub(super) request: Option<&'a Value>,
    pub(super) attempt: u32,
    pub(super) started_at: Timestamp,
    pub(super) script: Script,
    pub(super) end: RecordedEnd,
    pub(super) digest: Digest,
}

impl<'a> Recording<'a> {
    fn of(run: &'a StoredRun) -> Result<Self, StoreError> {
        Ok(Self::with(run, run.journal.script()?))
    }

    fn with(run: &'a StoredRun, (script, digest): (Script, Digest)) -> Self {
        Self {
            run_id: run.id.to_string(),
            input: &run.input,
            request: run.request.as_ref(),
            attempt: run.attempt,
            started_at: run.started_at,
            script,
            end: RecordedEnd::of(run),
            digest,
        }
    }
}

/// Runs `edited` on what a run recorded. `recorded` is the flow that the run is pinned to: with it, steps are found that have
/// moved, and values that are computed otherwise; without it (it cannot be compiled any more) a step that was put before others
/// makes all of them depart. Nothing outside is touched. Reads the records, and so blocks on the disk for a moment.
///
/// # Errors
/// The records cannot be read.
pub async fn replay(
    run: &StoredRun,
    recorded: Option<Version<'_>>,
    edited: Version<'_>,
) -> Result<Replayed, StoreError> {
    Ok(compare(Recording::of(run)?, recorded, edited).await)
}

/// Whether a run can go on with `flow` instead of its own ([`Reopen`](crate::Reopen), with this word on its step in doubt): what
/// counts of its record has to be what `flow` does up to there, step by step under the same keys. Otherwise the first place where
/// it is not. What steps get may be another; their recorded outcomes are used. Nothing outside is touched. Reads the records, and
/// so blocks on the disk for a moment.
///
/// # Errors
/// The records cannot be read.
pub async fn fits(
    run: &StoredRun,
    flow: Version<'_>,
    doubt: Option<&Settled>,
) -> Result<Result<(), Departure>, StoreError> {
    let recording = Recording::with(run, run.journal.script_reopened(doubt.cloned())?);
    Ok(check(recording, flow).await)
}

/// Runs the flow that a run is pinned to once more on its record, with somebody who listens: what it did that is not recorded
/// (which way it went, what it computed) is told again. It is exact where there are no departures and it comes to its end, or to
/// that of the record. Nothing outside is touched. Reads the records, and so blocks on the disk for a moment.
///
/// # Errors
/// The records cannot be read.
pub async fn retrace(
    run: &StoredRun,
    flow: Version<'_>,
    observer: Arc<dyn Observer>,
) -> Result<Replayed, StoreError> {
    let recording = Recording::of(run)?;
    let journal = ReplayJournal::new(
        recording.script.clone(),
        recording.end.clone(),
        Arc::clone(&recording.digest),
    )
    .staying_asleep();
    // Its input was validated when it was recorded.
    let input = recording.input.clone();
    perform(&recording, flow, input, &journal, Some(observer)).await;
    Ok(Replayed {
        departures: journal.departures(),
        end: journal.end().unwrap_or(ReplayEnd::Departed),
    })
}

pub(super) async fn compare(
    recording: Recording<'_>,
    recorded: Option<Version<'_>>,
    edited: Version<'_>,
) -> Replayed {
    let journal = |script| ReplayJournal::new(script, recording.end.clone(), Arc::clone(&recording.digest));
    let mut edited_journal = journal(recording.script.clone());
    if let Some(recorded) = recorded {
        let before = journal(recording.script.clone());
        // What its input is no more, was validated when it was recorded.
        let input = recording.input.clone();
        perform(&recording, recorded, input, &before, None).await;
        let called = |name: &str| recorded.executor.flow(name).zip(edited.executor.flow(name));
        edited_journal = edited_journal
            .aligned(Alignment::of(recorded.flow, edited.flow, called))
            .compared_with(&before);
    }
    replayed(&recording, edited, edited_journal).await
}

pub(super) async fn check(mut recording: Recording<'_>, flow: Version<'_>) -> Result<(), Departure> {
    recording.end.forget();
    let journal = ReplayJournal::new(
        recording.script.clone(),
        recording.end.clone(),
        Arc::clone(&recording.digest),
    );
    let replayed = replayed(&recording, flow, journal).await;
    match replayed.departures.into_iter().find(Departure::is_misfit) {
        Some(misfit) => Err(misfit),
        None => Ok(()),
    }
}

async fn replayed(recording: &Recording<'_>, version: Version<'_>, journal: ReplayJournal) -> Replayed {
    let input = match recording.input.clone() {
        Value::Object(fields) => version.flow.input.validate(fields),
        input => Ok(input),
    };
    let input = match input {
        Ok(input) => input,
        Err(mistakes) => {
            let mistakes = mistakes
                .into_iter()
                .map(|mistake| (mistake.field, mistake.message));
            return Replayed {
                departures: vec![Departure::RunInput {
                    mistakes: mistakes.collect(),
                }],
                end: ReplayEnd::Departed,
            };
        }
    };
    perform(recording, version, input, &journal, None).await;
    Replayed {
        departures: journal.departures(),
        end: journal.end().unwrap_or(ReplayEnd::Departed),
    }
}

/// Runs a flow on a journal. Nobody else hears of it: it is no run.
async fn perform(
    recording: &Recording<'_>,
    version: Version<'_>,
    input: Value,
    journal: &ReplayJournal,
    observer: Option<Arc<dyn Observer>>,
) {
    let clock = Frozen {
        now: recording.started_at,
        real: Arc::clone(version.executor.clock()),
    };
    let mut executor = version
        .executor
        .clone()
        .without_observer()
        .with_clock(Arc::new(clock))
        .with_entropy(|buffer| buffer.fill(0));
    if let Some(observer) = observer {
        executor = executor.with_observer(observer);
    }
    let options = RunOptions {
        request: recording.request.cloned(),
        attempt: recording.attempt,
        started_at: Some(recording.started_at),
        ..RunOptions::new(recording.run_id.clone())
    };
    executor
        .run(version.flow, input, options, journal)
        .with_subscriber(NoSubscriber::new())
        .await;
}

/// A clock that stands still: limits of time are a matter of the record.
struct Frozen {
    now: Timestamp,
    real: Arc<dyn Clock>,
}

impl Clock for Frozen {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.real.sleep(duration)
    }
}
