//! What `lockgate doctor` looks at. Each file finds things out about one part of the whole; nothing here is changed.
//!
//! ```text
//!  check         what was found: fine, a warning, an error; what to do
//!  store         the file, its disk, its owner, its key, how the runs stand
//!  connections   a token and the scopes of each
//!  clock         this machine's against the tenant's; time zones; due times
//!  environment   findings of the workspace, `.env`, descriptors
//! ```

mod check;
mod clock;
mod connections;
mod environment;
mod store;

pub(crate) use check::{Checks, Health};
pub(crate) use clock::{Steady, clock, schedules};
pub(crate) use connections::connections;
pub(crate) use environment::environment;
pub(crate) use store::{StoreToCheck, store};
