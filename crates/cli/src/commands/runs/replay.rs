//! `replay`.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use lockgate_engine::clock::{Clock, SystemClock};
use lockgate_engine::{Executor, RunOptions};
use lockgate_flow::definition::Definition;
use lockgate_flow::graph::Flow;
use lockgate_store::Store;
use lockgate_store::replay::ReplayJournal;
use serde_json::json;

use super::{Place, look};
use crate::args::RunsReplayArgs;
use crate::catalogue;
use crate::exit::{Exit, Mistake};
use crate::runs::{self, Titles};
use crate::store;
use crate::terminal::Terminal;
use crate::workspace::{self, Loaded};

pub(super) async fn replay(place: &Place<'_>, args: &RunsReplayArgs, terminal: &Terminal) -> Result<Exit> {
    let history = place.history()?;
    let id = runs::pick(&history, &args.run)?;
    let run = look::read(&history, id)?;
    let was = look::titles(&history, &run)?;
    let catalog = catalogue::catalog();
    let more = args.flow_file.as_ref().map(|file| place.folder.join(file));
    let loaded = Loaded::find(place.folder, &catalog, more.as_slice())?;
    let (flow, definition) = current(place, args, &loaded, &run.summary.flow, terminal)?;
    let is = Titles::of(Some(&definition), &catalog);

    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let settings = store::for_command(place.folder, place.typed)?;
    let store = Store::open(settings, Arc::clone(&clock)).map_err(store::failed)?;
    let stored = store.load(id).await.map_err(store::failed)?;
    let stored = stored.with_context(|| format!("the run {id} has just been deleted"))?;
    let journal = ReplayJournal::of(&stored);
    let executor = Executor::new(loaded.actions())
        .with_clock(clock)
        .with_flows(loaded.checked.runnable().into_values());
    let options = RunOptions {
        request: stored.request,
        attempt: stored.attempt,
        started_at: Some(stored.started_at),
        ..RunOptions::new(id.to_string())
    };
    let outcome = executor.run(&flow, stored.input, options, &journal).await;
    let departures = journal.departures();
    store.close().await.map_err(store::failed)?;

    if args.json {
        terminal.print_json(&json!({
            "run_id": id,
            "flow": flow.name,
            "departs": !departures.is_empty(),
            "departures": departures,
            "outcome": outcome,
        }))?;
    } else if departures.is_empty() {
        let style = terminal.stdout_style();
        terminal.print(&format!(
            "{} {} does what the run {id} did",
            style.good("✓"),
            style.name(&flow.name)
        ))?;
    } else {
        let style = terminal.stdout_style();
        terminal.print(&format!(
            "{} {} departs from the run {id}\n\n{}",
            style.bad("✗"),
            style.name(&flow.name),
            runs::departures(&departures, &was, &is, style)
        ))?;
    }
    Ok(if departures.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

/// The flow that is compared: that of a file, else the workspace's of that name.
fn current(
    place: &Place<'_>,
    args: &RunsReplayArgs,
    loaded: &Loaded,
    name: &str,
    terminal: &Terminal,
) -> Result<(Arc<Flow>, Definition)> {
    let wanted = match &args.flow_file {
        Some(file) => file.to_string_lossy().into_owned(),
        None => name.to_owned(),
    };
    let checked = loaded.flow(place.folder, &wanted)?;
    let errors = loaded.errors_of(&[checked.source.path()]);
    if !errors.is_empty() {
        return Err(workspace::refuse(&errors, terminal));
    }
    let flow = checked.flow.clone().ok_or_else(|| {
        Mistake::new(format!("the flow `{}` cannot run", checked.name)).help("`lockgate check` says why")
    })?;
    let definition = Definition::of(&flow, &loaded.checked.runnable(), &loaded.connection_types());
    Ok((flow, definition))
}
