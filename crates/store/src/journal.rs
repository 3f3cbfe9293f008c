//! A run's journal: what `engine::Executor` asks, answered from the store.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use lockgate_engine::clock::Clock;
use lockgate_engine::journal::{Journal, JournalError, Outcome, Prior, RunEnd, Slept, StepInfo};
use lockgate_engine::step_key::StepKey;

use crate::id::RunId;

/// One run's journal. Everything it is told goes to the writer in order; it waits for the disk only where
/// [`Durability::Full`](crate::Durability::Full) promises that: before a `once` effect, before an answer, and at the end
/// of a run that has not answered.
#[derive(Debug)]
pub struct RunJournal {
    id: RunId,
}

impl RunJournal {
    /// The run.
    pub fn id(&self) -> RunId {
        self.id
    }

    /// When the run is to go on, after it was suspended.
    pub fn wake_at(&self) -> Option<Timestamp> {
        unimplemented!()
    }

    /// Sleeps longer than this take the run out of memory; without it, 1 s.
    #[must_use]
    pub fn suspending(self, longer_than: Duration) -> Self {
        let _ = longer_than;
        unimplemented!()
    }

    /// From here on no new effect begins: the run ends as interrupted at its next step, and is resumed later.
    pub fn stop(&self) {
        unimplemented!()
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
        let _ = (key, info);
        Ok(effect(Prior::Fresh).await)
    }

    async fn sleep<'a>(
        &'a self,
        _key: &'a StepKey<'a>,
        _info: StepInfo<'a>,
        _until: Timestamp,
        _clock: &'a dyn Clock,
    ) -> Result<Slept, JournalError> {
        unimplemented!()
    }

    async fn end<'a>(&'a self, _end: RunEnd<'a>) -> Result<(), JournalError> {
        unimplemented!()
    }
}
