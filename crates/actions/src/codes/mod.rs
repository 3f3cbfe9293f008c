//! Codes that people type: one-time codes that were sent (`otp`), and those of an authenticator app (`totp`).
//!
//! ```text
//!  otp      otp.generate, otp.verify
//!  totp     totp.generate_secret, totp.verify
//!    └ change     an entry of the shared state is read, judged and written, until nobody was faster
//!    └ guesses    wrong guesses that still count
//!    └ hashes     what is kept in the place of references, codes and secrets
//!    └ typed      a code as a person types it
//! ```
//!
//! What is kept is short-lived and says nothing without the key of the state: see `docs/codes.md`.

mod change;
mod guesses;
mod hashes;
mod otp;
mod totp;
mod typed;

use lockgate_engine::action::Actions;

/// Adds the actions of this group.
pub(crate) fn register(actions: &mut Actions) {
    actions.add(otp::Generate);
    actions.add(otp::Verify);
    actions.add(totp::GenerateSecret);
    actions.add(totp::Verify);
}
