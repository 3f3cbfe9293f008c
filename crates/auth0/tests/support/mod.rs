//! What the tests against an emulated tenant share: a clock that jumps, and steps as the engine makes them.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

pub mod in_process;

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use lockgate_auth0::Auth0Connection;
use lockgate_engine::action::{Action, ActionContext, ActionError, Actions, Reconciled, Retry};
use lockgate_engine::clock::{Clock, SystemClock};
use lockgate_engine::step_key::StepKey;
use lockgate_engine::trace::Outgoing;
use lockgate_tenant::Tenant;
use serde_json::{Map, Value, json};

static NO_MASKS: lockgate_engine::masks::Masks = lockgate_engine::masks::Masks::new();
static NO_STATE: std::sync::LazyLock<lockgate_engine::state::MemoryState> =
    std::sync::LazyLock::new(lockgate_engine::state::MemoryState::random);

/// Real time, but whoever sleeps moves it forward at once.
#[derive(Clone)]
pub struct JumpClock {
    ahead: Arc<Mutex<Duration>>,
    real: Arc<SystemClock>,
}

impl JumpClock {
    pub fn new() -> Self {
        Self {
            ahead: Arc::default(),
            real: Arc::new(SystemClock::new()),
        }
    }

    pub fn advance(&self, duration: Duration) {
        *self.ahead.lock().unwrap() += duration;
    }
}

impl Clock for JumpClock {
    fn now(&self) -> Timestamp {
        self.real.now()
    }

    fn elapsed(&self) -> Duration {
        self.real.elapsed() + *self.ahead.lock().unwrap()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        struct Jump(JumpClock, Duration);
        impl Future for Jump {
            type Output = ();
            fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
                let missing = self.1.saturating_sub(self.0.elapsed());
                self.0.advance(missing);
                Poll::Ready(())
            }
        }
        Box::pin(Jump(self.clone(), self.elapsed() + duration))
    }
}

pub fn settings(tenant: &Tenant) -> Map<String, Value> {
    let settings = json!({
        "base_url": tenant.url(),
        "client_id": tenant.client_id(),
        "client_secret": tenant.client_secret(),
    });
    settings.as_object().unwrap().clone()
}

/// A workspace with one connection.
#[derive(Clone)]
pub struct Bench {
    pub actions: Actions,
    pub connection: Arc<dyn Any + Send + Sync>,
    pub clock: Arc<dyn Clock>,
    pub time_left: Option<Duration>,
}

impl Bench {
    pub fn new(settings: &Map<String, Value>) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(JumpClock::new());
        Self::with_clock(settings, clock)
    }

    pub fn with_clock(settings: &Map<String, Value>, clock: Arc<dyn Clock>) -> Self {
        let connection = Auth0Connection::from_settings("auth0", settings, Arc::clone(&clock)).unwrap();
        Self::of(connection, clock)
    }

    pub fn of(connection: Arc<Auth0Connection>, clock: Arc<dyn Clock>) -> Self {
        let mut actions = Actions::new();
        lockgate_auth0::register(&mut actions);
        Self {
            actions,
            connection,
            clock,
            time_left: None,
        }
    }

    pub fn on(tenant: &Tenant) -> Self {
        Self::new(&settings(tenant))
    }

    fn action(&self, name: &str) -> &Arc<dyn Action> {
        self.actions.get(name).unwrap()
    }

    /// One attempt.
    pub async fn call(
        &self,
        name: &str,
        run: &str,
        attempt: u32,
        input: &Value,
    ) -> Result<Value, ActionError> {
        let key = StepKey {
            parent: None,
            path: "steps/0",
            indices: &[],
            part: "",
        };
        let context = ActionContext {
            run_id: run,
            key: &key,
            attempt,
            time_left: self.time_left,
            connection: Some(&self.connection),
            clock: &*self.clock,
            entropy: |buffer| buffer.fill(7),
            state: &*NO_STATE,
            masks: &NO_MASKS,
            trace: Outgoing::default(),
        };
        let action = self.action(name);
        let result = action.call(&context, input.clone()).await;
        if let Err(error) = &result {
            assert!(
                action.spec().error(&error.code).is_some(),
                "{name} does not declare {}: {error}",
                error.code
            );
        }
        result
    }

    pub async fn reconcile(&self, name: &str, run: &str, input: &Value) -> Result<Reconciled, ActionError> {
        let key = StepKey {
            parent: None,
            path: "steps/0",
            indices: &[],
            part: "",
        };
        let context = ActionContext {
            run_id: run,
            key: &key,
            attempt: 1,
            time_left: self.time_left,
            connection: Some(&self.connection),
            clock: &*self.clock,
            entropy: |buffer| buffer.fill(7),
            state: &*NO_STATE,
            masks: &NO_MASKS,
            trace: Outgoing::default(),
        };
        self.action(name).reconcile(&context, input).await
    }

    /// A step as the engine makes it: attempts by the rules of effects.
    pub async fn step(
        &self,
        name: &str,
        run: &str,
        input: &Value,
        attempts: u32,
    ) -> Result<Value, ActionError> {
        let repeatable = self.action(name).spec().effect.is_repeatable();
        let mut attempt = 1;
        loop {
            let error = match self.call(name, run, attempt, input).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let again = match error.retry {
                Retry::Never => false,
                Retry::NothingHappened { .. } => true,
                Retry::Transient => repeatable,
            };
            if !again || attempt >= attempts {
                return Err(error);
            }
            attempt += 1;
        }
    }
}

pub fn new_user(email: &str) -> Value {
    json!({ "connection": "Username-Password-Authentication", "email": email, "password": "correct horse 9" })
}
