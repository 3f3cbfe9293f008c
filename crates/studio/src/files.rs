//! What the studio needs of a workspace's files.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use lockgate_flow::catalog::Catalog;
use lockgate_flow::diagnostic::Diagnostic;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use crate::path::{FileKind, FilePath};

/// A workspace as it was read at one moment.
#[derive(Debug)]
pub struct Desk {
    /// The name of its folder.
    pub name: String,
    /// Another one after each change of a file.
    pub version: String,
    /// Whether it is what is served.
    pub is_served: bool,
    /// Every file that can be opened.
    pub files: BTreeMap<FilePath, Arc<Source>>,
    /// What the flows of this workspace can use.
    pub catalog: Arc<Catalog>,
    /// Its file and its flows, checked, with the findings of its connectors.
    pub checked: Arc<Workspace>,
}

impl Desk {
    /// `lockgate.yaml`.
    pub fn workspace_file(&self) -> Option<&Arc<Source>> {
        let mut files = self.files.iter();
        files
            .find(|(path, _)| path.kind() == FileKind::Workspace)
            .map(|(_, source)| source)
    }

    /// The text of a file.
    pub fn file(&self, path: &str) -> Option<&Arc<Source>> {
        self.files.get(&FilePath::parse(path).ok()?)
    }
}

/// How a server stands to the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It serves what stands in the files.
    Dev,
    /// It serves what it has read.
    Serve,
}

/// What does not change while the process lives.
#[derive(Clone, Debug)]
pub struct Setting {
    /// How the server stands to the workspace.
    pub mode: Mode,
    /// Whether files may be changed from the studio.
    pub is_writable: bool,
    /// Where flows are served.
    pub flows_url: String,
}

/// A file's text, as it stands on disk now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The text.
    pub text: String,
    /// Of its bytes.
    pub version: String,
}

/// The files of a workspace. Whoever implements it sees to it that links lead nowhere else, and that two that write to one
/// file do so one after the other.
#[async_trait]
pub trait Files: Send + Sync {
    /// How the server stands to the workspace.
    fn setting(&self) -> Setting;

    /// The URL of the emulated tenant, where one stands in for Auth0 now.
    fn tenant(&self) -> Option<String>;

    /// The workspace as it was read last, and each that is read from now on.
    fn desks(&self) -> watch::Receiver<Arc<Desk>>;

    /// What is wrong in texts that are neither flows nor `lockgate.yaml`: in test files and connectors, each in the place of
    /// the file of its path.
    fn findings(&self, texts: &[(FileKind, Arc<Source>)]) -> Vec<Diagnostic>;

    /// Reads a file as it is now; `None` where there is none.
    ///
    /// # Errors
    /// It cannot be opened, is no text, or a link leads to it from outside.
    async fn read(&self, path: &FilePath) -> Result<Option<Read>, FileError>;

    /// Puts a text in the place of a file's, or into a new file where `base` is `None`. When this returns the text is safe on
    /// the disk, byte for byte, or the file is as it was. Gives the new version.
    ///
    /// # Errors
    /// The file is another one than `base`; it cannot be written.
    async fn write(&self, path: &FilePath, base: Option<&str>, text: String) -> Result<String, FileError>;

    /// Deletes a file that is this version.
    ///
    /// # Errors
    /// See [`Self::write`].
    async fn delete(&self, path: &FilePath, version: &str) -> Result<(), FileError>;
}

/// A file cannot be read or written. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is not the version that was meant; what stands there now.
    #[error("the file has been changed meanwhile")]
    Conflict(Option<Read>),
    /// It leads elsewhere.
    #[error("{0}")]
    Outside(String),
    /// It is not text.
    #[error("{0}")]
    NotText(String),
    /// The system does not let this be done: what, and what to do about it.
    #[error("{0}")]
    Refused(String),
    /// There is no space left.
    #[error("{0}")]
    Full(String),
    /// Something else.
    #[error("{0}")]
    Failed(String),
}

/// The version of bytes: their SHA-256, in hex.
pub fn version_of(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
