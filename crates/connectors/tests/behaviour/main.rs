//! What operations do, against a server on loopback: requests, credentials, errors, repeats, pages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod auth;
mod errors;
mod pages;
mod reconcile;
mod requests;
mod stand;
