//! Vendor-neutral actions: `http.request` and `log`.
//!
//! Each action stands in a place of its own, with its declaration, its code and its tests. A binary registers them:
//!
//! ```
//! use lockgate_actions::{HttpPolicy, register};
//! use lockgate_engine::action::Actions;
//!
//! let mut actions = Actions::new();
//! // Requests reach the public internet, and this one private network.
//! register(&mut actions, HttpPolicy::parse(["10.1.0.0/16"])?);
//! assert!(actions.get("http.request").is_some());
//! # Ok::<(), lockgate_actions::PolicyError>(())
//! ```
//!
//! This crate knows nothing of Auth0, of flows' text, or of where a policy comes from.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod http;
mod log;

use lockgate_engine::action::Actions;

pub use http::{Allowed, HttpPolicy, HttpRequest, PolicyError};
pub use log::Log;

/// Adds all actions of this crate. `policy` says which addresses `http.request` may reach.
pub fn register(actions: &mut Actions, policy: HttpPolicy) {
    actions.add(HttpRequest::new(policy));
    actions.add(Log);
}
