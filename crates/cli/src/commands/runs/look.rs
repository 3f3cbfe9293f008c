//! `list`, `show`, `export`, `backup`.

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use lockgate_store::RunId;
use lockgate_store::history::{Filter, History, Page, RunDetail};
use serde_json::json;

use super::Place;
use crate::args::{RunsBackupArgs, RunsExportArgs, RunsListArgs, RunsShowArgs};
use crate::catalogue;
use crate::commands::counted;
use crate::exit::{Exit, Mistake};
use crate::runs::{self, Titles};
use crate::store;
use crate::terminal::Terminal;

/// How many runs are listed unless somebody says how many.
const LIMIT: u32 = 20;

pub(super) fn list(
    place: &Place<'_>,
    args: &RunsListArgs,
    now: Timestamp,
    terminal: &Terminal,
) -> Result<Exit> {
    let filter = Filter {
        flow: args.flow.clone(),
        statuses: args.status.iter().map(|status| (*status).into()).collect(),
        since: args.since.map(|since| since.at(now)),
        until: args.until.map(|until| until.at(now)),
        text: args.text.clone(),
    };
    let most = usize::try_from(args.limit.unwrap_or(LIMIT)).unwrap_or(usize::MAX);
    let page = pages(&place.history()?, &filter, most)?;
    if args.json {
        terminal.print_json(&json!(page))?;
    } else if page.runs.is_empty() {
        terminal.remark(if filter == Filter::default() {
            "there is no run yet"
        } else {
            "no run fits"
        });
    } else {
        terminal.print(&runs::table(&page.runs, now, terminal.stdout_style()))?;
        if page.next.is_some() {
            let shown = counted(page.runs.len(), "run");
            terminal.remark(
                &terminal
                    .stderr_style()
                    .dim(&format!("the newest {shown}; `--limit` shows more")),
            );
        }
    }
    Ok(Exit::Done)
}

/// As many as fit, over as many pages as that takes: one page looks at a bounded number of runs.
fn pages(history: &History, filter: &Filter, most: usize) -> Result<Page> {
    let mut all = history.list(filter, None, most).map_err(store::failed)?;
    while let Some(cursor) = &all.next
        && all.runs.len() < most
    {
        let page = history
            .list(filter, Some(cursor), most - all.runs.len())
            .map_err(store::failed)?;
        all.runs.extend(page.runs);
        all.next = page.next;
    }
    Ok(all)
}

pub(super) fn show(
    place: &Place<'_>,
    args: &RunsShowArgs,
    now: Timestamp,
    terminal: &Terminal,
) -> Result<Exit> {
    let history = place.history()?;
    let run = read(&history, runs::pick(&history, &args.run)?)?;
    if args.json {
        terminal.print_json(&run.shown())?;
    } else {
        let titles = titles(place, &history, &run)?;
        terminal.print(&runs::show(&run, &titles, now, terminal.stdout_style()))?;
    }
    Ok(Exit::Done)
}

/// What the steps of a run are called.
pub(super) fn titles(place: &Place<'_>, history: &History, run: &RunDetail) -> Result<Titles> {
    let definition = history.definition(&run.definition).map_err(store::failed)?;
    Ok(Titles::of(
        definition.as_ref(),
        &catalogue::catalog_around(place.folder),
    ))
}

/// A run that was there a moment ago.
pub(in crate::commands) fn read(history: &History, id: RunId) -> Result<RunDetail> {
    history
        .run(id)
        .map_err(store::failed)?
        .ok_or_else(|| Mistake::new(format!("the run {id} has just been deleted")).into())
}

pub(super) fn export(place: &Place<'_>, args: &RunsExportArgs, terminal: &Terminal) -> Result<Exit> {
    let history = place.history()?;
    let id = runs::pick(&history, &args.run)?;
    let export = history
        .export(id)
        .map_err(store::failed)?
        .ok_or_else(|| Mistake::new(format!("the run {id} has just been deleted")))?;
    let Some(output) = &args.output else {
        terminal.print_json(&json!(export))?;
        return Ok(Exit::Done);
    };
    let path = place.folder.join(output);
    std::fs::write(&path, format!("{:#}\n", json!(export)))
        .with_context(|| format!("writing {}", path.display()))?;
    terminal.remark(&format!(
        "{} {}",
        terminal.stderr_style().good("✓"),
        output.display()
    ));
    Ok(Exit::Done)
}

pub(super) fn backup(place: &Place<'_>, args: &RunsBackupArgs, terminal: &Terminal) -> Result<Exit> {
    let to = place.folder.join(&args.file);
    if to.symlink_metadata().is_ok() {
        return Err(Mistake::new(format!("{} is there already", args.file.display()))
            .help("a backup goes into a file of its own: move that one away, or give this one another name")
            .into());
    }
    place.history()?.backup(&to).map_err(store::failed)?;
    let bytes = to
        .metadata()
        .with_context(|| format!("reading {}", to.display()))?
        .len();
    terminal.remark(&format!(
        "{} {}, {}",
        terminal.stderr_style().good("✓"),
        args.file.display(),
        runs::size(bytes)
    ));
    Ok(Exit::Done)
}
