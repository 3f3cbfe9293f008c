//! A journal that keeps nothing, and shows what steps get.

use std::future::Future;

use jiff::Timestamp;
use lockgate_engine::clock::Clock;
use lockgate_engine::journal::{Journal, JournalError, NoJournal, Outcome, Prior, Slept, StepInfo};
use lockgate_engine::step_key::StepKey;

use super::record::Recorder;

/// For `--trace`: events do not carry inputs, a journal sees them.
pub(crate) struct TraceJournal<'a>(pub(crate) &'a Recorder);

impl Journal for TraceJournal<'_> {
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
        if let Some(input) = info.input {
            self.0.input(&key.to_string(), &info.masks.apply_to(input));
        }
        NoJournal.step(key, info, effect).await
    }

    async fn sleep<'a>(
        &'a self,
        key: &'a StepKey<'a>,
        info: StepInfo<'a>,
        until: Timestamp,
        clock: &'a dyn Clock,
    ) -> Result<Slept, JournalError> {
        NoJournal.sleep(key, info, until, clock).await
    }
}
