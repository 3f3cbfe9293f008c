//! Scenarios: workspaces to start from. Each is a folder of `scenarios/` in the repository, and in the binary.
//!
//! A scenario is a whole workspace by itself: `lockgate.yaml`, flows with their tests, `.env.example`, and a `README.md` that
//! explains it. Its name is the folder's; the page's first heading is its title, the first paragraph its summary.
//!
//! ```text
//!  shipped    the scenarios of this binary
//!  picture    a flow in one line
//!  plan       what adding one to a workspace would write, and what is in the way
//!   └─ merge   what a scenario adds to a `lockgate.yaml` that is there
//!  gaps       variables without a value, and asking for them
//! ```

mod gaps;
mod merge;
mod picture;
mod plan;
mod shipped;

pub(crate) use gaps::{ask, gaps};
pub(crate) use picture::picture;
pub(crate) use plan::Plan;
pub(crate) use shipped::{Scenario, all, find};
