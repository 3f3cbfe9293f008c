//! For tests of flows and actions: a clock on virtual time, and a step to call an action from.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::action::{Action, ActionContext, ActionError, Reconciled};
use crate::clock::Clock;
use crate::masks::Masks;
use crate::state::{MemoryState, SharedState};
use crate::step_key::StepKey;
use crate::trace::{Outgoing, TraceContext};

/// A clock whose time of day moves with tokio's timer. Under `#[tokio::test(start_paused = true)]` time stands still
/// while anything is to do and jumps to the next timer when nothing is: a wait of a month takes no time, and every
/// run of a test sees the same times.
#[derive(Debug)]
pub struct TestClock {
    began: Timestamp,
    started: tokio::time::Instant,
}

impl TestClock {
    /// A clock that shows this time now.
    pub fn at(began: Timestamp) -> Self {
        Self {
            began,
            started: tokio::time::Instant::now(),
        }
    }
}

impl Default for TestClock {
    /// Begins on 1 January 2030 at midnight, UTC.
    fn default() -> Self {
        const BEGAN: i64 = 1_893_456_000;
        Self::at(Timestamp::from_second(BEGAN).unwrap_or(Timestamp::UNIX_EPOCH))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.elapsed()).unwrap_or(SignedDuration::MAX);
        self.began.checked_add(elapsed).unwrap_or(Timestamp::MAX)
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A step of a run that nobody runs: actions are called from it.
pub struct LoneStep {
    /// The run's id; with it and the step's path, what [`ActionContext::identity`] gives changes.
    pub run_id: String,
    /// Which attempt it is.
    pub attempt: u32,
    /// What is left of the limits around the step.
    pub time_left: Option<Duration>,
    /// The connection that it uses.
    pub connection: Option<Arc<dyn Any + Send + Sync>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What it takes for randomness.
    pub entropy: fn(&mut [u8]),
    /// What runs share.
    pub state: Arc<dyn SharedState>,
    /// The run's secrets.
    pub masks: Masks,
    /// Where the run comes from.
    pub caller: Option<TraceContext>,
}

impl LoneStep {
    /// A step on this clock: `steps/0` of the run `run-1`, its first attempt.
    pub fn on(clock: impl Clock + 'static) -> Self {
        Self {
            run_id: "run-1".to_owned(),
            attempt: 1,
            time_left: None,
            connection: None,
            clock: Arc::new(clock),
            entropy: |buffer| rand::fill(buffer),
            state: Arc::new(MemoryState::random()),
            masks: Masks::new(),
            caller: None,
        }
    }

    /// With a connection.
    #[must_use]
    pub fn with_connection<T: Any + Send + Sync>(mut self, connection: T) -> Self {
        self.connection = Some(Arc::new(connection));
        self
    }

    /// Calls an action.
    ///
    /// # Errors
    /// The action's.
    pub async fn call(&self, action: &impl Action, input: Value) -> Result<Value, ActionError> {
        action.call(&self.context(&KEY), input).await
    }

    /// Asks an action what became of a lost call.
    ///
    /// # Errors
    /// The action's.
    pub async fn reconcile(&self, action: &impl Action, input: &Value) -> Result<Reconciled, ActionError> {
        action.reconcile(&self.context(&KEY), input).await
    }

    /// What an action is given.
    pub fn context<'a>(&'a self, key: &'a StepKey<'a>) -> ActionContext<'a> {
        ActionContext {
            run_id: &self.run_id,
            key,
            attempt: self.attempt,
            time_left: self.time_left,
            connection: self.connection.as_ref(),
            clock: &*self.clock,
            entropy: self.entropy,
            state: &*self.state,
            masks: &self.masks,
            trace: Outgoing {
                caller: self.caller.as_ref(),
                ..Outgoing::default()
            },
        }
    }
}

const KEY: StepKey<'static> = StepKey {
    parent: None,
    path: "steps/0",
    indices: &[],
    part: "",
};
