//! Codes that people type: one-time codes that were sent (`otp`), and those of an authenticator app (`totp`).

use lockgate_engine::action::Actions;

/// Adds the actions of this group.
pub(crate) fn register(actions: &mut Actions) {
    let _ = actions;
}
