//! Roles and who has them: what a role is (`role`), where they are kept (`store`), and the endpoints (`endpoints`).
//! Permissions of roles are not emulated.

mod endpoints;
mod role;
mod store;

pub(crate) use endpoints::handle;
pub(crate) use store::Roles;

pub use role::Role;
