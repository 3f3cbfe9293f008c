//! `lockgate runs`.
//!
//! Looking needs no lock and works beside the process that owns the store. What changes a run is asked of that process; where
//! there is none, it is done here, as the owner.

mod change;
mod follow;
mod look;
mod replay;

use std::path::{Path, PathBuf};

use anyhow::Result;
use lockgate_engine::clock::{Clock as _, SystemClock};
use lockgate_store::history::History;

use crate::args::{RunsArgs, RunsCommand, RunsListArgs};
use crate::exit::Exit;
use crate::store;
use crate::terminal::Terminal;

/// The store that is meant.
struct Place<'a> {
    folder: &'a Path,
    typed: Option<&'a Path>,
    path: PathBuf,
}

impl Place<'_> {
    /// For looking.
    fn history(&self) -> Result<History> {
        History::open(&self.path).map_err(store::failed)
    }
}

pub(super) async fn runs(folder: &Path, args: &RunsArgs, terminal: &Terminal) -> Result<Exit> {
    let typed = args.store.as_deref();
    let place = Place {
        folder,
        typed,
        path: store::find(folder, typed)?,
    };
    let now = SystemClock::new().now();
    match &args.command {
        None => look::list(&place, &RunsListArgs::default(), now, terminal),
        Some(RunsCommand::List(args)) => look::list(&place, args, now, terminal),
        Some(RunsCommand::Show(args)) => look::show(&place, args, now, terminal),
        Some(RunsCommand::Follow(args)) => follow::follow(&place, args, terminal).await,
        Some(RunsCommand::Cancel(args)) => change::cancel(&place, args, terminal).await,
        Some(RunsCommand::Resume(args)) => change::resume(&place, args, terminal).await,
        Some(RunsCommand::Replay(args)) => replay::replay(&place, args, terminal).await,
        Some(RunsCommand::Export(args)) => look::export(&place, args, terminal),
        Some(RunsCommand::Prune(args)) => change::prune(&place, args, terminal).await,
        Some(RunsCommand::Backup(args)) => look::backup(&place, args, terminal),
    }
}
