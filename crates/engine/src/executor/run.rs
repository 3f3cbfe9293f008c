//! The beginning and the end of a run.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select};
use jiff::Timestamp;
use lockgate_flow::graph::{Flow, Node};
use serde_json::{Value, json};
use tracing::Instrument as _;

use super::frame::Frame;
use super::limit::{ActiveTime, Limit};
use super::settings::{Alone, Executor, RunOptions};
use super::walk::{Exit, Stop, Walker};
use crate::event::EventKind;
use crate::journal::{Journal, JournalError, RunEnd};
use crate::masks::Masks;
use crate::outcome::{Place, Responder, Response, RunOutcome, RunStatus, StepError};
use crate::trace::{Outgoing, TraceContext};

/// What a flow's `on_error` has at the least, after the run's time is over.
const GRACE: Duration = Duration::from_secs(5);

/// What all flows of one run share.
pub(super) struct Run<'r, J> {
    pub(super) executor: &'r Executor,
    pub(super) journal: &'r J,
    pub(super) id: String,
    flow: &'r Flow,
    pub(super) request: Option<Value>,
    attempt: u32,
    started_at: Timestamp,
    value: OnceLock<Value>,
    pub(super) masks: Masks,
    pub(super) active: ActiveTime,
    pub(super) response: OnceLock<Response>,
    pub(super) responder: Option<&'r dyn Responder>,
    caller: Option<TraceContext>,
    alone: Option<Alone>,
}

impl<J> Run<'_, J> {
    /// `run` as expressions see it; made when it is first asked for.
    pub(super) fn as_value(&self) -> &Value {
        self.value.get_or_init(|| {
            json!({
                "id": self.id,
                "flow": self.flow.name,
                "started_at": self.started_at,
                "attempt": self.attempt,
            })
        })
    }

    /// What the requests of the run say of their trace.
    pub(super) fn outgoing(&self) -> Outgoing<'_> {
        Outgoing {
            caller: self.caller.as_ref(),
            propagation: self.executor.propagation,
        }
    }

    /// Notes the secret fields of a flow's input.
    pub(super) fn mask_input(&self, flow: &Flow, input: &Value) {
        self.masks.add_input(flow, input);
    }
}

pub(super) async fn run<J: Journal>(
    executor: &Executor,
    flow: &Arc<Flow>,
    input: Value,
    options: RunOptions<'_>,
    journal: &J,
) -> RunOutcome {
    let clock = &*executor.clock;
    let began = clock.elapsed();
    let run = Run {
        executor,
        journal,
        id: options.run_id,
        flow,
        request: options.request,
        attempt: options.attempt.max(1),
        started_at: options.started_at.unwrap_or_else(|| clock.now()),
        value: OnceLock::new(),
        masks: options.masks,
        active: ActiveTime::begin(flow.timeout, options.active_before, began),
        response: OnceLock::new(),
        responder: options.responder,
        caller: options.trace,
        alone: options.alone,
    };
    let span = run.span(flow, run.attempt, run.caller.as_ref());
    run.mask_input(flow, &input);
    run.tell(&flow.name, || EventKind::RunStarted {
        attempt: run.attempt,
        input: run.shown_input(&input),
    });
    let walker = Walker {
        run: &run,
        flow,
        input: &input,
        parent: None,
        depth: 0,
        alone: run.alone.as_ref().map(|alone| alone.path.as_str()),
    };
    let walk = walker.run_inside(Limit::RUN).instrument(span.span().clone());
    let end = match options.cancel {
        None => Some(walk.await),
        Some(cancel) => called_off(walk, cancel).await,
    };
    let (mut status, mut output, mut error) = match end {
        Some(Ok(Exit::End)) => (RunStatus::Succeeded, None, None),
        Some(Ok(Exit::Return(value))) => (RunStatus::Succeeded, Some(value), None),
        Some(Err(Stop::Error(error))) => (RunStatus::Failed, None, Some(error)),
        Some(Err(Stop::InDoubt(error))) => (RunStatus::InDoubt, None, Some(error)),
        Some(Err(Stop::Suspended)) => (RunStatus::Suspended, None, None),
        Some(Err(Stop::Journal(error))) => interrupted(&error),
        None => (RunStatus::Cancelled, None, None),
    };
    if J::RECORDS && status != RunStatus::Interrupted {
        let end = RunEnd {
            status,
            output: output.as_ref(),
            error: error.as_deref(),
            active: run.active.spent(clock.elapsed()),
            masks: &run.masks,
        };
        if let Err(failed) = journal.end(end).await {
            (status, output, error) = interrupted(&failed);
        }
    }
    run.end_span(span, flow, status, error.as_deref());
    let error = error.map(|error| error.masked(&run.masks));
    let now = clock.elapsed();
    run.tell(&flow.name, || EventKind::RunFinished {
        status,
        output: run.shown_output(output.as_ref()),
        error: error.as_ref(),
        duration: now.saturating_sub(began),
    });
    let active = run.active.spent(now).saturating_sub(options.active_before);
    RunOutcome {
        run_id: run.id,
        status,
        output,
        response: run.response.into_inner(),
        error,
        active,
    }
}

/// How a run stands that its journal ended.
fn interrupted(error: &JournalError) -> (RunStatus, Option<Value>, Option<Box<StepError>>) {
    let error = StepError::new(error.code(), 503, error.to_string());
    (RunStatus::Interrupted, None, Some(Box::new(error)))
}

/// The run's end, or `None` where it was called off before.
async fn called_off(
    run: impl Future<Output = Result<Exit, Stop>> + Unpin,
    cancel: BoxFuture<'_, ()>,
) -> Option<Result<Exit, Stop>> {
    match select(run, cancel).await {
        Either::Left((end, _)) => Some(end),
        Either::Right(((), _)) => None,
    }
}

impl<J: Journal> Walker<'_, J> {
    /// [`Self::run_flow`] in a box: for `call`; and for the run itself, whose future could otherwise not be shown to
    /// be `Send` for every lifetime (a limit of the compiler).
    pub(super) fn run_inside(&self, limit: Limit) -> BoxFuture<'_, Result<Exit, Stop>> {
        Box::pin(self.run_flow(limit))
    }

    /// The flow's steps, then its `on_error` if an error left them.
    pub(super) async fn run_flow(&self, limit: Limit) -> Result<Exit, Stop> {
        let mut frame = Frame::root(&(0..u32::try_from(self.flow.steps.len()).unwrap_or(u32::MAX)));
        if let Some(alone) = self.run.alone.as_ref().filter(|_| self.depth == 0) {
            self.place(alone, &mut frame);
            return self.walk(&mut frame, Some(alone.entry), limit).await;
        }
        let mut error = match self.walk(&mut frame, self.flow.body.entry, limit).await {
            Err(Stop::Error(error)) => error,
            end => return end,
        };
        let is_whole_run = self.depth == 0;
        if error.limit == Some(0) && is_whole_run {
            error.limit = None;
            error.message = format!("the run was active for longer than {:?}", self.flow.timeout);
        }
        let Some(handler) = self.flow.on_error.as_ref().filter(|_| error.limit.is_none()) else {
            return Err(Stop::Error(error));
        };
        if is_whole_run {
            self.run.active.grant(GRACE, self.run.executor.clock.elapsed());
        }
        frame.set_error("", error.in_scope());
        let had_response = self.run.response.get().is_some();
        let end = self.walk(&mut frame, handler.entry, limit).await;
        match end {
            Ok(Exit::End) if had_response || self.run.response.get().is_none() || !is_whole_run => {
                Err(Stop::Error(error))
            }
            end => end,
        }
    }

    /// What a step that runs alone finds there.
    fn place(&self, alone: &Alone, frame: &mut Frame<'_>) {
        for (slot, step) in (0..).zip(&self.flow.steps) {
            if let Some(value) = alone.steps.get(&step.id).filter(|_| !step.id.is_empty()) {
                frame.set(slot, value.clone());
            }
        }
        for (slot, name) in (0..).zip(&self.flow.variables) {
            if let Some(value) = alone.variables.get(name) {
                frame.set_variable(slot, value.clone());
            }
        }
    }

    /// An error where a limit is over: for what takes time without an effect that would notice.
    pub(super) fn in_time(&self, node: &Node, limit: Limit) -> Result<(), Box<StepError>> {
        let (left, level) = limit.left(&self.run.active, &*self.run.executor.clock);
        if !left.is_zero() {
            return Ok(());
        }
        let mut error = self.step_error(node, "timeout", 504, "the time is over");
        error.place = Some(Place::of(&self.flow.source, node.span));
        error.limit = Some(level);
        Err(error)
    }
}
