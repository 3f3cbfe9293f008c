//! A run's journal: what `engine::Executor` asks, answered from the store.

pub(crate) mod kept;
mod line;
pub(crate) mod recorded;

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use lockgate_engine::clock::{Clock, sleep_until};
use lockgate_engine::journal::{
    Journal, JournalError, Outcome, Prior, ReplayBarrier, RunEnd, Slept, StepInfo,
};
use lockgate_engine::masks::Masks;
use lockgate_engine::outcome::RunStatus;
use lockgate_engine::step_key::StepKey;
use lockgate_flow::catalog::Effect;
use tokio::sync::Notify;

use self::kept::{Shown, shown, shown_error};
use self::line::Head;
use self::recorded::{Recorded, What, is_answer, place};
use crate::crash::crash_point;
use crate::error::StoreError;
use crate::id::RunId;
use crate::names::KnownDefinition;
use crate::replay::{Digest, Script};
use crate::rows::{StateRow, micros, micros_after};
use crate::run::{Settled, Status};
use crate::settings::Durability;
use crate::store::Shared;
use crate::writer::RunState;

/// A run that sleeps longer leaves the memory.
const LONGEST_IN_MEMORY: Duration = Duration::from_secs(1);

/// One run's journal. Everything it is told goes to the writer in order; it waits for the disk only where
/// [`Durability::Full`](crate::Durability::Full) promises that: before a `once` effect, before an answer, and at the end
/// of a run that has not answered.
pub struct RunJournal {
    store: Arc<Shared>,
    run: Arc<RunState>,
    definition: Arc<KnownDefinition>,
    status: Status,
    attempt: u32,
    started_at: Timestamp,
    /// How long the run was active in earlier lives, in microseconds.
    active_before: i64,
    recorded: Recorded,
    barrier: ReplayBarrier,
    /// It goes on from records.
    is_resumed: bool,
    /// This life has begun.
    is_alive: AtomicBool,
    has_answered: AtomicBool,
    suspends_after: Duration,
    wake_at: Mutex<Option<Timestamp>>,
    masks: Mutex<Masks>,
    is_stopped: AtomicBool,
    stopped: Notify,
}

/// What a journal begins with.
pub(crate) struct Parts {
    pub(crate) store: Arc<Shared>,
    pub(crate) run: Arc<RunState>,
    pub(crate) definition: Arc<KnownDefinition>,
    pub(crate) status: Status,
    pub(crate) attempt: u32,
    pub(crate) started_at: Timestamp,
    pub(crate) active_before: i64,
}

impl RunJournal {
    /// Of a run that begins.
    pub(crate) fn fresh(parts: Parts, masks: Masks) -> Self {
        Self::new(parts, Recorded::default(), masks, false)
    }

    /// Of a run that goes on.
    pub(crate) fn resumed(parts: Parts, recorded: Recorded) -> Self {
        Self::new(parts, recorded, Masks::new(), true)
    }

    fn new(parts: Parts, recorded: Recorded, masks: Masks, is_resumed: bool) -> Self {
        Self {
            store: parts.store,
            run: parts.run,
            definition: parts.definition,
            status: parts.status,
            attempt: parts.attempt,
            started_at: parts.started_at,
            active_before: parts.active_before,
            barrier: ReplayBarrier::new(recorded.outcomes()),
            has_answered: AtomicBool::new(recorded.answer.is_some()),
            recorded,
            is_resumed,
            is_alive: AtomicBool::new(false),
            suspends_after: LONGEST_IN_MEMORY,
            wake_at: Mutex::new(None),
            masks: Mutex::new(masks),
            is_stopped: AtomicBool::new(false),
            stopped: Notify::new(),
        }
    }

    /// The run.
    pub fn id(&self) -> RunId {
        self.run.id
    }

    /// `run.started_at`, as it is kept (to the microsecond): what the run has to be run with.
    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// The secrets of the run's input, as far as they have been looked for: to be run with
    /// ([`RunOptions::masks`](lockgate_engine::RunOptions::masks)), so that it is not done twice. Once.
    pub fn take_masks(&self) -> Masks {
        std::mem::take(&mut self.masks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// When the run is to go on, after it was suspended.
    pub fn wake_at(&self) -> Option<Timestamp> {
        *self.wake_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps longer than this take the run out of memory; without it, 1 s.
    #[must_use]
    pub fn suspending(mut self, longer_than: Duration) -> Self {
        self.suspends_after = longer_than;
        self
    }

    /// From here on no new effect begins: the run ends as interrupted at its next step, and is resumed later. A step that
    /// is under way comes to its end, and is recorded.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
        self.stopped.notify_waiters();
    }

    /// What the run has recorded, and what makes the digests of inputs. Blocks on the disk.
    pub(crate) fn script(&self) -> Result<(Script, Digest), StoreError> {
        Ok((self.store.script(self.run.id)?, self.digest()))
    }

    /// The same, as if the run were reopened. Blocks on the disk.
    pub(crate) fn script_reopened(&self, doubt: Option<Settled>) -> Result<(Script, Digest), StoreError> {
        Ok((self.store.script_reopened(self.run.id, doubt)?, self.digest()))
    }

    fn digest(&self) -> Digest {
        let seal = Arc::clone(&self.store.seal);
        Arc::new(move |json: &str| seal.digest_input(json))
    }

    /// With the first thing that the run asks.
    fn live(&self) {
        if self.is_alive.swap(true, Ordering::Relaxed) {
            return;
        }
        if self.is_resumed {
            let at = self.now();
            self.record(|line| line::resumed(line, at, self.attempt));
        }
        if self.status != Status::Running {
            let mut state = StateRow::going(self.definition.id, Status::Running, self.attempt);
            state.active = self.active_before;
            self.change(state);
        }
        if self.is_resumed {
            crash_point("recovery.loaded");
        }
    }

    /// An error where nothing new may begin.
    fn may_begin(&self) -> Result<(), JournalError> {
        if self.is_stopped.load(Ordering::Acquire) {
            return Err(JournalError::Unavailable("the process is about to end".into()));
        }
        match self.store.writer.failing() {
            Some(error) => Err(unavailable(error)),
            None => Ok(()),
        }
    }

    /// What is recorded under a key, if it is of the same kind.
    fn find(&self, key: &StepKey<'_>, info: &StepInfo<'_>) -> Result<Option<&What>, JournalError> {
        if self.recorded.is_empty() {
            return Ok(None);
        }
        let key = key.to_string();
        let Some(entry) = self.recorded.find(&key, info.attempt) else {
            return Ok(None);
        };
        let departed = |recorded: &str, found: &str| {
            Err(JournalError::Departed {
                key: key.clone(),
                recorded: recorded.to_owned(),
                found: found.to_owned(),
            })
        };
        match &entry.action {
            Some(action) if action != info.action => departed(
                action,
                if info.action.is_empty() {
                    info.verb
                } else {
                    info.action
                },
            ),
            None if entry.verb != info.verb && !matches!(entry.what, What::Sleeping(_) | What::Woken) => {
                departed(&entry.verb, info.verb)
            }
            _ => Ok(Some(&entry.what)),
        }
    }

    /// Waits for the disk, where that is promised.
    async fn make_safe(&self) -> Result<(), JournalError> {
        if self.store.durability != Durability::Full {
            return Ok(());
        }
        self.store.writer.flush_run(&self.run).await.map_err(unavailable)
    }

    fn record(&self, write: impl FnOnce(&mut String)) {
        self.store.writer.record(&self.run, write);
    }

    fn change(&self, state: StateRow) {
        let state = Box::new((Arc::clone(&self.definition), state));
        self.store.writer.change(&self.run, state);
    }

    fn now(&self) -> Timestamp {
        self.store.clock.now()
    }

    fn head<'a, 'k>(&self, key: &'a StepKey<'k>, attempt: u32) -> Head<'a, StepKey<'k>> {
        Head {
            key,
            attempt,
            at: self.now(),
        }
    }

    fn record_started(&self, key: &StepKey<'_>, info: &StepInfo<'_>) {
        let head = self.head(key, info.attempt);
        let input = info.input.map(|input| {
            let shown = shown(input, info.masks);
            let (Shown::Whole(json) | Shown::Masked { json, .. }) = &shown;
            let digest = self.store.seal.digest_input(json);
            let (Shown::Whole(shown) | Shown::Masked { shown, .. }) = shown;
            (shown, digest)
        });
        let input = input.as_ref().map(|(shown, digest)| (&**shown, &**digest));
        self.record(|line| head.started(line, info.action, info.effect.name(), input));
    }

    fn record_finished(
        &self,
        key: &StepKey<'_>,
        info: &StepInfo<'_>,
        outcome: &Outcome,
    ) -> Result<(), JournalError> {
        let place = || place(&key.to_string(), info.attempt);
        let kept = kept::keep(
            outcome,
            info.secret,
            info.masks,
            &self.store.seal,
            self.run.id,
            place,
        );
        let kept = kept.map_err(|error| JournalError::Unavailable(error.into()))?;
        let kept = if outcome.is_ok() { Ok(&kept) } else { Err(&kept) };
        let head = self.head(key, info.attempt);
        self.record(|line| head.finished(line, info.verb, kept));
        Ok(())
    }
}

/// What is recorded and does not happen after all is withdrawn: an announced effect, so that nobody takes it for in doubt;
/// an answer that nobody has got, so that nobody gets it later in the place of what the run came to instead.
struct Announced<'a> {
    journal: &'a RunJournal,
    key: &'a StepKey<'a>,
    attempt: u32,
    happens: bool,
}

impl<'a> Announced<'a> {
    const fn new(journal: &'a RunJournal, key: &'a StepKey<'a>, attempt: u32) -> Self {
        Self {
            journal,
            key,
            attempt,
            happens: false,
        }
    }

    /// Waits for the disk, where that is promised. From then on it happens.
    async fn made_safe(mut self) -> Result<(), JournalError> {
        self.journal.make_safe().await?;
        self.happens = true;
        Ok(())
    }
}

impl Drop for Announced<'_> {
    fn drop(&mut self) {
        if !self.happens {
            let head = self.journal.head(self.key, self.attempt);
            self.journal.record(|line| head.withdrawn(line));
        }
    }
}

impl Journal for RunJournal {
    const READS_INPUT: bool = true;

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
        self.live();
        let prior = match self.find(key, &info)? {
            Some(What::Finished(outcome)) => {
                self.barrier.given();
                return Ok(Some(outcome.clone()));
            }
            Some(What::Started) => Prior::Started,
            Some(What::Sleeping(_) | What::Woken) => {
                return Err(JournalError::Departed {
                    key: key.to_string(),
                    recorded: "wait".to_owned(),
                    found: info.verb.to_owned(),
                });
            }
            None => Prior::Fresh,
        };
        self.barrier.pass().await;
        self.may_begin()?;
        // Values and answers happen at once; only what touches the world can be in doubt.
        let touches = info.effect != Effect::Pure;
        if touches && prior == Prior::Fresh {
            self.record_started(key, &info);
            if info.effect == Effect::Once {
                Announced::new(self, key, info.attempt).made_safe().await?;
            }
            crash_point("step.started");
        }
        if touches {
            crash_point("step.before_effect");
        }
        let outcome = effect(prior).await;
        if touches {
            crash_point("step.after_effect");
        }
        if let Some(outcome) = &outcome {
            self.record_finished(key, &info, outcome)?;
            if touches {
                crash_point("step.finished");
            }
            // What a called flow answers goes to nobody.
            if outcome.is_ok() && is_answer(info.verb) && key.part.is_empty() && key.parent.is_none() {
                Announced::new(self, key, info.attempt).made_safe().await?;
                self.has_answered.store(true, Ordering::Relaxed);
                crash_point("respond.recorded");
            }
        }
        Ok(outcome)
    }

    async fn sleep<'a>(
        &'a self,
        key: &'a StepKey<'a>,
        info: StepInfo<'a>,
        until: Timestamp,
        clock: &'a dyn Clock,
    ) -> Result<Slept, JournalError> {
        self.live();
        let recorded = match self.find(key, &info)? {
            Some(What::Woken) => {
                self.barrier.given();
                return Ok(Slept::Elapsed);
            }
            Some(What::Sleeping(until)) => Some(*until),
            Some(What::Started | What::Finished(_)) => {
                return Err(JournalError::Departed {
                    key: key.to_string(),
                    recorded: "step".to_owned(),
                    found: "wait".to_owned(),
                });
            }
            None => None,
        };
        let until = recorded.unwrap_or(until);
        self.barrier.pass().await;
        self.may_begin()?;
        if recorded.is_none() {
            let head = self.head(key, info.attempt);
            self.record(|line| head.sleeping(line, until));
            crash_point("sleep.recorded");
        }
        let now = clock.now();
        if now < until && until.duration_since(now).unsigned_abs() > self.suspends_after {
            let mut wake_at = self.wake_at.lock().unwrap_or_else(PoisonError::into_inner);
            *wake_at = Some(wake_at.map_or(until, |other| other.min(until)));
            return Ok(Slept::Suspend);
        }
        let stopped = self.stopped.notified();
        self.may_begin()?;
        tokio::select! {
            biased;
            () = sleep_until(clock, until) => {}
            () = stopped => self.may_begin()?,
        }
        let head = self.head(key, info.attempt);
        self.record(|line| head.woken(line));
        Ok(Slept::Elapsed)
    }

    async fn end<'a>(&'a self, end: RunEnd<'a>) -> Result<(), JournalError> {
        self.live();
        let status = match end.status {
            RunStatus::Succeeded => Status::Succeeded,
            RunStatus::Failed => Status::Failed,
            RunStatus::InDoubt => Status::InDoubt,
            RunStatus::Suspended => Status::Sleeping,
            RunStatus::Cancelled => Status::Cancelled,
            // Never told; it stays as it is, to be resumed.
            RunStatus::Interrupted => return Ok(()),
        };
        let mut state = StateRow::going(self.definition.id, status, self.attempt);
        state.active = i64::try_from(end.active.as_micros()).unwrap_or(i64::MAX);
        if status == Status::Sleeping {
            state.wake_at = Some(micros_after(self.wake_at().unwrap_or_else(|| self.now())));
        } else {
            state.finished_at = Some(micros(self.now()));
        }
        let keep = |shown, place| self.store.keep(self.run.id, shown, place);
        if let Some(output) = end.output {
            let (shown, sealed) = keep(shown(output, end.masks), "output").map_err(unavailable)?;
            (state.output, state.output_sealed) = (Some(shown), sealed);
        }
        if let Some(error) = end.error {
            let (shown, sealed) = keep(shown_error(error, end.masks), "error").map_err(unavailable)?;
            (state.error, state.error_sealed) = (Some(shown), sealed);
        }
        self.change(state);
        // Whoever has an answer does not wait for the end. A run that leaves the memory must be found again.
        if status == Status::Sleeping || !self.has_answered.load(Ordering::Relaxed) {
            self.make_safe().await?;
        }
        crash_point("end.recorded");
        Ok(())
    }
}

fn unavailable(error: StoreError) -> JournalError {
    JournalError::Unavailable(Box::new(error))
}

impl fmt::Debug for RunJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunJournal")
            .field("id", &self.run.id)
            .field("attempt", &self.attempt)
            .field("recorded", &self.recorded.outcomes())
            .finish_non_exhaustive()
    }
}
