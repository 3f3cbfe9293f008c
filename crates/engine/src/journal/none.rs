//! For runs that are not kept (`durable: false`): everything happens, nothing is recorded.

use std::future::Future;

use jiff::Timestamp;

use super::{Journal, JournalError, Outcome, Prior, Slept, StepInfo};
use crate::clock::{Clock, sleep_until};
use crate::step_key::StepKey;

/// Records nothing and costs nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoJournal;

impl Journal for NoJournal {
    const READS_INPUT: bool = false;
    const RECORDS: bool = false;

    #[inline]
    async fn step<'a, F, Fut>(
        &'a self,
        _key: &'a StepKey<'a>,
        _info: StepInfo<'a>,
        effect: F,
    ) -> Result<Option<Outcome>, JournalError>
    where
        F: FnOnce(Prior) -> Fut + Send + 'a,
        Fut: Future<Output = Option<Outcome>> + Send + 'a,
    {
        Ok(effect(Prior::Fresh).await)
    }

    async fn sleep<'a>(
        &'a self,
        _key: &'a StepKey<'a>,
        _info: StepInfo<'a>,
        until: Timestamp,
        clock: &'a dyn Clock,
    ) -> Result<Slept, JournalError> {
        sleep_until(clock, until).await;
        Ok(Slept::Elapsed)
    }
}
