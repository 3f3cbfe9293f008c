//! The environment: the process's variables over those of `.env`. The only place that reads either.

use std::collections::HashMap;
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
        let entries = match dotenvy::from_path_iter(&path) {
            Ok(entries) => entries,
            Err(error) if error.not_found() => return Ok(Self::default()),
            Err(error) => return Err(unreadable(&path, 0, &error)),
        };
        let mut file = HashMap::new();
        for (number, entry) in entries.enumerate() {
            let (name, value) = entry.map_err(|error| unreadable(&path, number + 1, &error))?;
            file.insert(name, value);
        }
        Ok(Self { file })
    }

    /// A variable: the process's, else the file's. An empty one counts as not set.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        variable(name).or_else(|| self.file.get(name).filter(|value| !value.is_empty()).cloned())
    }
}

fn unreadable(path: &Path, entry: usize, error: &dotenvy::Error) -> anyhow::Error {
    match error {
        // Its text quotes the line, and what stands in this file is secret.
        dotenvy::Error::LineParse(..) => {
            Mistake::new(format!("{}: entry {entry} is not `NAME=value`", path.display()))
                .help("put a value with spaces, `#` or `$` into single quotes")
                .into()
        }
        other => Mistake::new(format!("reading {}: {other}", path.display())).into(),
    }
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

        std::fs::write(folder.path().join(".env"), "A=1\nB='canary\n").unwrap();
        let error = Environment::load(folder.path()).unwrap_err().to_string();
        assert!(error.contains("entry 2") && !error.contains("canary"), "{error}");
    }
}
