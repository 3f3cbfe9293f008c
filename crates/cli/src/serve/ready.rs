//! What is said when it is ready, and how it ends.

use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::Result;
use lockgate_server::server::Server;
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
        running()
    };
    let (cut_off, when) = tokio::select! {
        cut_off = server.shutdown(limit) => (cut_off, format!("after {}", duration(limit))),
        cut_off = second => (cut_off, "by the second signal".to_owned()),
    };
    let finished = before.saturating_sub(cut_off);
    let finished = if finished == 0 {
        "stopped".to_owned()
    } else {
        format!("stopped; {} came to an end", counted(finished, "run"))
    };
    if cut_off == 0 {
        terminal.remark(&finished);
        return Exit::Done;
    }
    let warning = terminal.stderr_style().warn("warning");
    let were = if cut_off == 1 { "was" } else { "were" };
    terminal.say(&format!(
        "{warning}: {finished}; {} {were} cut off {when}",
        counted(cut_off, "run")
    ));
    Exit::Failed
}
