//! A journal that shows what steps get, and leaves the rest to another one.

use std::future::Future;

use jiff::Timestamp;
use lockgate_engine::clock::Clock;
use lockgate_engine::journal::{Journal, JournalError, Outcome, Prior, RunEnd, Slept, StepInfo};
use lockgate_engine::step_key::StepKey;

use super::record::Recorder;

/// For `--trace`: events do not carry inputs, a journal sees them.
pub(crate) struct TraceJournal<'a, J>(pub(crate) &'a Recorder, pub(crate) &'a J);

impl<J: Journal> Journal for TraceJournal<'_, J> {
    const READS_INPUT: bool = true;
    const RECORDS: bool = J::RECORDS;

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
        if let Some(input) = info.input {
            self.0.input(&key.to_string(), &info.masks.apply_to(input));
        }
        self.1.step(key, info, effect).await
    }

    async fn sleep<'a>(
        &'a self,
        key: &'a StepKey<'a>,
        info: StepInfo<'a>,
        until: Timestamp,
        clock: &'a dyn Clock,
    ) -> Result<Slept, JournalError> {
        self.1.sleep(key, info, until, clock).await
    }

    async fn end<'a>(&'a self, end: RunEnd<'a>) -> Result<(), JournalError> {
        self.1.end(end).await
    }
}
