//! What is said when it is ready, and how it ends.

use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::Result;
use lockgate_server::server::Server;
use serde_json::json;

use super::Signals;
use crate::commands::counted;
use crate::exit::Exit;
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

/// Waits for what is going on, at most so long, or until it is asked to end once more.
pub(crate) async fn stop(
    server: Server,
    limit: Duration,
    signals: &mut Signals,
    terminal: &Terminal,
) -> Exit {
    terminal.remark("stopping: nothing more is accepted");
    let cut_off = tokio::select! {
        cut_off = server.shutdown(limit) => cut_off,
        () = signals.stop() => {
            terminal.say("ended at once: runs that were going on are cut off");
            return Exit::Failed;
        }
    };
    if cut_off == 0 {
        terminal.remark("stopped");
        return Exit::Done;
    }
    terminal.say(&format!(
        "{}: {} cut off after {}",
        terminal.stderr_style().warn("warning"),
        counted(cut_off, "run"),
        crate::run::duration(limit)
    ));
    Exit::Failed
}
