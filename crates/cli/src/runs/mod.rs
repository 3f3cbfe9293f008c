//! Runs that were kept, on the terminal.
//!
//! ```text
//!  pick      which one is meant: an id, its beginning, `last`
//!  list      a table
//!  timeline  one run, step by step
//!  departs   where an edited flow departs from what is recorded
//!  again     what is recorded, run once more without touching anything
//!  owner     asks the process that owns the store
//!  titles    what its steps are called
//!  times     when, and how long ago
//! ```

mod again;
mod departs;
mod list;
mod owner;
mod pick;
mod timeline;
mod times;
mod titles;

pub(crate) use again::{Compared, compare, retrace};
pub(crate) use departs::{Side, departures, described, end as end_of_replay};
pub(crate) use list::{size, table};
pub(crate) use owner::Owner;
pub(crate) use pick::pick;
pub(crate) use timeline::{Live, end, head, show};
pub(crate) use times::{absolute, relative};
pub(crate) use titles::{Titles, place_of, structural_path};
