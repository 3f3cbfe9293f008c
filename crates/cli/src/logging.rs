//! Logs go to stderr. What is logged is the libraries' business; secrets never are.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::terminal::{Terminal, write_above_progress};

/// What is shown unless something else is asked for: warnings, and what flows log themselves.
const DEFAULT: &str = "off,lockgate=warn,lockgate::log=info";

/// Starts to log what the filter lets through: a level (`debug`) or tracing's directives (`lockgate_auth0=trace`).
pub(crate) fn start(filter: Option<&str>, terminal: &Terminal) {
    let filter = filter.unwrap_or(DEFAULT);
    let filter = EnvFilter::try_new(directives(filter)).unwrap_or_else(|error| {
        terminal.say(&format!(
            "{}: the log filter is not usable: {error}",
            terminal.stderr_style().warn("warning")
        ));
        EnvFilter::new(DEFAULT)
    });
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(terminal.stderr_style().is_on())
        .with_writer(Stderr)
        .finish();
    // Only the first call of a process can succeed, and this is it.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// A level alone is about Lockgate: at `trace`, the libraries below log bytes that may be secret.
fn directives(filter: &str) -> String {
    if filter.contains(['=', ',']) {
        filter.to_owned()
    } else {
        format!("off,lockgate={filter}")
    }
}

/// Whole lines, above whatever moves.
struct Stderr;

struct Line(Vec<u8>);

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(Vec::new())
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        write_above_progress(&String::from_utf8_lossy(&self.0));
    }
}
