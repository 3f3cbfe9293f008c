//! What a step calls: the [`Action`] trait, and what it gives and gets.

use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lockgate_flow::catalog::{ActionSpec, Catalog, Text};
use lockgate_flow::schema::SchemaView;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::clock::Clock;
use crate::masks::Masks;
use crate::state::SharedState;
use crate::step_key::StepKey;
use crate::trace::Outgoing;

/// Something that a step can call. Implementations are shared by all runs and hold no state of a run.
///
/// The future may be dropped at any await point (a timeout, a cancelled branch): an action must not leave
/// shared state half-changed there.
#[async_trait]
pub trait Action: Send + Sync {
    /// The declaration. Called often: keep it in a `LazyLock` or a field.
    fn spec(&self) -> &Arc<ActionSpec>;

    /// Does it once. `input` fits the declared schema.
    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError>;

    /// Settles a `once` call whose outcome is unknown: the process died, or the answer was lost.
    ///
    /// `input` is what the lost call got. The default cannot tell, and the run ends as in doubt.
    async fn reconcile(&self, context: &ActionContext<'_>, input: &Value) -> Result<Reconciled, ActionError> {
        let _ = (context, input);
        Ok(Reconciled::Unknown)
    }
}

/// What became of a lost call.
#[derive(Clone, Debug, PartialEq)]
pub enum Reconciled {
    /// It happened, and this is its result.
    Happened(Value),
    /// It did not happen; it may be called again.
    DidNotHappen,
    /// Nobody can tell.
    Unknown,
}

/// What an action may know of the step that calls it.
#[derive(Clone, Copy)]
pub struct ActionContext<'a> {
    /// The run's id.
    pub run_id: &'a str,
    /// Where in the run.
    pub key: &'a StepKey<'a>,
    /// Which attempt of this step, from 1.
    pub attempt: u32,
    /// Time that is left for this attempt, if a limit was set; the engine drops the call when it is over.
    pub time_left: Option<Duration>,
    /// The connection that the step uses, if the declaration asks for one.
    pub connection: Option<&'a Arc<dyn Any + Send + Sync>>,
    /// Time.
    pub clock: &'a dyn Clock,
    /// Fills a buffer with bytes that cannot be foretold.
    pub entropy: fn(&mut [u8]),
    /// What runs share.
    pub state: &'a dyn SharedState,
    /// The run's secrets: whatever an action writes elsewhere than into its result goes through them.
    pub masks: &'a Masks,
    /// What its requests say of the trace that they belong to.
    pub trace: Outgoing<'a>,
}

impl ActionContext<'_> {
    /// The connection as its own type.
    ///
    /// # Errors
    /// `connection_mismatch` where the step has none or one of another type: a mistake in the wiring of the
    /// binary, since the checker compares the types.
    pub fn connection<T: Any + Send + Sync>(&self) -> Result<&T, ActionError> {
        self.connection
            .and_then(|connection| connection.downcast_ref())
            .ok_or_else(|| {
                ActionError::new(
                    "connection_mismatch",
                    format!("the step's connection is not a {}", std::any::type_name::<T>()),
                )
            })
    }

    /// 32 bytes that are the same for every attempt and every replay of this step, and for no other step:
    /// the source of idempotency keys and derived ids.
    pub fn identity(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.run_id.as_bytes());
        hash.update([0]);
        hash.update(self.key.to_string().as_bytes());
        hash.finalize().into()
    }
}

/// Why an action failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ActionError {
    /// One of the declared codes.
    pub code: Cow<'static, str>,
    /// What was attempted and what went wrong; for people.
    pub message: String,
    /// HTTP status for the caller of the flow; the declaration's where this is `None`.
    pub status: Option<u16>,
    /// What the remote end said: status, headers that matter, body. Never secrets.
    pub provider: Option<Value>,
    /// Whether trying again could help.
    pub retry: Retry,
}

/// Whether, and when, an action may be tried again after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// No: the same call fails the same way.
    Never,
    /// It may pass, and the effect may already have happened: for repeatable effects only.
    Transient,
    /// It may pass, and nothing has happened: for every effect.
    NothingHappened {
        /// The remote end's own word on when, if it gave one.
        after: Option<Duration>,
    },
}

impl ActionError {
    /// A permanent error.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            status: None,
            provider: None,
            retry: Retry::Never,
        }
    }

    /// With what the remote end said.
    #[must_use]
    pub fn with_provider(mut self, provider: Value) -> Self {
        self.provider = Some(provider);
        self
    }

    /// With a status for the flow's caller.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// With a word on trying again.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }
}

/// The actions that a binary offers, by name.
#[derive(Clone, Default)]
pub struct Actions(BTreeMap<Text, Registered>);

/// An action, and what the executor asks of its declaration at every step.
#[derive(Clone)]
pub(crate) struct Registered {
    pub(crate) action: Arc<dyn Action>,
    /// Paths of what is secret in its input.
    pub(crate) input_secrets: Vec<Vec<String>>,
    /// Paths of what is secret in its result.
    pub(crate) output_secrets: Vec<Vec<String>>,
}

impl Actions {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an action under its declared name; one of the same name is replaced.
    pub fn add(&mut self, action: impl Action + 'static) {
        let spec = Arc::clone(action.spec());
        let secrets = |schema: &lockgate_flow::schema::Schema| {
            let mut paths = Vec::new();
            secret_paths(schema.view(), &mut Vec::new(), &mut paths);
            paths
        };
        let registered = Registered {
            action: Arc::new(action),
            input_secrets: secrets(&spec.input),
            output_secrets: secrets(&spec.output),
        };
        self.0.insert(spec.name.clone(), registered);
    }

    /// The action of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Action>> {
        self.0.get(name).map(|registered| &registered.action)
    }

    pub(crate) fn registered(&self, name: &str) -> Option<&Registered> {
        self.0.get(name)
    }

    /// Adds every declaration to a catalog.
    pub fn declare(&self, catalog: &mut Catalog) {
        for registered in self.0.values() {
            catalog.add_action(Arc::clone(registered.action.spec()));
        }
    }
}

/// Collects the paths of the properties that are annotated `secret`; `*` stands for a list's elements.
fn secret_paths(schema: SchemaView<'_>, at: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    // A schema is a tree; one that is deeper than this was not written by a person.
    const DEEPEST: usize = 16;
    if schema.is_secret() {
        paths.push(at.clone());
        return;
    }
    if at.len() >= DEEPEST {
        return;
    }
    for name in schema.property_names() {
        if let Some(property) = schema.property(name) {
            at.push(name.to_owned());
            secret_paths(property, at, paths);
            at.pop();
        }
    }
    if schema.as_value().get("items").is_some() {
        at.push("*".to_owned());
        secret_paths(schema.items(), at, paths);
        at.pop();
    }
}

impl std::fmt::Debug for Actions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
