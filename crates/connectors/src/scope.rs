//! The names that a connector's expressions read, as slots; and what stands in them while an action is called.

use lockgate_engine::action::ActionContext;
use lockgate_flow::expression::{Ambient, Scope, Slot};
use serde_json::{Value, json};

/// The settings of the connection.
pub(crate) const CONNECTION: Slot = Slot::Other(0);
/// The answer: `status`, `headers`, `body`.
pub(crate) const RESPONSE: Slot = Slot::Other(1);
/// Under `pagination`: which page it is, and what came so far.
pub(crate) const PAGE: Slot = Slot::Other(2);

/// Null, where a root has no value.
static NOTHING: Value = Value::Null;

/// What expressions see.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) input: &'a Value,
    pub(crate) connection: &'a Value,
    pub(crate) run: &'a Value,
    pub(crate) response: &'a Value,
    pub(crate) page: &'a Value,
}

impl<'a> Values<'a> {
    /// Before there is a request: the settings alone.
    pub(crate) fn of_connection(connection: &'a Value) -> Self {
        Self {
            input: &NOTHING,
            connection,
            run: &NOTHING,
            response: &NOTHING,
            page: &NOTHING,
        }
    }

    /// Before there is an answer.
    pub(crate) fn of_call(connection: &'a Value, input: &'a Value, run: &'a Value) -> Self {
        Self {
            input,
            run,
            ..Self::of_connection(connection)
        }
    }

    /// With an answer.
    pub(crate) fn answered(self, response: &'a Value) -> Self {
        Self { response, ..self }
    }

    /// With a page.
    pub(crate) fn paged(self, page: &'a Value) -> Self {
        Self { page, ..self }
    }
}

impl Scope for Values<'_> {
    fn root(&self, slot: Slot) -> Option<&Value> {
        match slot {
            Slot::Input => Some(self.input),
            Slot::Run => Some(self.run),
            CONNECTION => Some(self.connection),
            RESPONSE => Some(self.response),
            PAGE => Some(self.page),
            _ => None,
        }
    }
}

/// `run`: its `id`, and `step`, a text that is the same for each attempt of this step, and for no other step.
pub(crate) fn run_value(context: &ActionContext<'_>) -> Value {
    json!({ "id": context.run_id, "step": step_key(context) })
}

/// What tells this step from every other: 32 hex digits.
pub(crate) fn step_key(context: &ActionContext<'_>) -> String {
    let identity = context.identity();
    let number = identity[..16]
        .iter()
        .fold(0, |number: u128, byte| number << 8 | u128::from(*byte));
    format!("{number:032x}")
}

/// Time, randomness and masks of the step.
pub(crate) struct Surroundings<'a, 'b>(pub(crate) &'a ActionContext<'b>);

impl Ambient for Surroundings<'_, '_> {
    fn now(&mut self) -> jiff::Timestamp {
        self.0.clock.now()
    }

    fn random_bytes(&mut self, buffer: &mut [u8]) {
        (self.0.entropy)(buffer);
    }

    fn mask(&mut self, text: &str) {
        self.0.masks.add(text);
    }
}
