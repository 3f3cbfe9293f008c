//! The terminal: data on stdout, words on stderr, colours and widths where someone looks.
//!
//! A reader that has gone away (`lockgate actions | head -1`) is no error: what is left is not written.

mod style;
mod table;

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use indicatif::MultiProgress;
use serde_json::Value;

pub(crate) use style::{ColorChoice, Style};
pub(crate) use table::Table;

/// What was asked for is there, and stdout does not take it.
#[derive(Debug)]
pub(crate) struct Unwritten(pub(crate) io::Error);

impl fmt::Display for Unwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "writing to stdout: {}", self.0)
    }
}

impl std::error::Error for Unwritten {}

/// What is known of where output goes.
#[derive(Clone, Debug)]
pub(crate) struct Terminal {
    stdout: Style,
    stderr: Style,
    quiet: bool,
}

impl Terminal {
    pub(crate) fn new(color: ColorChoice, quiet: bool) -> Self {
        Self {
            stdout: Style::new(color, io::stdout().is_terminal()),
            stderr: Style::new(color, io::stderr().is_terminal()),
            quiet,
        }
    }

    pub(crate) fn stdout_style(&self) -> Style {
        self.stdout
    }

    pub(crate) fn stderr_style(&self) -> Style {
        self.stderr
    }

    /// Whether someone watches stderr, so that lines may move.
    pub(crate) fn is_live(&self) -> bool {
        !self.quiet && io::stderr().is_terminal() && console::Term::stderr().features().is_attended()
    }

    /// Whether remarks are silenced.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Columns of stdout; `None` where it is no terminal, and lines may be as long as they are.
    pub(crate) fn width() -> Option<u16> {
        if !io::stdout().is_terminal() {
            return None;
        }
        console::Term::stdout().size_checked().map(|(_, columns)| columns)
    }

    /// Data: text to stdout, with a line break at the end.
    ///
    /// # Errors
    /// It cannot be written, for another reason than that nobody reads.
    #[expect(
        clippy::unused_self,
        reason = "whoever prints data has been given the terminal"
    )]
    pub(crate) fn print(&self, text: &str) -> Result<()> {
        let mut stdout = io::stdout().lock();
        let end = if text.ends_with('\n') { "" } else { "\n" };
        let written = stdout
            .write_all(format!("{text}{end}").as_bytes())
            .and_then(|()| stdout.flush());
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Unwritten(error).into()),
            _ => Ok(()),
        }
    }

    /// Data as JSON, indented.
    pub(crate) fn print_json(&self, value: &Value) -> Result<()> {
        self.print(&format!("{value:#}"))
    }

    /// Words: a line to stderr, also with `--quiet`.
    #[expect(clippy::unused_self, reason = "as for `print`")]
    pub(crate) fn say(&self, text: &str) {
        write_above_progress(&format!("{text}\n"));
    }

    /// Words that `--quiet` silences.
    pub(crate) fn remark(&self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }
}

/// What moves at the moment, if anything does.
static PROGRESS: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// Lets lines move below everything that is written to stderr from now on; `None` ends it.
pub(crate) fn set_progress(progress: Option<MultiProgress>) {
    *PROGRESS.lock().unwrap_or_else(PoisonError::into_inner) = progress;
}

/// Writes text to stderr, above what moves.
pub(crate) fn write_above_progress(text: &str) {
    let progress = PROGRESS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let write = || {
        // Nobody can be told that stderr cannot be written.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    };
    match progress {
        Some(progress) => progress.suspend(write),
        None => write(),
    }
}

/// A line to stderr where no [`Terminal`] is at hand.
pub(crate) fn write_stderr(text: &str) {
    write_above_progress(&format!("{text}\n"));
}
