//! `replay`.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use lockgate_engine::clock::{Clock, SystemClock};
use lockgate_flow::graph::Flow;
use lockgate_store::Store;
use serde_json::json;

use super::{Place, look};
use crate::args::RunsReplayArgs;
use crate::catalogue;
use crate::exit::{Exit, Mistake};
use crate::runs::{self, Compared};
use crate::store;
use crate::terminal::Terminal;
use crate::workspace::{self, Loaded};

pub(super) async fn replay(place: &Place<'_>, args: &RunsReplayArgs, terminal: &Terminal) -> Result<Exit> {
    let history = place.history()?;
    let id = runs::pick(&history, &args.run)?;
    let run = look::read(&history, id)?;
    let more = args.flow_file.as_ref().map(|file| place.folder.join(file));
    let loaded = Loaded::find(place.folder, &catalogue::catalog(), more.as_slice())?;
    let flow = current(place, args, &loaded, &run.summary.flow, terminal)?;

    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let settings = store::for_command(place.folder, place.typed)?;
    // Beside the process that owns the store.
    let store = Store::look(settings, clock).map_err(store::failed)?;
    let stored = store.load(id).await.map_err(store::failed)?;
    let stored = stored.with_context(|| format!("the run {id} has just been deleted"))?;
    let Compared { replayed, was, is } = runs::compare(&stored, &loaded, &loaded.checked, &flow)
        .await
        .map_err(store::failed)?;
    store.close().await.map_err(store::failed)?;

    let departs = !replayed.departures.is_empty();
    let style = terminal.stdout_style();
    let name = style.name(&flow.name);
    if args.json {
        terminal.print_json(&json!({
            "run_id": id,
            "flow": flow.name,
            "departs": departs,
            "departures": replayed.departures,
            "end": replayed.end,
        }))?;
    } else if departs {
        terminal.print(&format!(
            "{} {name} departs from the run {id}\n\n{}",
            style.bad("✗"),
            runs::departures(&replayed.departures, &was, &is, style)
        ))?;
    } else {
        let end = runs::end_of_replay(&replayed.end, &is);
        let end = end.map_or_else(String::new, |end| format!("\n  {end}"));
        terminal.print(&format!(
            "{} {name} does what the run {id} did{end}",
            style.good("✓")
        ))?;
    }
    Ok(if departs { Exit::Failed } else { Exit::Done })
}

/// The flow that is compared: that of a file, else the workspace's of that name.
fn current(
    place: &Place<'_>,
    args: &RunsReplayArgs,
    loaded: &Loaded,
    name: &str,
    terminal: &Terminal,
) -> Result<Arc<Flow>> {
    let wanted = match &args.flow_file {
        Some(file) => file.to_string_lossy().into_owned(),
        None => name.to_owned(),
    };
    let checked = loaded.flow(place.folder, &wanted)?;
    let errors = loaded.errors_of(&[checked.source.path()]);
    if !errors.is_empty() {
        return Err(workspace::refuse(&errors, terminal));
    }
    checked.flow.clone().ok_or_else(|| {
        Mistake::new(format!("the flow `{}` cannot run", checked.name))
            .help("`lockgate check` says why")
            .into()
    })
}
