//! `otp.generate`, `otp.verify`: one-time codes that are sent to somebody, who types them.
//!
//! ```text
//!  generate, verify   the actions: declaration, input, what they give
//!    └ reference        what is kept of a reference: its code, wrong guesses, codes that were sent; and the rules
//!    └ alphabet         which characters a code has
//! ```

mod alphabet;
mod generate;
mod reference;
#[cfg(test)]
mod tests;
mod verify;

pub(super) use generate::Generate;
pub(super) use verify::Verify;

use lockgate_engine::action::{ActionContext, ActionError};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::hashes::hash;

/// The longest reference, in characters.
const LONGEST_REFERENCE: u64 = 250;

/// The input as the action reads it; the schema has been checked.
fn read<T: DeserializeOwned>(input: Value) -> Result<T, ActionError> {
    serde_json::from_value(input).map_err(|error| ActionError::new("invalid_input", error.to_string()))
}

/// Where the entry of a reference stands in the state.
fn place(context: &ActionContext<'_>, reference: &str) -> String {
    let hash = hash(context.state, "otp reference", &[reference.as_bytes()]);
    format!("otp/{}", hash.as_str())
}
