//! `follow`.

use std::time::Duration;

use anyhow::Result;
use lockgate_engine::clock::{Clock as _, SystemClock};
use lockgate_store::{Owner, Status};

use super::{Place, look};
use crate::args::RunsFollowArgs;
use crate::commands::asked_to_end;
use crate::exit::Exit;
use crate::runs::{self, Live};
use crate::store;
use crate::terminal::Terminal;

/// How often the store is asked whether anything was committed: soon enough for people, and next to nothing for the disk.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) async fn follow(place: &Place<'_>, args: &RunsFollowArgs, terminal: &Terminal) -> Result<Exit> {
    let history = place.history()?;
    let clock = SystemClock::new();
    let id = runs::pick(&history, &args.run)?;
    let mut run = look::read(&history, id)?;
    let titles = look::titles(place, &history, &run)?;
    let style = terminal.stdout_style();
    terminal.print(&format!("{}\n", runs::head(&run.summary, clock.now(), style)))?;
    if run.summary.status.is_unfinished() && Owner::of(&place.path).map_err(store::failed)?.is_none() {
        terminal.remark(&format!(
            "{}: no process goes on with it; it does when `lockgate serve` is started",
            terminal.stderr_style().warn("note")
        ));
    }
    let mut live = Live::default();
    let mut end = std::pin::pin!(asked_to_end());
    loop {
        // Asked before the run is read: what is committed in between is seen in the next turn.
        let version = history.version().map_err(store::failed)?;
        run = look::read(&history, id)?;
        let news = live.news(&run, &titles, style);
        if !news.is_empty() {
            terminal.print(&news)?;
        }
        if !run.summary.status.is_unfinished() {
            break;
        }
        while history.version().map_err(store::failed)? == version {
            tokio::select! {
                () = &mut end => return Ok(Exit::Interrupted),
                () = clock.sleep(PAUSE) => {}
            }
        }
    }
    terminal.print(&runs::end(&run, style))?;
    Ok(if run.summary.status == Status::Succeeded {
        Exit::Done
    } else {
        Exit::Failed
    })
}
