//! The `OpenAPI` 3.1 document of a site: what its flows take, and everything that they can answer.
//!
//! It is made from the compiled flows alone, once when a site is built, so it cannot drift from what runs:
//!
//! ```text
//!  document     the flows with an HTTP trigger → paths and components
//!    ├ calls        what the flows that they `call` give back
//!    ├ reach        the walk over a flow's graph: which answers and errors can come out of it
//!    ├ infer        a template → the JSON Schema of the values that it makes
//!    ├ operation    one flow → one operation
//!    │   ├ input        parameters and request body
//!    │   ├ kept         where the flow's runs are kept: keys, `Prefer`, the path of answers
//!    │   └ responses    answers and problems by status
//!    ├ problems     the problem document, and what the server itself answers
//!    ├ security     what callers must show
//!    └ schema, components   JSON Schemas and their names
//! ```
//!
//! The walk is a superset: an answer that no run gives may be declared, one that is not declared is never given. The one
//! exception cannot be seen in a flow: an action that gives an error another status than its declaration has.
//!
//! Not here: `OPTIONS`, `HEAD`, and the answers of the HTTP library to what is no HTTP.

mod calls;
mod components;
mod document;
mod infer;
mod input;
mod kept;
mod operation;
mod places;
mod problems;
mod reach;
mod responses;
mod schema;
mod security;
#[cfg(test)]
mod tests;

pub use document::document;
