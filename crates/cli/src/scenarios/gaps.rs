//! The variables that a workspace's connections read and that have no value: gaps that somebody is to fill in.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use console::Term;
use lockgate_flow::schema::SchemaView;

use crate::connect;
use crate::workspace::Loaded;

/// A variable without a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) variable: String,
    /// The connections that read it.
    pub(crate) connections: Vec<String>,
    /// Whether its value is a secret.
    pub(crate) is_secret: bool,
}

impl Gap {
    /// `STRIPE_SECRET_KEY (connection `stripe`)`.
    pub(crate) fn describe(&self) -> String {
        let names: Vec<String> = self.connections.iter().map(|name| format!("`{name}`")).collect();
        let noun = if names.len() == 1 {
            "connection"
        } else {
            "connections"
        };
        format!("{} ({noun} {})", self.variable, names.join(", "))
    }
}

/// The gaps of a workspace, by variable.
pub(crate) fn gaps(loaded: &Loaded) -> Vec<Gap> {
    let mut found: BTreeMap<String, Gap> = BTreeMap::new();
    for connection in loaded.checked.connections() {
        let spec = loaded.catalog.connection(&connection.type_name.value);
        for (variable, is_set) in connect::variables(loaded, connection) {
            if is_set {
                continue;
            }
            let is_secret = connection
                .settings
                .iter()
                .filter(|setting| {
                    let read = lockgate_flow::workspace::variables(&setting.value.to_value());
                    read.iter().any(|(name, _)| *name == variable)
                })
                .any(|setting| {
                    let property = spec.and_then(|spec| spec.settings.view().property(&setting.key.text));
                    property.is_none_or(SchemaView::is_secret)
                });
            let gap = found.entry(variable.clone()).or_insert_with(|| Gap {
                variable,
                connections: Vec::new(),
                is_secret,
            });
            gap.connections.push(connection.name.value.clone());
            gap.is_secret |= is_secret;
        }
    }
    found.into_values().collect()
}

/// Asks for each gap on the terminal, and keeps what is answered in `.env`. An empty answer leaves the gap. Gives those that
/// were filled.
///
/// # Errors
/// The terminal cannot be read, or `.env` cannot be written.
pub(crate) fn ask(root: &Path, gaps: &[Gap]) -> Result<Vec<String>> {
    let term = Term::stderr();
    let mut filled = Vec::new();
    for gap in gaps {
        term.write_str(&format!("{}: ", gap.describe()))?;
        let answer = if gap.is_secret {
            term.read_secure_line()
        } else {
            term.read_line()
        };
        let answer = answer.context("reading from the terminal")?;
        let answer = answer.trim();
        if answer.is_empty() {
            continue;
        }
        keep(&root.join(".env"), &gap.variable, answer)?;
        filled.push(gap.variable.clone());
    }
    Ok(filled)
}

/// Puts a line at the end of `.env`, which nobody else may read.
fn keep(path: &Path, variable: &str, value: &str) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let ends_line =
        std::fs::read_to_string(path).map_or(true, |text| text.is_empty() || text.ends_with('\n'));
    let start = if ends_line { "" } else { "\n" };
    options
        .open(path)
        .and_then(|mut file| file.write_all(format!("{start}{variable}={}\n", quoted(value)).as_bytes()))
        .with_context(|| format!("writing {}", path.display()))
}

/// A value as `.env` reads it back.
fn quoted(value: &str) -> String {
    if value.contains('\'') {
        let mut text = String::from("\"");
        for letter in value.chars() {
            match letter {
                '\n' => text.push_str("\\n"),
                '\\' | '"' | '$' => text.extend(['\\', letter]),
                _ => text.push(letter),
            }
        }
        text + "\""
    } else {
        format!("'{value}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;

    #[test]
    fn an_answer_is_read_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".env"), "A=1").unwrap();
        let values = [
            "plain",
            "with blank # and hash",
            "it's $HOME \"quoted\" \\ back",
            "ünïcode",
        ];
        for (index, value) in values.iter().enumerate() {
            keep(
                &folder.path().join(".env"),
                &format!("LOCKGATE_TEST_{index}"),
                value,
            )
            .unwrap();
        }
        let environment = Environment::load(folder.path()).unwrap();
        for (index, value) in values.iter().enumerate() {
            assert_eq!(
                environment.get(&format!("LOCKGATE_TEST_{index}")).as_deref(),
                Some(*value)
            );
        }
        assert_eq!(environment.get("A").as_deref(), Some("1"));
    }
}
