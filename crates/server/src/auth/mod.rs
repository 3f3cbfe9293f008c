//! Who may call: what a trigger's `auth` asks for.
//!
//! A [`Scheme`] is a type of connection; its settings in `lockgate.yaml` are what callers must show. `settings` reads
//! them, `credentials` holds them and checks a request's head, `authorization` reads the header of that name,
//! `signature` checks signed requests.
//!
//! Secrets that are only compared are kept as digests. Every comparison is of digests of one length, in constant time.
//!
//! Not here: who the caller is beyond that, and what a caller may do. A flow that asks reads `input`.

mod authorization;
mod credentials;
mod settings;
mod signature;

pub use credentials::Credentials;
pub use settings::{CredentialsError, Scheme, connection_specs};

#[cfg(test)]
mod tests;
