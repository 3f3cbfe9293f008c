//! The end of a process: what goes on finishes, as far as there is time.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select;
use lockgate_store::Status;

use crate::active::Active;
use crate::keeper::Keeper;
use crate::runtime::Left;

impl Keeper {
    /// See [`Runtime::shutdown`](crate::Runtime::shutdown).
    pub(crate) async fn shutdown(self: &Arc<Self>, limit: Duration) -> Left {
        self.stop();
        self.ready.clear();
        for active in self.registry.all_active() {
            let is_wanted = active.is(Active::CALLER) || self.registry.is_waited_for(active.id);
            if !is_wanted || active.is(Active::ANSWERED) {
                active.stop();
            }
        }
        let clock = self.clock();
        select(std::pin::pin!(self.registry.idle()), clock.sleep(limit)).await;
        let unfinished = self.registry.all_active();
        let cut_off = unfinished.len();
        for active in unfinished {
            active.raise(Active::CUT_OFF);
        }
        self.end_tasks().await;
        self.registry.close();
        if let Err(error) = self.store.flush().await {
            tracing::error!(%error, help = error.help(), "what was recorded last could not be written");
        }
        let mut unfinished = 0;
        for status in Status::ALL.into_iter().filter(|status| status.is_unfinished()) {
            unfinished += self.store.count(status).await.unwrap_or_default();
        }
        if let Err(error) = self.store.clone().close().await {
            tracing::error!(%error, help = error.help(), "the store could not be closed");
        }
        let unfinished = usize::try_from(unfinished).unwrap_or(usize::MAX);
        Left {
            to_resume: unfinished.saturating_sub(cut_off),
            cut_off,
        }
    }
}
