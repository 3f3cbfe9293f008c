//! One HTTP request to anywhere, within a policy: what `http.request`, connectors and key sets are fetched with.
//!
//! ```text
//!  request      a request that can be sent
//!  exchange     sends it: redirects by hand, capped bodies, one time limit for all hops
//!   ├─ policy    which addresses may be reached
//!   └─ resolver  names → addresses that the policy allows; the checked address is the one connected to
//!  answer       an answer → a step's result
//!  failure      why there is no answer, or none that is accepted → an error with a code
//! ```
//!
//! This crate knows no provider, no flow, and not where a policy comes from.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod answer;
mod exchange;
mod failure;
mod policy;
mod request;
mod resolver;
#[cfg(feature = "testing")]
pub mod testing;

pub use answer::{headers, result};
pub use exchange::{Answer, Exchange, MAX_BODY};
pub use failure::{Failure, provider, refused, retry_after};
pub use policy::{Allowed, HttpPolicy, PolicyError};
pub use request::{Request, StatusRange, check_url, is_idempotent, is_reserved, is_safe};
pub use resolver::SystemResolver;
