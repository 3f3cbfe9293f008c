//! Log lines for people.

use std::io::{self, Write};
use std::sync::Arc;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::{Layer, Registry};

use super::writer::LogWriter;
use crate::terminal::{Terminal, write_above_progress};

/// Lines to stderr, above whatever moves.
pub(super) fn lines(
    terminal: &Terminal,
    writer: Option<Arc<LogWriter>>,
) -> impl Layer<Registry> + Send + Sync + use<> {
    tracing_subscriber::fmt::layer()
        .with_ansi(terminal.stderr_style().is_on())
        .with_writer(Stderr(writer))
}

/// Says that lines are missing.
pub(super) fn lost(count: u64) -> String {
    format!("WARN log lines lost: {count}; stderr was not read fast enough\n")
}

/// Whole lines.
struct Stderr(Option<Arc<LogWriter>>);

struct Line<'a> {
    text: Vec<u8>,
    is_urgent: bool,
    writer: Option<&'a LogWriter>,
}

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        self.line(true)
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line<'a> {
        self.line(*metadata.level() <= Level::WARN)
    }
}

impl Stderr {
    fn line(&self, is_urgent: bool) -> Line<'_> {
        Line {
            text: Vec::new(),
            is_urgent,
            writer: self.0.as_deref(),
        }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        match self.writer {
            Some(writer) => writer.push(&self.text, self.is_urgent),
            None => write_above_progress(&String::from_utf8_lossy(&self.text)),
        }
    }
}
