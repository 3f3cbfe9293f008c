//! A run that has an HTTP caller. It goes on when the caller leaves, and after the caller has its answer.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use lockgate_engine::outcome::{Response, RunOutcome};

/// What a run can answer with: its own answer, or its end if there was none.
pub(crate) enum RunAnswer {
    Responded(Response),
    Ended(Box<RunOutcome>),
}

/// Waits for a run's answer. The run is polled in the caller's task, which is cheaper than one of its own; if this is
/// dropped before the run's end (the caller left, or has its answer), the run moves into a task of its own.
pub(crate) struct Attached {
    run: Option<BoxFuture<'static, RunOutcome>>,
    responded: Arc<OnceLock<Response>>,
}

impl Attached {
    /// `responded` is filled by the run's `Responder`.
    pub(crate) fn new(run: BoxFuture<'static, RunOutcome>, responded: Arc<OnceLock<Response>>) -> Self {
        Self {
            run: Some(run),
            responded,
        }
    }
}

impl Future for Attached {
    type Output = RunAnswer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<RunAnswer> {
        let Some(run) = &mut self.run else {
            return Poll::Pending;
        };
        match run.as_mut().poll(context) {
            Poll::Ready(outcome) => {
                self.run = None;
                Poll::Ready(RunAnswer::Ended(Box::new(outcome)))
            }
            Poll::Pending => match self.responded.get() {
                Some(response) => Poll::Ready(RunAnswer::Responded(response.clone())),
                None => Poll::Pending,
            },
        }
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        let Some(run) = self.run.take() else { return };
        // Without a runtime the process is ending, and the run is cut off: its guard says so.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(run);
        }
    }
}
