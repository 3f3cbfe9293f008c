//! What may be typed. Arguments are parsed here and nowhere else; each command's help ends with an example.
//!
//! ```text
//!  command   the commands, and the arguments of those that look at a workspace or run a flow
//!  server    `serve` and `dev`
//!  runs      `runs` and `doctor`
//!  test      `test`
//!  value     durations, times, counts, networks
//! ```

mod command;
mod runs;
mod server;
mod test;
mod value;

pub(crate) use command::{
    ActionsArgs, CheckArgs, Cli, Command, CompletionsArgs, ConnectionsCheckArgs, ConnectionsCommand,
    ExplainArgs, FindingFormat, Global, GraphArgs, GraphFormat, NewArgs, RunArgs, ScenariosArgs, SchemaArgs,
    SchemaOf, ScopesArgs, TenantArgs, parse,
};
pub(crate) use runs::{
    AskArgs, DoctorArgs, RunsArgs, RunsBackupArgs, RunsCancelArgs, RunsCommand, RunsExportArgs,
    RunsFollowArgs, RunsListArgs, RunsPruneArgs, RunsReplayArgs, RunsResumeArgs, RunsShowArgs,
};
pub(crate) use server::{DevArgs, DurabilityChoice, ServeArgs};
pub(crate) use test::{TestArgs, TestFormat};
