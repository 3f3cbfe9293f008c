//! A request for a run that is kept: begun once for its key, answered with what is recorded.
//!
//! Who waits for another's run (the same key), for a turn (`concurrency`) or for a run that sleeps holds no place: places
//! are for what goes on.

use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response as HttpResponse, StatusCode};
use http_body_util::Full;
use lockgate_engine::outcome::{Response, RunOutcome, RunStatus};
use lockgate_runtime::limits::NoTurn;
use lockgate_runtime::{DurableRun, RunAnswer, Runtime, Spawned, StartError, StartRun, Started};
use lockgate_store::{RunId, StoreError, Trigger};
use serde_json::{Value, json};

use crate::answer::{self, RUN_ID};
use crate::call::Call;
use crate::capacity::{Capacity, Place};
use crate::endpoint::Endpoint;
use crate::idempotency::Key;
use crate::prefer::{PREFERENCE_APPLIED, RESPOND_ASYNC};
use crate::problem::{Answer, Problem};
use crate::run::{Attached, Responded, Waited, Watch};
use crate::state::State;

/// Says that an answer is the recorded one of an earlier request.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// How a caller wants a run that is kept.
pub(crate) struct Wish {
    pub(crate) key: Option<Key>,
    /// Its caller does not wait for the answer.
    pub(crate) is_async: bool,
}

impl Call<'_> {
    /// Begins a run and waits for its answer, unless its key has begun one.
    pub(crate) async fn keep(&self, input: Value, wish: Wish) -> Result<Answer, Problem> {
        let flow = &self.endpoint.flow;
        // A site with such a flow is not served without.
        let runtime = self.state.runtime.as_ref().ok_or(Problem::StoreUnavailable)?;
        let asking = match &wish.key {
            Some(key) => Some(self.state.keys.ask(&flow.name, key).await),
            None => None,
        };
        let start = StartRun {
            program: &self.site.program,
            flow,
            trigger: Trigger::Http,
            input,
            request: self.request(),
            key: wish.key.as_ref().map(Key::as_str),
            trace: self.trace.cloned(),
        };
        if wish.is_async {
            return match runtime.spawn(start).await.map_err(not_started)? {
                Spawned::Fresh(id) => Ok(accepted(id)),
                Spawned::Known {
                    same_input: false, ..
                } => Err(Problem::KeyReused),
                Spawned::Known { id, .. } => Ok(replayed(accepted(id))),
            };
        }
        let place = match &flow.concurrency {
            Some(_) => None,
            None => Some(self.state.capacity.take().ok_or(Problem::Busy)?),
        };
        let started = runtime.begin(start).await.map_err(not_started)?;
        drop(asking);
        match started {
            Started::Fresh(run) => Ok(self.go(runtime, *run, place).await),
            Started::Known {
                same_input: false, ..
            } => Err(Problem::KeyReused),
            Started::Known { id, .. } => {
                drop(place);
                // Who hears that there is no answer yet is not told that this is the recorded one.
                Ok(match self.state.recorded(runtime, id).await {
                    Ok(answer) => replayed(answer),
                    Err(none) => none,
                })
            }
        }
    }

    /// Lets a run go on that is recorded, and gives its answer.
    async fn go(&self, runtime: &Runtime, run: DurableRun, place: Option<Place>) -> Answer {
        let id = run.id();
        let responded = Responded::default();
        let going = Going {
            run,
            place,
            capacity: self.state.capacity.clone(),
            endpoint: Arc::clone(self.endpoint),
            responded: responded.clone(),
        };
        match Attached::new(Box::pin(going.go()), responded, &self.state.tasks).await {
            Waited::Responded(answer) => of_run(answer, id),
            Waited::Ended(outcome) if outcome.status == RunStatus::Suspended => {
                let (Ok(answer) | Err(answer)) = self.state.recorded(runtime, id).await;
                answer
            }
            Waited::Ended(outcome) => self.state.of_outcome(*outcome, id),
        }
    }
}

/// A run that is recorded, with everything that it needs to go on without its caller.
struct Going {
    run: DurableRun,
    /// Where it has none, it waits for one first.
    place: Option<Place>,
    capacity: Capacity,
    endpoint: Arc<Endpoint>,
    responded: Responded,
}

impl Going {
    async fn go(self) -> RunOutcome {
        let Self {
            run,
            place,
            capacity,
            endpoint,
            responded,
        } = self;
        let place = match place {
            Some(place) => place,
            None => capacity.wait().await,
        }
        .of_kept();
        let watch = Watch::kept(run.id().to_string(), &endpoint);
        let responder = move |response: &Response| responded.set(answer::of_response(response));
        let outcome = run.go(Some(&responder)).await;
        watch.over(&outcome);
        drop(place);
        outcome
    }
}

impl State {
    /// The answer of a run that goes on elsewhere, or has ended: waited for, and the same bytes as the first one. `Err`: why
    /// there is none.
    pub(crate) async fn recorded(&self, runtime: &Runtime, id: RunId) -> Result<Answer, Answer> {
        let answer = tokio::select! {
            biased;
            answer = runtime.answer(id) => answer,
            () = self.left_behind(runtime, id) => Err(StoreError::Closed),
        };
        match answer {
            Ok(Some(answer)) => Ok(self.of_run_answer(answer, id)),
            Ok(None) => Err(Problem::NoRun.into_answer()),
            Err(error) => Err(of_run(unavailable(&error).into_answer_of(&id.to_string()), id)),
        }
    }

    /// Completes when the server stops and nobody runs this run: it sleeps, and its answer will not come any more.
    async fn left_behind(&self, runtime: &Runtime, id: RunId) {
        const LOOK_EVERY: Duration = Duration::from_millis(20);

        self.stopped().await;
        while runtime.is_going(id) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// What a run answered, as it goes over the wire.
    pub(crate) fn of_run_answer(&self, answer: RunAnswer, id: RunId) -> Answer {
        match answer {
            RunAnswer::Responded(response) => of_run(answer::of_response(&response), id),
            RunAnswer::Ended(outcome) => self.of_outcome(*outcome, id),
        }
    }

    /// The answer of a run that has ended without giving one itself.
    fn of_outcome(&self, outcome: RunOutcome, id: RunId) -> Answer {
        let has_answer = outcome.response.is_some();
        let answer = match outcome.status {
            RunStatus::Interrupted if !has_answer => {
                let problem = if self.is_stopping() {
                    Problem::Stopping
                } else {
                    Problem::Interrupted
                };
                problem.into_answer_of(&id.to_string())
            }
            RunStatus::Cancelled if !has_answer => Problem::Cancelled.into_answer_of(&id.to_string()),
            _ => answer::of_outcome(outcome, self.options.shows_internals),
        };
        of_run(answer, id)
    }
}

/// Why a run was not begun.
pub(crate) fn not_started(error: StartError) -> Problem {
    match error {
        StartError::NoTurn(error) => no_turn(error),
        StartError::Store(error) => unavailable(&error),
        StartError::Stopping => Problem::Stopping,
    }
}

/// Why a run does not get its turn.
pub(crate) fn no_turn(error: NoTurn) -> Problem {
    match error {
        NoTurn::QueueFull { .. } => Problem::QueueFull,
        // The author's mistake.
        error @ NoTurn::Key { .. } => {
            tracing::error!(%error, "the run does not begin");
            Problem::Internal
        }
    }
}

/// What keeps the store from being written is in the log once, from there; not for each request.
pub(crate) fn unavailable(error: &StoreError) -> Problem {
    tracing::debug!(%error, "the store");
    match error {
        StoreError::Closed => Problem::Stopping,
        _ => Problem::StoreUnavailable,
    }
}

fn of_run(mut answer: Answer, id: RunId) -> Answer {
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        answer.headers_mut().insert(RUN_ID, id);
    }
    answer
}

fn replayed(mut answer: Answer) -> Answer {
    answer
        .headers_mut()
        .insert(REPLAYED, HeaderValue::from_static("true"));
    answer
}

/// The path at which a run's answer is to be had.
pub(crate) fn address(id: RunId) -> String {
    format!("/_runs/{id}")
}

/// 202: the run is recorded, and goes on.
fn accepted(id: RunId) -> Answer {
    let mut answer = pending(id);
    let headers = answer.headers_mut();
    headers.insert(PREFERENCE_APPLIED, RESPOND_ASYNC);
    if let Ok(location) = HeaderValue::try_from(address(id)) {
        headers.insert(LOCATION, location);
    }
    answer
}

/// 202: there is no answer yet.
pub(crate) fn pending(id: RunId) -> Answer {
    let body = json!({ "run_id": id, "answer": address(id) }).to_string();
    let mut answer = HttpResponse::new(Full::from(body));
    *answer.status_mut() = StatusCode::ACCEPTED;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    of_run(answer, id)
}

#[cfg(test)]
#[path = "durable_tests.rs"]
mod tests;
