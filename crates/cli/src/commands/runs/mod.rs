//! `lockgate runs`.
//!
//! Looking needs no lock and works beside the process that owns the store. What changes a run is asked of that process; where
//! there is none, it is done here, as the owner.

mod change;
mod follow;
pub(super) mod look;
mod replay;

use std::path::{Path, PathBuf};

use anyhow::Result;
use lockgate_engine::clock::{Clock as _, SystemClock};
use lockgate_store::StoreError;
use lockgate_store::history::History;

use crate::args::{RunsArgs, RunsCommand, RunsListArgs};
use crate::exit::{Exit, Mistake};
use crate::store;
use crate::terminal::Terminal;
use crate::workspace;

/// The store that is meant.
struct Place<'a> {
    folder: &'a Path,
    typed: Option<&'a Path>,
    path: PathBuf,
}

impl Place<'_> {
    /// For looking.
    fn history(&self) -> Result<History> {
        match History::open(&self.path) {
            Err(error @ StoreError::Absent { .. }) if self.typed.is_none() => Err(self.absent(&error)),
            opened => opened.map_err(store::failed),
        }
    }

    /// Runs of `dev` are elsewhere.
    fn absent(&self, error: &StoreError) -> anyhow::Error {
        let mut help = vec![error.help().unwrap_or_default().to_owned()];
        let root = workspace::root_of(self.folder).unwrap_or(self.folder);
        let dev = root.join(store::OF_DEV);
        if dev.is_file() {
            let dev = dev.strip_prefix(self.folder).unwrap_or(&dev).display();
            help.push(format!(
                "those of `lockgate dev` are listed by `lockgate runs --store {dev}`"
            ));
        }
        Mistake::new(error.to_string()).help(help.join("\n")).into()
    }
}

/// The runs in the store of a workspace, or in the one that was typed.
///
/// # Errors
/// There is no store, or it cannot be read.
pub(super) fn history(folder: &Path, typed: Option<&Path>) -> Result<History> {
    let path = store::find(folder, typed)?;
    Place { folder, typed, path }.history()
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
