//! A run that has an HTTP caller. It goes on when the caller leaves, and after the caller has its answer.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use lockgate_engine::RunOptions;
use lockgate_engine::journal::NoJournal;
use lockgate_engine::outcome::{Response, RunOutcome, RunStatus};
use lockgate_engine::trace::TraceContext;
use lockgate_runtime::Tasks;
use lockgate_runtime::limits::Turn;
use serde_json::Value;

use crate::answer;
use crate::capacity::Place;
use crate::endpoint::Endpoint;
use crate::problem::Answer;
use crate::site::Site;

/// What a run's caller has waited for: the run's own answer, or its end if there was none.
pub(crate) enum Waited {
    Responded(Answer),
    Ended(Box<RunOutcome>),
}

/// Where a run's `Responder` leaves the answer for the caller, as it goes over the wire.
#[derive(Clone, Default)]
pub(crate) struct Responded(Arc<Mutex<Option<Answer>>>);

impl Responded {
    pub(crate) fn set(&self, answer: Answer) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }

    fn take(&self) -> Option<Answer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Waits for a run's answer. The run is polled in the caller's task, which is cheaper than one of its own; if this is
/// dropped before the run's end (the caller left, or has its answer), the run moves into a task of its own.
pub(crate) struct Attached<'a> {
    run: Option<BoxFuture<'static, RunOutcome>>,
    responded: Responded,
    tasks: &'a Tasks,
}

impl<'a> Attached<'a> {
    /// `responded` is filled by the run's `Responder`; `tasks` has the run when its caller is gone.
    pub(crate) fn new(run: BoxFuture<'static, RunOutcome>, responded: Responded, tasks: &'a Tasks) -> Self {
        Self {
            run: Some(run),
            responded,
            tasks,
        }
    }
}

impl Future for Attached<'_> {
    type Output = Waited;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Waited> {
        let Some(run) = &mut self.run else {
            return Poll::Pending;
        };
        let ended = run.as_mut().poll(context);
        if ended.is_ready() {
            self.run = None;
        }
        if let Some(answer) = self.responded.take() {
            return Poll::Ready(Waited::Responded(answer));
        }
        ended.map(|outcome| Waited::Ended(Box::new(outcome)))
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

/// A run that is not kept, with everything that it needs to go on without its caller.
pub(crate) struct Running {
    pub(crate) site: Arc<Site>,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) request: Option<Value>,
    pub(crate) run_id: String,
    pub(crate) trace: Option<TraceContext>,
    pub(crate) responded: Responded,
    /// Given back at the end of the run, not of the request.
    pub(crate) place: Place,
    /// `concurrency`.
    pub(crate) turn: Option<Turn>,
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
            turn,
        } = self;
        let began = Instant::now();
        let watch = Watch::passing(run_id.clone(), &endpoint);
        let responder = move |response: &Response| responded.set(answer::of_response(response));
        let options = RunOptions {
            request,
            responder: Some(&responder),
            trace,
            ..RunOptions::new(run_id)
        };
        let outcome = site
            .executor()
            .run(&endpoint.flow, input, options, &NoJournal)
            .await;
        watch.over(&outcome);
        endpoint.metrics.ran(outcome.status, began.elapsed());
        drop((place, turn));
        outcome
    }
}

/// Says in the log how a run ended, also if it was cut off.
pub(crate) struct Watch<'a> {
    run_id: String,
    endpoint: &'a Endpoint,
    is_kept: bool,
    is_over: bool,
}

impl<'a> Watch<'a> {
    /// Of a run that is lost where it is cut off.
    fn passing(run_id: String, endpoint: &'a Endpoint) -> Self {
        Self::of(run_id, endpoint, false)
    }

    /// Of a run that goes on at the next start where it is cut off.
    pub(crate) fn kept(run_id: String, endpoint: &'a Endpoint) -> Self {
        Self::of(run_id, endpoint, true)
    }

    fn of(run_id: String, endpoint: &'a Endpoint, is_kept: bool) -> Self {
        Self {
            run_id,
            endpoint,
            is_kept,
            is_over: false,
        }
    }

    pub(crate) fn over(mut self, outcome: &RunOutcome) {
        self.is_over = true;
        let flow = self.endpoint.flow.name.as_str();
        match &outcome.error {
            // The runtime says of a run that is kept why it is in doubt, or does not go on.
            _ if self.is_kept && outcome.status != RunStatus::Failed => {}
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
        if self.is_over {
            return;
        }
        let (run_id, flow) = (self.run_id.as_str(), self.endpoint.flow.name.as_str());
        if self.is_kept {
            tracing::warn!(run_id, flow, "the run was cut off; it goes on at the next start");
        } else {
            tracing::warn!(run_id, flow, "the run was cut off before its end");
        }
    }
}
