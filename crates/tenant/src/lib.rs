//! An emulated Auth0 tenant: token endpoint, users API, fault injection.
//!
//! It is a server of its own on the loopback interface (or no server at all), with all state in memory, for trying flows out and for
//! testing whatever talks to Auth0: without an account, without rate limits (unless they are asked for), and with
//! any failure on demand.
//!
//! ```
//! use lockgate_tenant::Tenant;
//! use serde_json::{Value, json};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tenant = Tenant::builder().faults(["500:once,path=/api/v2/*".parse()?]).start().await?;
//! let http = reqwest::Client::new();
//!
//! let token: Value = http
//!     .post(format!("{}/oauth/token", tenant.url()))
//!     .json(&json!({
//!         "grant_type": "client_credentials",
//!         "client_id": tenant.client_id(),
//!         "client_secret": tenant.client_secret(),
//!         "audience": tenant.audience(),
//!     }))
//!     .send()
//!     .await?
//!     .json()
//!     .await?;
//!
//! let create = http
//!     .post(format!("{}/api/v2/users", tenant.url()))
//!     .bearer_auth(token["access_token"].as_str().unwrap_or_default())
//!     .json(&json!({
//!         "connection": "Username-Password-Authentication",
//!         "email": "ada@example.com",
//!         "password": "correct horse",
//!     }));
//! let again = create.try_clone().ok_or("a body that can be sent twice")?;
//! assert_eq!(create.send().await?.status(), 500); // the fault
//! let user: Value = again.send().await?.json().await?;
//! assert_eq!(user["nickname"], "ada");
//! assert_eq!(tenant.user_count(), 1);
//! tenant.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! Without a socket, for tests on virtual time, a tenant is [built](Builder::build) and [asked](Tenant::handle):
//!
//! ```
//! use bytes::Bytes;
//! use lockgate_tenant::Tenant;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tenant = Tenant::builder().clock(|| 1_893_456_000_000).build()?;
//! let request = http::Request::get("https://tenant.test/api/v2/users").body(Bytes::new())?;
//! let answer = tenant.handle(request).await?;
//! assert_eq!(answer.status(), 401);
//! assert_eq!(answer.headers()["date"], "Tue, 01 Jan 2030 00:00:00 GMT");
//! # Ok(())
//! # }
//! ```
//!
//! # What is emulated
//!
//! - `POST /oauth/token` for client credentials: JSON and form bodies; secrets in the body or by HTTP Basic, and
//!   `private_key_jwt`; `/.well-known/jwks.json` and `/.well-known/openid-configuration`.
//! - `POST`, `GET`, `PATCH`, `DELETE` of users, `GET /api/v2/users` with a subset of the Lucene syntax, and
//!   `GET /api/v2/users-by-email`.
//! - Roles of users, verification emails (as jobs), tickets, linked identities. Nothing is sent: [`Tenant`] tells
//!   what would have been.
//! - Scopes, validation, derived fields, metadata merging, uniqueness, error texts, rate limits and their headers.
//! - [`Fault`]s: error statuses, delays, cut bodies, HTML pages, resets, and answers lost after the write.
//!
//! How close that is to a real tenant is measured: `tests/fidelity.rs` replays recorded exchanges and prints how
//! many answers are the same. What no recording shows (and Auth0's documents leave open) is a choice of this
//! crate, said where it is made; above all the `errorCode` of refused updates, the shape of SMS users, and the
//! texts about metadata keys.
//!
//! # What is not
//!
//! Logging in (and so the pages behind tickets, and linking with a user's token), other grants, organizations,
//! permissions, logs, bulk jobs, custom domains beyond the conflict that two of them cause, password histories and
//! dictionaries. HTTP only, no TLS. And nothing is secret here: the signing key is public.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod answer;
mod api_error;
mod builder;
mod clock;
mod fault;
mod identifiers;
mod in_process;
mod jobs;
mod lock;
mod messages;
mod payload;
mod query_string;
mod rate_limit;
mod request;
mod requests;
mod respond;
mod roles;
mod route;
mod serve;
mod settings;
mod socket;
mod state;
mod tenant;
mod tickets;
mod token;
mod users;
mod verification;

pub use builder::{Builder, StartError};
pub use fault::{Fault, FaultKind, FaultParseError};
pub use in_process::Broken;
pub use rate_limit::RateLimit;
pub use requests::RequestRecord;
pub use roles::Role;
pub use settings::{SettingsError, settings_schema};
pub use tenant::Tenant;
pub use token::{Client, ClientKeyError};
pub use users::{Connection, SeedError, SeedUser, Strategy, UsernameRule};
