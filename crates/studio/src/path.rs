//! Which files of a workspace may be opened: its own file, flows and their tests, connectors. Nothing else, whatever the
//! path looks like.
//!
//! Where links lead is for whoever opens the file to look at.

use std::fmt;

/// The file that makes a folder a workspace.
const WORKSPACE: &str = "lockgate.yaml";

/// What every file ends in; in this case alone, as everywhere in a workspace.
const SUFFIX: &str = ".yaml";

/// A name that no system takes.
const LONGEST: usize = 1024;

/// A path from the workspace's root, with `/`, that may be opened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(String);

/// What stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// `lockgate.yaml`
    Workspace,
    /// `flows/**/*.yaml`
    Flow,
    /// `flows/**/*.test.yaml`
    Tests,
    /// `connectors/**/*.yaml`
    Connector,
}

/// A path that names no file of a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "only `lockgate.yaml`, `flows/**/*.yaml` and `connectors/**/*.yaml` can be opened, no hidden files among them"
)]
pub struct PathError;

impl FilePath {
    /// Reads a path.
    ///
    /// # Errors
    /// It is not one of a file that may be opened.
    pub fn parse(path: &str) -> Result<Self, PathError> {
        let is_file = path == WORKSPACE
            || path
                .split_once('/')
                .is_some_and(|(folder, _)| matches!(folder, "flows" | "connectors"))
                && path.strip_suffix(SUFFIX).is_some();
        let is_plain = path.len() <= LONGEST && path.split('/').all(is_plain);
        if is_file && is_plain {
            Ok(Self(path.to_owned()))
        } else {
            Err(PathError)
        }
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands in it.
    pub fn kind(&self) -> FileKind {
        if self.0 == WORKSPACE {
            FileKind::Workspace
        } else if self.0.starts_with("connectors/") {
            FileKind::Connector
        } else if self.0.ends_with(".test.yaml") {
            FileKind::Tests
        } else {
            FileKind::Flow
        }
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a part of a path is a name and nothing else, on every system. A name that begins with a dot is hidden, `.` and
/// `..` lead elsewhere; `\` and `:` do so on Windows, where spaces and dots at the end are not there either.
fn is_plain(part: &str) -> bool {
    const ELSEWHERE: [char; 9] = ['\\', ':', '*', '?', '"', '<', '>', '|', '\u{7f}'];
    !part.is_empty()
        && !part.starts_with('.')
        && !part.ends_with(['.', ' '])
        && !part.contains(|c: char| c.is_control() || ELSEWHERE.contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_workspace_can_be_opened() {
        for (path, kind) in [
            ("lockgate.yaml", FileKind::Workspace),
            ("flows/a.yaml", FileKind::Flow),
            ("flows/deep/er/ä b.yaml", FileKind::Flow),
            ("flows/a.test.yaml", FileKind::Tests),
            ("connectors/acme.yaml", FileKind::Connector),
            ("connectors/acme.contract.yaml", FileKind::Connector),
        ] {
            assert_eq!(FilePath::parse(path).unwrap().kind(), kind, "{path}");
        }
    }

    #[test]
    fn nothing_else_can() {
        for path in [
            "",
            "/",
            ".env",
            "flows/.env",
            "flows/../.env",
            "flows/../lockgate.yaml",
            "flows/./a.yaml",
            "flows//a.yaml",
            "/flows/a.yaml",
            "//flows/a.yaml",
            "./flows/a.yaml",
            "../flows/a.yaml",
            "flows/..\\..\\a.yaml",
            "flows\\a.yaml",
            "flows/C:a.yaml",
            "flows/a.yaml:stream.yaml",
            "flows/a\0.yaml",
            "flows/a\n.yaml",
            "flows/a.yaml\0",
            "flows/a.yaml/",
            "flows/.yaml",
            "flows/.hidden/a.yaml",
            "flows/a.yml",
            "flows/a.yaml ",
            "flows/a /b.yaml",
            "flows/a./b.yaml",
            "flows",
            "flows/",
            "flows.yaml",
            "connectors",
            "FLOWS/a.yaml",
            "lockgate.yaml/x",
            "lockgate.yaml/x.yaml",
            "other/a.yaml",
            ".git/config",
            "flows/.git/a.yaml",
            "flows/%2e%2e/%2eenv",
        ] {
            assert_eq!(FilePath::parse(path), Err(PathError), "{path:?}");
        }
        assert!(FilePath::parse(&format!("flows/{}.yaml", "a".repeat(2000))).is_err());
    }
}
