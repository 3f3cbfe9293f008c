//! What the studio asks of this machine: the files of the workspace, and what can be done with them.
//!
//! ```text
//!  files       the workspace as it was read last, and who is told of the next
//!  desk        a workspace that was read → what the studio shows of it
//!  findings    what is wrong in test files and connectors
//!  place       where a path leads, and where it may not
//!  write       a file's new text, safe on the disk or not there at all
//!  doing       tests, connections, runs, scenarios
//! ```

mod desk;
mod doing;
mod files;
mod findings;
mod place;
mod write;

pub(crate) use doing::Doing;
pub(crate) use files::WorkspaceFiles;
