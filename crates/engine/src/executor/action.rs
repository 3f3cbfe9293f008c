//! Calling an action: its input, its attempts, and what becomes of one that was lost.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use jiff::SignedDuration;
use lockgate_flow::catalog::Effect;
use lockgate_flow::graph::{ActionOp, Node};
use lockgate_flow::schema::problems;
use serde_json::{Value, json};

use super::frame::Frame;
use super::limit::{Limit, within};
use super::walk::{Stop, Trace, Walker};
use crate::action::{ActionContext, ActionError, Reconciled, Registered, Retry};
use crate::journal::{Journal, Outcome, Prior, Slept, StepInfo};
use crate::outcome::StepError;
use crate::retry;
use crate::step_key::StepKey;

/// How often `reconcile` is asked when it fails for a reason that may pass.
const RECONCILE_ATTEMPTS: u32 = 3;

impl<J: Journal> Walker<'_, J> {
    pub(super) async fn action(
        &self,
        node: &Node,
        op: &ActionOp,
        frame: &Frame<'_>,
        limit: Limit,
        trace: &mut Trace,
    ) -> Result<Value, Stop> {
        let executor = self.run.executor;
        let name = &*op.spec.name;
        let registered = executor.actions.registered(name).ok_or_else(|| {
            self.step_error(
                node,
                "unknown_action",
                500,
                format!("this binary has no action `{name}`"),
            )
        })?;
        let connection = match &op.connection {
            Some(name) => Some(executor.connections.get(name).ok_or_else(|| {
                let why = executor.connections.why_not(name);
                self.step_error(node, "unknown_connection", 500, why)
            })?),
            None => None,
        };
        let key = self.key(node, &frame.indices, "");
        let mut call = Call {
            walker: self,
            node,
            op,
            registered,
            connection,
            key: &key,
            limit,
            attempt: 1,
            in_doubt: None,
        };
        let mut next_input = None;
        loop {
            let input = match next_input.take() {
                Some(input) => input,
                None => self.action_input(node, op, registered, frame).await?,
            };
            // A further attempt gets the same input: what makes the same twice is made again, the rest is kept.
            let copy = (J::READS_INPUT || !node.deterministic).then(|| input.clone());
            let info = StepInfo {
                attempt: call.attempt,
                effect: op.spec.effect,
                verb: "action",
                action: name,
                input: copy.as_ref().filter(|_| J::READS_INPUT),
                secret: node.secret,
                masks: &self.run.masks,
            };
            trace.attempt = call.attempt;
            trace.replayed = true;
            let effect = |prior| {
                trace.replayed = false;
                call.perform(prior, input)
            };
            let outcome = self.run.journal.step(&key, info, effect).await?;
            match outcome {
                Some(Ok(value)) => {
                    self.mask_output(registered, &value);
                    return Ok(value);
                }
                Some(Err(error)) => {
                    let Some(delay) = error.retry_in else {
                        return Err(Stop::Error(error));
                    };
                    self.tell_retrying(node, &frame.indices, call.attempt, &error, delay);
                    call.attempt += 1;
                    self.pause(node, &frame.indices, call.attempt, delay).await?;
                }
                None => return Err(Stop::InDoubt(call.doubt())),
            }
            next_input = copy;
        }
    }

    async fn action_input(
        &self,
        node: &Node,
        op: &ActionOp,
        registered: &Registered,
        frame: &Frame<'_>,
    ) -> Result<Value, Stop> {
        let input = self.template(node, frame, &op.input).await?;
        for path in &registered.input_secrets {
            self.run.masks.add_at(&input, path);
        }
        let Some(validator) = op
            .validator
            .as_ref()
            .filter(|validator| !validator.is_valid(&input))
        else {
            return Ok(input);
        };
        // A problem's message quotes the value; where a secret may be in it, the message without the value stands.
        let quotes = self.run.masks.is_empty() && !node.secret;
        let found: Vec<(String, String)> = problems(validator, &input)
            .into_iter()
            .map(|problem| {
                (
                    problem.pointer,
                    if quotes { problem.message } else { problem.masked },
                )
            })
            .collect();
        let listed: Vec<String> = found
            .iter()
            .map(|(pointer, message)| {
                if pointer.is_empty() {
                    message.clone()
                } else {
                    format!("{pointer}: {message}")
                }
            })
            .collect();
        let message = format!("the input does not fit {}: {}", op.spec.name, listed.join("; "));
        let mut error = self.step_error(node, "invalid_input", 500, message);
        let details = found
            .iter()
            .map(|(pointer, message)| json!({ "pointer": pointer, "message": message }));
        error.details = Some(details.collect());
        Err(Stop::Error(error))
    }

    fn mask_output(&self, registered: &Registered, value: &Value) {
        for path in &registered.output_secrets {
            self.run.masks.add_at(value, path);
        }
    }

    /// The pause before an attempt, kept in the journal so that a replay does not make it again.
    async fn pause(
        &self,
        node: &Node,
        indices: &[u32],
        attempt: u32,
        delay: std::time::Duration,
    ) -> Result<(), Stop> {
        let clock = &*self.run.executor.clock;
        let delay = SignedDuration::try_from(delay).unwrap_or(SignedDuration::MAX);
        let until = clock.now().checked_add(delay).unwrap_or(jiff::Timestamp::MAX);
        let key = self.key(node, indices, "retry");
        let info = StepInfo {
            attempt,
            ..self.value_info(node)
        };
        match self.run.journal.sleep(&key, info, until, clock).await? {
            Slept::Elapsed => Ok(()),
            Slept::Suspend => Err(Stop::Suspended),
        }
    }
}

/// The attempts of one step.
struct Call<'a, J> {
    walker: &'a Walker<'a, J>,
    node: &'a Node,
    op: &'a ActionOp,
    registered: &'a Registered,
    connection: Option<&'a Arc<dyn Any + Send + Sync>>,
    key: &'a StepKey<'a>,
    limit: Limit,
    attempt: u32,
    /// Why nobody can tell what became of it.
    in_doubt: Option<ActionError>,
}

impl<J: Journal> Call<'_, J> {
    /// One attempt. `None` where it stays in doubt whether an earlier one happened.
    async fn perform(&mut self, prior: Prior, input: Value) -> Option<Outcome> {
        let run = self.walker.run;
        let clock = &*run.executor.clock;
        let (left, level) = self.limit.left(&run.active, clock);
        if left.is_zero() {
            return Some(Err(self.out_of_time(level)));
        }
        // The action's own limit stands where the step says nothing.
        let own = self
            .op
            .spec
            .timeout
            .filter(|own| self.node.timeout.is_none() && *own < left);
        let time_left = own.unwrap_or(left);
        let context = ActionContext {
            run_id: &run.id,
            key: self.key,
            attempt: self.attempt,
            time_left: Some(time_left),
            connection: self.connection,
            clock,
            entropy: run.executor.entropy,
            state: &*run.executor.state,
            masks: &run.masks,
            trace: run.outgoing(),
        };
        let lost = prior == Prior::Started && self.op.spec.effect == Effect::Once;
        let action = &*self.registered.action;
        let work = async {
            if lost {
                match reconcile(action, &context, &input).await {
                    Ok(Reconciled::Happened(value)) => return Ok(Some(value)),
                    Ok(Reconciled::DidNotHappen) => {}
                    Ok(Reconciled::Unknown) => return Ok(None),
                    Err(error) => {
                        self.in_doubt = Some(error);
                        return Ok(None);
                    }
                }
            }
            action.call(&context, input).await.map(Some)
        };
        let outcome = within(clock, || time_left, AssertUnwindSafe(work).catch_unwind()).await;
        match outcome {
            Some(Ok(Ok(value))) => {
                // Before the journal sees it.
                if let Some(value) = &value {
                    self.walker.mask_output(self.registered, value);
                }
                value.map(Ok)
            }
            Some(Ok(Err(error))) => Some(Err(self.failed(&error))),
            Some(Err(panic)) => Some(Err(self.panicked(&*panic))),
            // Nothing was learned while it was asked what had become of the lost call.
            None if lost => None,
            None if own.is_some() => {
                let message = format!("{} did not answer within {time_left:?}", self.op.spec.name);
                Some(Err(self.failed(
                    &ActionError::new("timeout", message).with_retry(Retry::Transient),
                )))
            }
            None => Some(Err(self.out_of_time(level))),
        }
    }

    /// The step's error, with the decision whether it is tried again.
    fn failed(&self, error: &ActionError) -> Box<StepError> {
        let run = self.walker.run;
        let declared = self.op.spec.error(&error.code).map(|declared| declared.status);
        let upstream = if error.provider.is_some() { 502 } else { 500 };
        let status = error.status.or(declared).unwrap_or(upstream);
        let mut failed = self
            .walker
            .step_error(self.node, error.code.clone(), status, error.message.clone());
        failed.provider.clone_from(&error.provider);
        let jitter = retry::jitter(&run.id, self.key, self.attempt);
        let left = self.limit.left(&run.active, &*run.executor.clock).0;
        failed.retry_in = retry::decide(
            self.node.retry.as_ref(),
            self.attempt,
            self.op.spec.effect,
            error,
            jitter,
        )
        .filter(|delay| *delay < left);
        failed
    }

    /// A limit around the step is over; the error goes to the step whose limit it is.
    fn out_of_time(&self, level: u32) -> Box<StepError> {
        let mut error = self
            .walker
            .step_error(self.node, "timeout", 504, "the time is over");
        error.limit = Some(level);
        error
    }

    fn panicked(&self, panic: &(dyn Any + Send)) -> Box<StepError> {
        let text = panic
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        let name = &self.op.spec.name;
        // The text may hold anything, so it goes to the log, masked, and not to the flow's caller.
        let run = self.walker.run;
        tracing::error!(run_id = %run.id, step = %self.key, action = &**name, panic = %run.masks.apply(text), "an action panicked");
        self.walker.step_error(
            self.node,
            "action_panicked",
            500,
            format!("{name} crashed; this is a bug in the action"),
        )
    }

    fn doubt(&mut self) -> Box<StepError> {
        let name = &self.op.spec.name;
        let mut message = format!(
            "{name} was started in an earlier life of the run, and nobody can tell whether it happened"
        );
        let error = self.in_doubt.take();
        if let Some(error) = &error {
            message = format!("{message}: {}", error.message);
        }
        let mut doubt = self.walker.step_error(self.node, "in_doubt", 500, message);
        // Of a step in a loop or a called flow the id does not say which one is meant.
        doubt.details = Some(json!({ "key": self.key }));
        doubt.provider = error.and_then(|error| error.provider);
        doubt
    }
}

/// Asks what became of a lost call, again where the question itself failed for a reason that may pass.
async fn reconcile(
    action: &dyn crate::action::Action,
    context: &ActionContext<'_>,
    input: &Value,
) -> Result<Reconciled, ActionError> {
    let mut attempt = 1;
    loop {
        let error = match action.reconcile(context, input).await {
            Ok(reconciled) => return Ok(reconciled),
            Err(error) => error,
        };
        let after = match error.retry {
            Retry::Never => return Err(error),
            Retry::Transient => None,
            Retry::NothingHappened { after } => after,
        };
        if attempt >= RECONCILE_ATTEMPTS {
            return Err(error);
        }
        let pause = std::time::Duration::from_millis(200) * 2_u32.pow(attempt);
        context.clock.sleep(after.unwrap_or_default().max(pause)).await;
        attempt += 1;
    }
}
