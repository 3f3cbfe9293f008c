//! What people and programs ask of a run that has begun: its answer, that it ends, that it goes on.

use std::sync::Arc;
use std::time::Duration;

use lockgate_engine::outcome::{RunOutcome, RunStatus};
use lockgate_flow::definition::Definition;
use lockgate_store::replay::{self, Departure, Replayed, Version};
use lockgate_store::{Reopen, RunId, Settled, Status, StoreError, StoredRun};

use crate::active::{Active, RunAnswer};
use crate::keeper::Keeper;
use crate::runtime::{ResumeRun, RunError, Seen};
use crate::start::Left;

impl Keeper {
    /// See [`Runtime::answer`](crate::Runtime::answer).
    pub(crate) async fn answer(&self, id: RunId) -> Result<Option<RunAnswer>, StoreError> {
        // Waits before it looks: what happens in between is heard.
        let waiter = self.registry.wait(id).ok_or(StoreError::Closed)?;
        if !waiter.is_sure() {
            match self.answer_in_store(id).await? {
                None => return Ok(None),
                Some(Some(answer)) => return Ok(Some(answer)),
                Some(None) => waiter.saw_no_answer(),
            }
        }
        let answer = waiter.answer().await.ok_or(StoreError::Closed)?;
        Ok(Some(Arc::unwrap_or_clone(answer)))
    }

    /// See [`Runtime::answer_now`](crate::Runtime::answer_now).
    pub(crate) async fn answer_now(&self, id: RunId) -> Result<Option<Option<RunAnswer>>, StoreError> {
        if self.registry.is_unanswered(id) {
            return Ok(Some(None));
        }
        self.answer_in_store(id).await
    }

    /// See [`Runtime::look`](crate::Runtime::look).
    pub(crate) async fn look(&self, id: RunId) -> Result<Option<Seen>, StoreError> {
        let Some(stored) = self.store.load(id).await? else {
            return Ok(None);
        };
        let (flow, trigger) = (stored.flow.clone(), stored.trigger);
        let answer = answer_of(stored);
        Ok(Some(Seen {
            flow,
            trigger,
            answer,
        }))
    }

    /// See [`Runtime::replay`](crate::Runtime::replay).
    pub(crate) async fn replay(&self, id: RunId) -> Result<Replayed, RunError> {
        let stored = self.store.load(id).await?.ok_or(RunError::Unknown(id))?;
        let program = self.program();
        let Some(flow) = program.flow(&stored.flow) else {
            let flow = stored.flow;
            return Err(RunError::NoFlow { id, flow });
        };
        // Where it cannot be compiled any more, less is found.
        let pinned = self.pinned(&stored).await.ok();
        let recorded = pinned.as_ref().map(|pinned| Version {
            flow: &pinned.flow,
            executor: &pinned.executor,
        });
        let edited = Version {
            flow,
            executor: program.executor(),
        };
        Ok(replay::replay(&stored, recorded, edited).await?)
    }

    async fn answer_in_store(&self, id: RunId) -> Result<Option<Option<RunAnswer>>, StoreError> {
        // What can be read is on the disk: readers see commits only, and each is made safe before it counts.
        Ok(self.look(id).await?.map(|seen| seen.answer))
    }

    /// Tells whoever waits that a run was called off that nobody ran.
    pub(crate) fn tell_cancelled(&self, id: RunId) {
        let outcome = RunOutcome {
            run_id: id.to_string(),
            status: RunStatus::Cancelled,
            output: None,
            response: None,
            error: None,
            active: Duration::ZERO,
        };
        self.registry.answered(id, || RunAnswer::Ended(Box::new(outcome)));
    }

    /// See [`Runtime::cancel`](crate::Runtime::cancel).
    pub(crate) async fn cancel(self: &Arc<Self>, id: RunId) -> Result<(), RunError> {
        loop {
            if let Some(_claim) = self.registry.claim(id) {
                if self.store.cancel(id).await? {
                    self.stuck.remove(id);
                    self.tell_cancelled(id);
                    return Ok(());
                }
                let stored = self.store.load(id).await?.ok_or(RunError::Unknown(id))?;
                return Err(status_error(&stored));
            }
            if let Some(active) = self.registry.active(id) {
                active.raise(Active::CANCEL);
                active.raised(Active::RELEASED).await;
            }
            let stored = self.store.load(id).await?.ok_or(RunError::Unknown(id))?;
            match stored.status {
                Status::Cancelled => return Ok(()),
                // It stopped for another reason (the store, a sleep), and was not called off.
                status if status.is_unfinished() => {}
                _ => return Err(status_error(&stored)),
            }
        }
    }

    /// See [`Runtime::resume`](crate::Runtime::resume).
    pub(crate) async fn resume(self: &Arc<Self>, id: RunId, how: ResumeRun) -> Result<(), RunError> {
        let (claim, stored) = loop {
            let claim = self.registry.claim(id);
            let going = self.registry.active(id);
            let stored = self.store.load(id).await?.ok_or(RunError::Unknown(id))?;
            let is_ended = matches!(
                stored.status,
                Status::Failed | Status::InDoubt | Status::Cancelled
            );
            match (claim, going) {
                (Some(claim), _) if is_ended => break (claim, stored),
                // It has just ended, and is about to be let go of.
                (None, Some(active)) if is_ended => active.raised(Active::RELEASED).await,
                (None, None) if is_ended => {}
                (claim, _) => {
                    drop(claim);
                    // Whoever passed it by because it was claimed here passes once more.
                    self.ready.scan();
                    return Err(status_error(&stored));
                }
            }
        };
        let definition = if how.with_current {
            Some(self.fitting(&stored, how.doubt.as_ref()).await?)
        } else {
            self.pinned(&stored)
                .await
                .map_err(|reason| RunError::Unpinnable(id, reason))?;
            None
        };
        let doubt = how.doubt;
        // From here on it may be unfinished: being dropped is what lets it go on.
        let mut left = Left::new(self, claim);
        if self
            .store
            .reopen(id, Reopen { definition, doubt })
            .await?
            .is_none()
        {
            left.give_back();
            return Err(status_error(&stored));
        }
        self.stuck.remove(id);
        Ok(())
    }
}

impl Keeper {
    /// The definition of a run's flow as it is today, if the run can go on with it.
    async fn fitting(
        &self,
        stored: &StoredRun,
        doubt: Option<&Settled>,
    ) -> Result<(Arc<Definition>, Arc<str>), RunError> {
        let id = stored.id;
        let program = self.program();
        let Some(flow) = program.flow(&stored.flow) else {
            let flow = stored.flow.clone();
            return Err(RunError::NoFlow { id, flow });
        };
        let today = Version {
            flow,
            executor: program.executor(),
        };
        match replay::fits(stored, today, doubt).await? {
            Ok(()) => Ok(program.definition(flow)),
            Err(departure) => Err(RunError::Departs {
                id,
                departure: described(&departure),
            }),
        }
    }
}

/// A departure in words.
fn described(departure: &Departure) -> String {
    match departure {
        Departure::RunInput { mistakes } => match mistakes.first() {
            Some((field, mistake)) => format!("its input is none any more: {field}: {mistake}"),
            None => "its input is none any more".to_owned(),
        },
        Departure::NotRecorded { key, what, .. } => format!("at {key} stands {what}, which is not recorded"),
        Departure::Other { key, recorded, found } => {
            format!("at {key} stands {found}, and recorded is {recorded}")
        }
        Departure::Unused { key, what } => {
            format!("{what} is recorded at {key}, where it does not come any more")
        }
        Departure::Input { key, .. } => format!("{key} gets something else"),
        Departure::Waits { key, until } => format!("at {key} it waits until {until}"),
        Departure::Answer { .. } => "it answers something else".to_owned(),
        Departure::Output { .. } => "it returns something else".to_owned(),
        Departure::Failure { .. } => "it fails otherwise".to_owned(),
    }
}

fn status_error(stored: &StoredRun) -> RunError {
    RunError::Status {
        id: stored.id,
        status: stored.status.name(),
    }
}

/// What a run has answered: its own answer, or its end.
fn answer_of(stored: StoredRun) -> Option<RunAnswer> {
    if let Some(response) = stored.response {
        return Some(RunAnswer::Responded(response));
    }
    let status = match stored.status {
        Status::Succeeded => RunStatus::Succeeded,
        Status::Failed => RunStatus::Failed,
        Status::InDoubt => RunStatus::InDoubt,
        Status::Cancelled => RunStatus::Cancelled,
        Status::Queued | Status::Running | Status::Sleeping => return None,
    };
    Some(RunAnswer::Ended(Box::new(RunOutcome {
        run_id: stored.id.to_string(),
        status,
        output: stored.output,
        response: None,
        error: stored.error,
        active: stored.active,
    })))
}
