//! What is said when it is ready, and how it ends.

use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::Result;
use lockgate_runtime::{Left, Runtime};
use lockgate_server::server::{Leftover, Server};
use serde_json::json;

use super::Signals;
use crate::commands::counted;
use crate::exit::Exit;
use crate::run::duration;
use crate::terminal::Terminal;

/// One line of JSON for whoever started this, unless that is a person at a terminal.
///
/// # Errors
/// It cannot be written.
pub(crate) fn announce(url: &str, admin_url: &str, terminal: &Terminal) -> Result<()> {
    if std::io::stdout().is_terminal() {
        return Ok(());
    }
    terminal.print(&json!({ "url": url, "admin_url": admin_url }).to_string())
}

/// Accepts nothing more and waits for what is going on: at most so long, or until it is asked to end once more.
pub(crate) async fn stop(
    server: Server,
    runtime: Option<Runtime>,
    limit: Duration,
    signals: &mut Signals,
    terminal: &Terminal,
) -> Exit {
    let running = server.running();
    let before = running();
    let waits = if before == 0 {
        String::new()
    } else {
        format!(
            "; waiting for {}, at most {}",
            counted(before, "run"),
            duration(limit)
        )
    };
    terminal.remark(&format!("stopping: nothing more is accepted{waits}"));
    // Counted before the server is dropped, which is what cuts them off.
    let second = async {
        signals.stop().await;
        let kept = runtime.as_ref().map_or(0, |runtime| runtime.stats().active);
        let kept = usize::try_from(kept).unwrap_or(usize::MAX);
        Leftover {
            lost: running().saturating_sub(kept),
            kept: Left {
                cut_off: kept,
                ..Left::default()
            },
        }
    };
    let (left, when) = tokio::select! {
        left = server.shutdown(limit) => (left, format!("after {}", duration(limit))),
        left = second => (left, "by the second signal".to_owned()),
    };
    told(before, left, &when, terminal)
}

/// Says what was left.
fn told(before: usize, left: Leftover, when: &str, terminal: &Terminal) -> Exit {
    let Leftover { lost, kept } = left;
    let to_go_on = kept.to_resume + kept.cut_off;
    let finished = before.saturating_sub(lost + kept.cut_off);
    let finished = if finished == 0 {
        "stopped".to_owned()
    } else {
        format!("stopped; {} came to an end", counted(finished, "run"))
    };
    let go_on = match to_go_on {
        0 => String::new(),
        1 => "; 1 run goes on at the next start".to_owned(),
        several => format!("; {several} runs go on at the next start"),
    };
    if lost == 0 {
        terminal.remark(&format!("{finished}{go_on}"));
        return Exit::Done;
    }
    let warning = terminal.stderr_style().warn("warning");
    let (were, are) = if lost == 1 { ("was", "is") } else { ("were", "are") };
    terminal.say(&format!(
        "{warning}: {finished}{go_on}; {} {were} cut off {when}, and {are} lost",
        counted(lost, "run")
    ));
    Exit::Failed
}
