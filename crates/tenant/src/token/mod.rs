//! Access tokens: who may ask for one (`client`, `assertion`), the endpoint that gives it (`endpoint`), how it is
//! made and published (`signing`), and how the Management API checks it (`bearer`).

mod assertion;
mod bearer;
mod client;
mod endpoint;
mod signing;

pub(crate) use assertion::SeenAssertions;
pub(crate) use bearer::{Access, Tokens};
pub(crate) use endpoint::{exchange, token_error};
pub(crate) use signing::{check_keys, discovery, jwks};

pub use client::{Client, ClientKeyError};
