//! Runs a binary as somebody at a terminal would, and keeps everything that it wrote.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::binary::binary;

/// A command line that has not run yet. Its environment is empty but for what [`Line::env`] adds.
pub(crate) struct Line {
    command: Command,
    shown: String,
    stdin: Option<String>,
    folder: PathBuf,
}

/// What a command wrote, and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
    shown: String,
    folder: PathBuf,
}

/// `lockgate` with these arguments, in a folder.
pub(crate) fn lockgate<S: AsRef<str>>(folder: &Path, arguments: &[S]) -> Line {
    line(folder, "lockgate", arguments)
}

/// Any binary of the workspace.
pub(crate) fn line<S: AsRef<str>>(folder: &Path, name: &str, arguments: &[S]) -> Line {
    let mut shown = name.to_owned();
    let mut command = Command::new(binary(name));
    command.current_dir(folder).env_clear();
    for argument in arguments {
        let argument = argument.as_ref();
        command.arg(argument);
        let is_plain = argument
            .chars()
            .all(|c| c.is_alphanumeric() || "-_=./:@,|+*".contains(c));
        let quote = if is_plain && !argument.is_empty() { "" } else { "'" };
        let _ = write!(shown, " {quote}{argument}{quote}");
    }
    Line {
        command,
        shown,
        stdin: None,
        folder: folder.to_path_buf(),
    }
}

impl Line {
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn envs<'a>(mut self, variables: impl IntoIterator<Item = &'a (String, String)>) -> Self {
        for (name, value) in variables {
            self.command.env(name, value);
        }
        self
    }

    /// No file of it gets longer than so many blocks of 512 bytes; what is written beyond fails, as on a full disk.
    pub(crate) fn with_short_files(mut self, blocks: u32) -> Self {
        let mut limited = Command::new("sh");
        limited
            // Without the trap, the process would get a signal that ends it.
            .args(["-c", "trap '' XFSZ; ulimit -S -f \"$0\"; exec \"$@\""])
            .arg(blocks.to_string())
            .arg(self.command.get_program())
            .args(self.command.get_args())
            .env_clear()
            .envs(
                self.command
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            );
        limited.env("PATH", "/usr/local/bin:/usr/bin:/bin");
        if let Some(folder) = self.command.get_current_dir() {
            limited.current_dir(folder);
        }
        self.command = limited;
        self
    }

    pub(crate) fn stdin(mut self, text: &str) -> Self {
        self.stdin = Some(text.to_owned());
        self
    }

    /// Starts it; stdout and stderr are piped.
    pub(crate) fn spawn(&mut self) -> Child {
        let stdin = if self.stdin.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        };
        self.command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    pub(crate) fn run(mut self) -> Ended {
        let mut child = self.spawn();
        if let (Some(text), Some(mut stdin)) = (&self.stdin, child.stdin.take()) {
            stdin.write_all(text.as_bytes()).unwrap();
        }
        self.ended(child.wait_with_output().unwrap())
    }

    pub(crate) fn ended(self, output: Output) -> Ended {
        Ended {
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
            code: output.status.code(),
            shown: self.shown,
            folder: self.folder,
        }
    }
}

impl Ended {
    /// Stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{}", self.transcript()))
    }

    #[track_caller]
    pub(crate) fn assert_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}", self.transcript());
        self
    }

    /// Everything that was seen.
    pub(crate) fn transcript(&self) -> String {
        let code = self
            .code
            .map_or_else(|| "by a signal".to_owned(), |code| code.to_string());
        let mut text = format!("$ {}\n", self.shown);
        for (name, stream) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !stream.is_empty() {
                let end = if stream.ends_with('\n') {
                    ""
                } else {
                    "(no line break)\n"
                };
                let _ = write!(text, "── {name}\n{stream}{end}");
            }
        }
        text + &format!("── exit {code}\n")
    }

    /// Compares everything that was seen with the snapshot of this name. What differs from run to run is replaced.
    #[track_caller]
    pub(crate) fn snapshot(&self, name: &str) {
        let text = self
            .transcript()
            .replace(self.folder.to_str().unwrap(), "[folder]");
        snapshot(name, &text);
    }
}

/// Compares a text with the snapshot of this name. What differs from run to run is replaced.
#[track_caller]
pub(crate) fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, steady(text)));
}

/// A text with names in the place of what differs from run to run.
pub(crate) fn steady(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, replacement) in [
        (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
        (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "[uuid]"),
        (r"\b[0-9a-f]{24}\b", "[id]"),
        (r"\b[0-9a-f]{16}\b", "[id]"),
        (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[timestamp]"),
        (r#""duration_ms": ?[\d.]+"#, r#""duration_ms":[ms]"#),
        // Before the durations, of which it would be one.
        (r"\b\d+ (s|min) ago\b|\bjust now\b", "[ago]"),
        (
            r"(  |in |after |active for |\[2m)\d+(\.\d+)? (ns|µs|ms|s)\b",
            "$1[time]",
        ),
        (
            r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\b",
            "[date]",
        ),
        (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b", "[local time]"),
        (r"\+\d+(\.\d+)? (ns|µs|ms|s)\b", "+[time]"),
        (r"\bprocess \d+\b", "process [pid]"),
        (r"\blockgate \d+\.\d+\.\d+\b", "lockgate [version]"),
    ] {
        let pattern = regex::Regex::new(pattern).unwrap();
        text = pattern.replace_all(&text, replacement).into_owned();
    }
    text
}
