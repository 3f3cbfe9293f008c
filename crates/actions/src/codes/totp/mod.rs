//! `totp.generate_secret`, `totp.verify`: codes of an authenticator app (RFC 6238, on RFC 4226).
//!
//! ```text
//!  generate_secret, verify   the actions: declaration, input, what they give
//!    └ authenticator           what is kept of a reference: its last time step, wrong guesses; and the rules
//!    └ parameters              algorithm, digits, period; the secret. The arithmetic is totp-rs'
//! ```

mod authenticator;
mod generate_secret;
mod parameters;
#[cfg(test)]
mod tests;
mod verify;

pub(super) use generate_secret::GenerateSecret;
pub(super) use verify::Verify;

use lockgate_engine::action::ActionError;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The input as the action reads it; the schema has been checked.
fn read<T: DeserializeOwned>(input: Value) -> Result<T, ActionError> {
    serde_json::from_value(input).map_err(|error| ActionError::new("invalid_input", error.to_string()))
}
