//! A run on the terminal that is kept in the store of its workspace.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use lockgate_engine::RunOptions;
use lockgate_engine::clock::Clock;
use lockgate_engine::outcome::{RunOutcome, RunStatus};
use lockgate_flow::graph::Flow;
use lockgate_store::{Begun, NewRun, RunId, Status, Store, StoreError, Trigger};
use serde_json::Value;

use super::stage::Stage;
use crate::exit::Mistake;
use crate::store;
use crate::terminal::Terminal;
use crate::workspace::Loaded;

/// Somebody sits before it: it waits in memory, and not only until a server wakes it.
const NEVER: Duration = Duration::MAX;

/// Opens the store of a workspace. Where another process owns it, the run is not kept; that is said.
///
/// # Errors
/// It cannot be used for another reason.
pub(crate) fn open(
    loaded: &Loaded,
    folder: &Path,
    typed: Option<&Path>,
    clock: &Arc<dyn Clock>,
    terminal: &Terminal,
) -> Result<Option<Store>> {
    let settings = store::settings(
        loaded,
        folder,
        store::Typed {
            path: typed,
            durability: None,
        },
    );
    match Store::open(settings, Arc::clone(clock)) {
        Ok(store) => Ok(Some(store)),
        Err(error @ StoreError::InUse { .. }) => {
            terminal.remark(&format!(
                "{}: the run is not kept: {error}",
                terminal.stderr_style().warn("note")
            ));
            Ok(None)
        }
        Err(error) => {
            let mut help = error.help().map_or_else(String::new, |help| format!("{help}\n"));
            help += "`--no-keep` runs it without a store: an interrupted run is lost then";
            Err(Mistake::new(error.to_string()).help(help).into())
        }
    }
}

/// Records a run and runs it.
///
/// # Errors
/// It cannot be recorded.
pub(crate) async fn run(
    stage: &Stage,
    store: &Store,
    flow: &Arc<Flow>,
    input: Value,
    request: Option<Value>,
) -> Result<(RunOutcome, Duration)> {
    let id = RunId::new();
    let (definition, digest) = stage.program.definition(flow);
    let started_at = stored_time(stage.clock.now());
    let begun = store
        .begin(NewRun {
            id,
            flow,
            definition: (&definition, &digest),
            trigger: Trigger::Command,
            status: Status::Running,
            started_at,
            input: &input,
            request: request.as_ref(),
            key: None,
        })
        .await
        .map_err(store::failed)?;
    let Begun::Fresh(journal) = begun else {
        anyhow::bail!("a run without a key is known already");
    };
    let options = RunOptions {
        request,
        started_at: Some(started_at),
        ..RunOptions::new(id.to_string())
    };
    let journal = journal.suspending(NEVER);
    let executor = stage.program.executor();
    Ok(stage.run(executor, flow, input, options, &journal).await)
}

/// As exactly as the store keeps times: a run that goes on must see the same as in its first life.
fn stored_time(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// What can be done with a run that did not succeed.
pub(crate) fn say_how_to_go_on(outcome: &RunOutcome, terminal: &Terminal) {
    let id = &outcome.run_id;
    let help = match outcome.status {
        RunStatus::Succeeded => return,
        RunStatus::Failed | RunStatus::Cancelled => {
            format!("the run is kept: `lockgate runs resume {id}` goes on from where it stopped")
        }
        RunStatus::InDoubt => {
            format!("the run is kept: `lockgate runs show {id}` says what can be done")
        }
        RunStatus::Suspended | RunStatus::Interrupted => {
            "the run is kept: it goes on when `lockgate serve` is started".to_owned()
        }
    };
    terminal.remark(&format!("{}: {help}", terminal.stderr_style().help("help")));
}
