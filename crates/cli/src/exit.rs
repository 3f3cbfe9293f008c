//! How the process ends: exit codes, errors with help, and what is said when there is a bug.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;

use serde_json::Value;

use crate::terminal::{Terminal, Unwritten};

/// The exit of a command that did not come to its own.
pub(crate) fn exit_of(error: &anyhow::Error) -> Exit {
    if error.is::<Unwritten>() {
        Exit::Failed
    } else {
        Exit::Invalid
    }
}

/// The documented exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: it was done.
    Done,
    /// 1: the flow failed, what was checked is not as it should be, or a result could not be written.
    Failed,
    /// 2: wrong usage, or a flow that is not valid.
    Invalid,
    /// 130: interrupted by Ctrl-C, as shells count it.
    Interrupted,
}

/// What the top-level help says about them.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    the flow failed, what was looked at is not as it should be, or a result could not be written
  2    wrong usage, or a flow that is not valid
  70   a bug in lockgate
  130  interrupted";

/// A bug: EX_SOFTWARE of sysexits.h.
const BUG: u8 = 70;

const REPORT_AT: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/issues");

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Invalid => 2,
            Exit::Interrupted => 130,
        })
    }
}

/// A user's mistake, with what to do about it.
#[derive(Debug)]
pub(crate) struct Mistake {
    message: String,
    help: Option<String>,
}

impl Mistake {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What to do about it.
    pub(crate) fn help_text(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// With a help that there may be.
    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Mistake {}

/// Something that people were shown already, and what machines are to be told.
#[derive(Debug)]
pub(crate) struct Shown {
    /// A finding's code, or `invalid_input`.
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// All findings or mistakes, as a list of objects.
    pub(crate) details: Value,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown {}

/// Writes an error, its causes and its help to stderr.
pub(crate) fn report(error: &anyhow::Error, terminal: &Terminal) {
    if error.is::<Shown>() {
        return;
    }
    let style = terminal.stderr_style();
    let mut text = format!("{}: {}", style.bad("error"), message(error));
    if let Some(help) = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<Mistake>()?.help_text())
    {
        text = format!("{text}\n{}: {help}", style.help("help"));
    }
    terminal.say(&text);
}

/// An error with its causes, on one line.
pub(crate) fn message(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Where the last panic was.
static LAST_PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Runs `main`; a panic becomes exit code 70 and a word where to report it.
///
/// The hook itself is silent: an action that panics fails its step, and the engine says so in the log.
pub(crate) fn guard(main: impl FnOnce() -> ExitCode) -> ExitCode {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::debug!(place, "panicked");
        if let Ok(mut last) = LAST_PANIC.lock() {
            *last = Some(place);
        }
    }));
    catch_unwind(AssertUnwindSafe(main)).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        let place = LAST_PANIC.lock().ok().and_then(|mut last| last.take()).unwrap_or_default();
        crate::terminal::write_stderr(&format!(
            "lockgate has a bug: {text} ({place})\nPlease report it, with the command that you ran, at {REPORT_AT}"
        ));
        ExitCode::from(BUG)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_the_exit_code_of_a_bug() {
        // An exit code can be shown, not compared.
        let shown = |code: ExitCode| format!("{code:?}");
        assert_eq!(shown(guard(|| panic!("as planned"))), shown(ExitCode::from(BUG)));
        assert_eq!(shown(guard(|| Exit::Invalid.into())), shown(ExitCode::from(2)));
    }

    #[test]
    fn what_cannot_be_written_is_no_wrong_usage() {
        let full = || anyhow::Error::from(Unwritten(std::io::ErrorKind::StorageFull.into()));
        assert_eq!(exit_of(&full()), Exit::Failed);
        let error = full().context("the run succeeded, but its result could not be written");
        assert_eq!(exit_of(&error), Exit::Failed);
        assert_eq!(
            message(&error),
            "the run succeeded, but its result could not be written: writing to stdout: no storage space"
        );
        assert_eq!(exit_of(&Mistake::new("no such file").into()), Exit::Invalid);
    }

    #[test]
    fn an_error_is_told_with_its_causes_once() {
        use anyhow::Context as _;
        let error = |context: &'static str| {
            Err::<(), _>(Mistake::new("no such file"))
                .context(context)
                .unwrap_err()
        };
        assert_eq!(message(&error("reading x")), "reading x: no such file");
        assert_eq!(
            message(&error("reading x: no such file")),
            "reading x: no such file"
        );
    }
}
