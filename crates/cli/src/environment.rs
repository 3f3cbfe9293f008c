//! The environment: the process's variables over those of `.env`. The only place that reads either.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Result;

use crate::exit::Mistake;

/// A variable of the process, if it is set and not empty.
#[expect(clippy::disallowed_methods, reason = "this is where the environment comes in")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What `${NAME}` in `lockgate.yaml` reads.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    file: HashMap<String, String>,
}

impl Environment {
    /// Reads `.env` in a folder, if there is one. The process's own environment stays as it is.
    ///
    /// # Errors
    /// The file cannot be read. Says which line, never what is in it.
    pub(crate) fn load(root: &Path) -> Result<Self> {
        let path = root.join(".env");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Mistake::new(format!("reading {}: {error}", path.display())).into()),
        };
        // Some editors begin a file with a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let mut file = HashMap::new();
        for entry in dotenvy::from_read_iter(text.as_bytes()) {
            let (name, value) = entry.map_err(|error| unreadable(&path, text, &error))?;
            file.insert(name, value);
        }
        Ok(Self { file })
    }

    /// A variable: the process's, else the file's. An empty one counts as not set.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        variable(name).or_else(|| self.file.get(name).filter(|value| !value.is_empty()).cloned())
    }
}

fn unreadable(path: &Path, text: &str, error: &dotenvy::Error) -> anyhow::Error {
    match error {
        // Its text quotes the entry, and what stands in this file is secret.
        dotenvy::Error::LineParse(entry, _) => {
            let line = first_bad_line(text);
            let (what, help) = if has_open_quote(entry) {
                (
                    "a quote is not closed",
                    "close it; a value with one kind of quote in it goes into the other kind",
                )
            } else if text.lines().nth(line - 1).is_some_and(|line| line.contains('=')) {
                (
                    "not `NAME=value`",
                    "put a value with spaces, `#` or `$` into single quotes; a name has letters, digits, `_` and `.`",
                )
            } else {
                (
                    "not `NAME=value`: there is no `=` in it",
                    "a comment begins with `#`",
                )
            };
            Mistake::new(format!("{}:{line}: {what}", path.display()))
                .help(help)
                .into()
        }
        other => Mistake::new(format!("reading {}: {other}", path.display())).into(),
    }
}

/// The line, from 1, on which the entry begins that cannot be read: the one after the longest beginning that can.
/// (The error itself does not tell.)
fn first_bad_line(text: &str) -> usize {
    let ends = text.match_indices('\n').map(|(offset, _)| offset + 1);
    let good = ends
        .enumerate()
        .filter(|(_, end)| dotenvy::from_read_iter(&text.as_bytes()[..*end]).all(|entry| entry.is_ok()))
        .last();
    good.map_or(1, |(index, _)| index + 2)
}

/// Whether an entry ends inside quotes. A backslash takes the next character out of the count.
fn has_open_quote(entry: &str) -> bool {
    let (mut open, mut letters) = (None, entry.chars());
    while let Some(letter) = letters.next() {
        match (letter, open) {
            ('\\', _) => {
                letters.next();
            }
            ('\'' | '"', None) => open = Some(letter),
            (letter, Some(quote)) if letter == quote => open = None,
            _ => {}
        }
    }
    open.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_and_its_mistakes_quote_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(
            Environment::load(folder.path()).unwrap().get("LOCKGATE_TEST_A"),
            None
        );
        let text = "# comment\nLOCKGATE_TEST_A=one\nexport LOCKGATE_TEST_B='two # 2'\nLOCKGATE_TEST_C=\n";
        std::fs::write(folder.path().join(".env"), text).unwrap();
        let environment = Environment::load(folder.path()).unwrap();
        assert_eq!(environment.get("LOCKGATE_TEST_A").as_deref(), Some("one"));
        assert_eq!(environment.get("LOCKGATE_TEST_B").as_deref(), Some("two # 2"));
        assert_eq!(environment.get("LOCKGATE_TEST_C"), None);

        for (text, line, what) in [
            ("A=1\n\nB='canary\nC=2\nD=3\n", 3, "a quote is not closed"),
            ("A=1\n# a\nB=\"it's\ncanary\n", 3, "a quote is not closed"),
            ("A='1\n2'\nB=canary canary\n", 3, "not `NAME=value`"),
            ("canary\n", 1, "not `NAME=value`: there is no `=` in it"),
            ("\u{feff}A=1\r\nB-C=canary\r\n", 2, "not `NAME=value`"),
        ] {
            std::fs::write(folder.path().join(".env"), text).unwrap();
            let error = Environment::load(folder.path()).unwrap_err().to_string();
            assert!(
                error.ends_with(&format!(".env:{line}: {what}")),
                "{text:?}: {error}"
            );
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
