//! The users of the tenant: what a request may say (`schema`, `metadata`), what becomes of it (`create`,
//! `update`, `identities`), where users are kept (`store`), how they are found (`query`, `list`), and the endpoints
//! over all that (`endpoints`).

mod connection;
mod create;
mod endpoints;
mod identities;
mod list;
mod metadata;
mod query;
mod schema;
mod seed;
mod store;
mod update;
mod user;

pub(crate) use endpoints::handle;
pub(crate) use store::Users;
pub(crate) use user::User;

pub use connection::{Connection, Strategy, UsernameRule};
pub use seed::{SeedError, SeedUser};
