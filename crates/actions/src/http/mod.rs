//! `http.request`: one HTTP request to anywhere.
//!
//! ```text
//!  action      the Action: puts the parts together, says what is known of the effect
//!   ├─ spec      the declaration, and what `check` finds in a known input
//!   ├─ request   input → a request that can be sent, parsed once
//!   ├─ exchange  sends it: redirects by hand, capped bodies, one time limit for all hops
//!   │   ├─ policy    which addresses may be reached
//!   │   └─ resolver  names → addresses that the policy allows; the checked address is the one connected to
//!   ├─ answer    an answer → the step's result
//!   └─ failure   why there is no answer → an error with a code
//! ```

mod action;
mod answer;
mod exchange;
mod failure;
mod policy;
mod request;
mod resolver;
mod spec;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use action::HttpRequest;
pub use policy::{Allowed, HttpPolicy, PolicyError};
