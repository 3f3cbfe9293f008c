//! What the studio asks of this machine: the files of the workspace, and what can be done with them.
//!
//! ```text
//!  files       the workspace as it was read last, and who is told of the next
//!  desk        a workspace that was read → what the studio shows of it
//!  findings    what is wrong in test files and connectors
//!  place       where a path leads, and where it may not
//!  write       a file's new text, safe on the disk or not there at all
//!  doing       what else the studio asks for, by these
//!   ├─ tests       runs tests
//!   ├─ connections which there are, and whether they work
//!   ├─ runs        runs that were kept: on their picture, against an edited text, as a test
//!   ├─ scenarios   workspaces to add
//!   └─ coverage    where runs went in a flow
//! ```

mod connections;
mod coverage;
mod desk;
mod doing;
mod files;
mod findings;
mod place;
mod runs;
mod scenarios;
mod tests;
mod write;

pub(crate) use doing::Doing;
pub(crate) use files::WorkspaceFiles;
