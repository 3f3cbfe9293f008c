//! What works on values alone: JSON, XML, CSV, look-ups, addresses, hashes.

use lockgate_engine::action::Actions;

/// Adds the actions of this group.
pub(crate) fn register(actions: &mut Actions) {
    let _ = actions;
}
