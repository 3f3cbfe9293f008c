//! `http.request`: one HTTP request to anywhere.
//!
//! ```text
//!  action      the Action: puts the parts together, says what is known of the effect
//!   ├─ spec      the declaration, and what `check` finds in a known input
//!   └─ request   input → a request that can be sent
//! ```
//!
//! How a request is sent, and which addresses may be reached, is `lockgate_http`.

mod action;
mod request;
mod spec;
#[cfg(test)]
mod tests;

pub use action::HttpRequest;
