//! A run that has an HTTP caller. It goes on when the caller leaves, and after the caller has its answer.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Instant;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use lockgate_engine::RunOptions;
use lockgate_engine::journal::NoJournal;
use lockgate_engine::outcome::{Response, RunOutcome, RunStatus};
use lockgate_engine::trace::TraceContext;
use serde_json::Value;

use crate::capacity::Place;
use crate::endpoint::Endpoint;
use crate::listen::Tasks;
use crate::site::Site;

/// What a run can answer with: its own answer, or its end if there was none.
pub(crate) enum RunAnswer {
    Responded(Response),
    Ended(Box<RunOutcome>),
}

/// Waits for a run's answer. The run is polled in the caller's task, which is cheaper than one of its own; if this is
/// dropped before the run's end (the caller left, or has its answer), the run moves into a task of its own.
pub(crate) struct Attached<'a> {
    run: Option<BoxFuture<'static, RunOutcome>>,
    responded: Arc<OnceLock<Response>>,
    tasks: &'a Tasks,
}

impl<'a> Attached<'a> {
    /// `responded` is filled by the run's `Responder`; `tasks` has the run when its caller is gone.
    pub(crate) fn new(
        run: BoxFuture<'static, RunOutcome>,
        responded: Arc<OnceLock<Response>>,
        tasks: &'a Tasks,
    ) -> Self {
        Self {
            run: Some(run),
            responded,
            tasks,
        }
    }
}

impl Future for Attached<'_> {
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

impl Drop for Attached<'_> {
    fn drop(&mut self) {
        let Some(run) = self.run.take() else { return };
        // A run that has panicked cannot go on.
        if !std::thread::panicking() {
            self.tasks.spawn(run.map(drop));
        }
    }
}

/// A run with everything that it needs to go on without its caller.
pub(crate) struct Running {
    pub(crate) site: Arc<Site>,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) request: Option<Value>,
    pub(crate) run_id: String,
    pub(crate) trace: Option<TraceContext>,
    pub(crate) responded: Arc<OnceLock<Response>>,
    /// Given back at the end of the run, not of the request.
    pub(crate) place: Place,
}

impl Running {
    pub(crate) async fn run(self, input: Value) -> RunOutcome {
        let Self {
            site,
            endpoint,
            request,
            run_id,
            trace,
            responded,
            place,
        } = self;
        let began = Instant::now();
        let watch = Watch {
            run_id: run_id.clone(),
            endpoint: &endpoint,
            is_over: false,
        };
        let responder = move |response: &Response| {
            // The executor gives one answer in a life of a run.
            let _ = responded.set(response.clone());
        };
        let options = RunOptions {
            request,
            responder: Some(&responder),
            trace,
            ..RunOptions::new(run_id)
        };
        let outcome = site
            .executor
            .run(&endpoint.flow, input, options, &NoJournal)
            .await;
        watch.over(&outcome);
        endpoint.metrics.ran(outcome.status, began.elapsed());
        drop(place);
        outcome
    }
}

/// Says in the log how a run ended, also if it was cut off.
struct Watch<'a> {
    run_id: String,
    endpoint: &'a Endpoint,
    is_over: bool,
}

impl Watch<'_> {
    fn over(mut self, outcome: &RunOutcome) {
        self.is_over = true;
        let flow = self.endpoint.flow.name.as_str();
        match &outcome.error {
            Some(error) if error.status >= 500 || outcome.status != RunStatus::Failed => {
                tracing::error!(
                    run_id = self.run_id,
                    flow,
                    step = error.step,
                    code = %error.code,
                    error = error.message,
                    "the run failed"
                );
            }
            Some(error) => {
                tracing::debug!(run_id = self.run_id, flow, step = error.step, code = %error.code, "the run failed");
            }
            None => {}
        }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            let flow = self.endpoint.flow.name.as_str();
            tracing::warn!(run_id = self.run_id, flow, "the run was cut off before its end");
        }
    }
}
