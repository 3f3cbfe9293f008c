//! `runs` and `doctor`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use lockgate_store::Status;

use super::value::{Moment, parse_moment, parse_time};

#[derive(Debug, Args)]
pub(crate) struct RunsArgs {
    #[command(subcommand)]
    pub(crate) command: Option<RunsCommand>,
    /// The store to look into; without it, that of the workspace (`store.path` in lockgate.yaml)
    #[arg(long, value_name = "PATH", env = "LOCKGATE_STORE", global = true)]
    pub(crate) store: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// List runs, newest first
    #[command(after_help = "\
Examples:
  lockgate runs list --status failed,in_doubt --since 24h
  lockgate runs list --flow sign-up --text ada@example.com
  lockgate runs list --limit 1000 --json | jq .runs[].id")]
    List(RunsListArgs),
    /// Show a run: what it was given, each step, how it ended
    #[command(after_help = "\
Examples:
  lockgate runs show last
  lockgate runs show 0199c5d4")]
    Show(RunsShowArgs),
    /// Watch a run until it ends
    #[command(after_help = "\
Example:
  lockgate runs follow last

Exit codes:
  0    it succeeded
  1    it ended otherwise
  130  interrupted; the run goes on")]
    Follow(RunsFollowArgs),
    /// Call a run off
    #[command(after_help = "\
Example:
  lockgate runs cancel 0199c5d4")]
    Cancel(RunsCancelArgs),
    /// Let a run that failed, is in doubt or was cancelled go on from the step where it stopped
    #[command(after_help = "\
Examples:
  lockgate runs resume 0199c5d4                       as the flow was when the run began
  lockgate runs resume 0199c5d4 --current             as the flow is now
  lockgate runs resume 0199c5d4 --happened '{\"id\": 7}'  the step in doubt happened, and gave this
  lockgate runs resume 0199c5d4 --did-not-happen      it did not: do it

Where a process owns the store, it is asked to go on with the run; else the run goes on here, to its end.

Exit codes:
  0    it goes on, or succeeded here
  1    it ended otherwise here
  2    it cannot be resumed")]
    Resume(RunsResumeArgs),
    /// Run what is recorded against the flow as it is now, without touching anything, and show where it departs
    #[command(after_help = "\
Examples:
  lockgate runs replay last
  lockgate runs replay 0199c5d4 --flow-file drafts/sign-up.yaml

Exit codes:
  0    the flow does what was recorded
  1    it departs")]
    Replay(RunsReplayArgs),
    /// Write a run as JSON: its records, and the flow that it ran
    #[command(after_help = "\
Example:
  lockgate runs export last -o run.json")]
    Export(RunsExportArgs),
    /// Delete ended runs
    #[command(after_help = "\
Examples:
  lockgate runs prune                                 by the workspace's retention
  lockgate runs prune --older-than 30d --keep 100000")]
    Prune(RunsPruneArgs),
    /// Copy the store while it is in use
    #[command(after_help = "\
Example:
  lockgate runs backup /backup/runs.db

The key that seals secrets is not in the copy: keep LOCKGATE_STORE_KEY, or the key file beside the store, elsewhere.")]
    Backup(RunsBackupArgs),
}

#[derive(Debug, Default, Args)]
pub(crate) struct RunsListArgs {
    /// Of this flow
    #[arg(long, value_name = "NAME")]
    pub(crate) flow: Option<String>,
    /// That stand so; several with commas
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    pub(crate) status: Vec<StatusChoice>,
    /// Started since: `2h` (ago), `2026-11-01`, `2026-11-01T09:30`, or with an offset
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub(crate) since: Option<Moment>,
    /// Started before
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub(crate) until: Option<Moment>,
    /// With this text in the id, input, output or error
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// How many at most; 20 unless said otherwise
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: Option<u32>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

// The variants have no docs of their own: they would make every help twice as long.
/// `--status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum StatusChoice {
    Queued,
    Running,
    Sleeping,
    Succeeded,
    Failed,
    InDoubt,
    Cancelled,
}

impl From<StatusChoice> for Status {
    fn from(choice: StatusChoice) -> Self {
        match choice {
            StatusChoice::Queued => Self::Queued,
            StatusChoice::Running => Self::Running,
            StatusChoice::Sleeping => Self::Sleeping,
            StatusChoice::Succeeded => Self::Succeeded,
            StatusChoice::Failed => Self::Failed,
            StatusChoice::InDoubt => Self::InDoubt,
            StatusChoice::Cancelled => Self::Cancelled,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct RunsShowArgs {
    /// The run's id, as much of its beginning as no other has, or `last`
    pub(crate) run: String,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RunsFollowArgs {
    /// The run's id, as much of its beginning as no other has, or `last`
    pub(crate) run: String,
}

/// How the process that owns the store is asked.
#[derive(Debug, Default, Args)]
pub(crate) struct AskArgs {
    /// What the admin port of the process that owns the store wants to be shown
    #[arg(
        long,
        value_name = "TOKEN",
        env = "LOCKGATE_ADMIN_TOKEN",
        hide_env_values = true
    )]
    pub(crate) admin_token: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RunsCancelArgs {
    /// The run's id, as much of its beginning as no other has, or `last`
    pub(crate) run: String,
    #[command(flatten)]
    pub(crate) ask: AskArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RunsResumeArgs {
    /// The run's id, as much of its beginning as no other has, or `last`
    pub(crate) run: String,
    /// With the flow as it is now, if what is recorded fits it
    #[arg(long)]
    pub(crate) current: bool,
    /// The step in doubt happened, with this result
    #[arg(long, value_name = "JSON", conflicts_with = "did_not_happen")]
    pub(crate) happened: Option<String>,
    /// The step in doubt did not happen; it is done now
    #[arg(long)]
    pub(crate) did_not_happen: bool,
    #[command(flatten)]
    pub(crate) ask: AskArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RunsReplayArgs {
    /// The run's id, as much of its beginning as no other has, or `last`
    pub(crate) run: String,
    /// This flow file, in the place of the workspace's flow of that name
    #[arg(long, value_name = "FILE")]
    pub(crate) flow_file: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RunsExportArgs {
    /// The run's id, as much of its beginning as no other has, or `last`
    pub(crate) run: String,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct RunsPruneArgs {
    /// Those that ended longer ago
    #[arg(long, value_name = "DURATION", value_parser = parse_time)]
    pub(crate) older_than: Option<Duration>,
    /// All but so many, the newest
    #[arg(long, value_name = "COUNT")]
    pub(crate) keep: Option<u64>,
    #[command(flatten)]
    pub(crate) ask: AskArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RunsBackupArgs {
    /// The file to write; there must be none of that name
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The store to look at; without it, that of the workspace (`store.path` in lockgate.yaml)
    #[arg(long, value_name = "PATH", env = "LOCKGATE_STORE")]
    pub(crate) store: Option<PathBuf>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_can_be_asked_for() {
        for (choice, status) in StatusChoice::value_variants().iter().zip(Status::ALL) {
            assert_eq!(Status::from(*choice), status);
            let name = choice.to_possible_value().unwrap();
            assert_eq!(name.get_name(), status.name());
        }
        assert_eq!(StatusChoice::value_variants().len(), Status::ALL.len());
    }
}
