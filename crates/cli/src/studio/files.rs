//! The workspace as it was read last, for the studio, and who is told of the next. Whoever reads the workspace hands it in;
//! nothing is read twice.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use async_trait::async_trait;
use lockgate_flow::diagnostic::Diagnostic;
use lockgate_flow::source::Source;
use lockgate_studio::Files;
use lockgate_studio::files::{Desk, FileError, Mode, Read, Setting};
use lockgate_studio::path::{FileKind, FilePath};
use tokio::sync::{Mutex, watch};

use super::desk::desk;
use super::findings::findings;
use super::{place, write};
use crate::workspace::Loaded;

/// The files of a workspace.
pub(crate) struct WorkspaceFiles {
    root: PathBuf,
    mode: Mode,
    is_writable: bool,
    flows_url: OnceLock<String>,
    tenant: RwLock<Option<String>>,
    loaded: RwLock<Arc<Loaded>>,
    desks: watch::Sender<Arc<Desk>>,
    /// How many versions there were.
    number: AtomicU64,
    /// Two that save do so one after the other.
    writing: Mutex<()>,
}

impl WorkspaceFiles {
    /// Those of a workspace that was read, and is what is going to be served.
    pub(crate) fn new(loaded: Arc<Loaded>, mode: Mode, is_writable: bool) -> Self {
        Self {
            root: loaded.root.clone(),
            mode,
            is_writable,
            flows_url: OnceLock::new(),
            tenant: RwLock::default(),
            desks: watch::Sender::new(Arc::new(desk(&loaded, 1, true))),
            loaded: RwLock::new(loaded),
            number: AtomicU64::new(1),
            writing: Mutex::default(),
        }
    }

    /// Says where flows are served, as soon as it is known.
    pub(crate) fn served_at(&self, url: &str) {
        // Once: a server has one.
        let _ = self.flows_url.set(url.to_owned());
    }

    /// Says which tenant stands in for Auth0.
    pub(crate) fn emulated(&self, url: Option<&str>) {
        *self.tenant.write().unwrap_or_else(PoisonError::into_inner) = url.map(str::to_owned);
    }

    /// Takes the workspace as it was read now.
    pub(crate) fn take(&self, loaded: Arc<Loaded>, is_served: bool) {
        let number = self.number.fetch_add(1, Ordering::Relaxed) + 1;
        let desk = Arc::new(desk(&loaded, number, is_served));
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        self.desks.send_replace(desk);
    }

    /// The workspace as it was read last.
    pub(crate) fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Files for WorkspaceFiles {
    fn setting(&self) -> Setting {
        Setting {
            mode: self.mode,
            is_writable: self.is_writable,
            flows_url: self.flows_url.get().cloned().unwrap_or_default(),
        }
    }

    fn tenant(&self) -> Option<String> {
        self.tenant.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn desks(&self) -> watch::Receiver<Arc<Desk>> {
        self.desks.subscribe()
    }

    fn findings(&self, texts: &[(FileKind, Arc<Source>)]) -> Vec<Diagnostic> {
        findings(&self.loaded(), texts)
    }

    async fn read(&self, path: &FilePath) -> Result<Option<Read>, FileError> {
        let (root, path) = (self.root.clone(), path.clone());
        blocking(move || write::read(&place::find(&root, &path)?)).await
    }

    async fn write(&self, path: &FilePath, base: Option<&str>, text: String) -> Result<String, FileError> {
        let _one = self.writing.lock().await;
        let (root, path, base) = (self.root.clone(), path.clone(), base.map(str::to_owned));
        blocking(move || write::write(&place::find(&root, &path)?, base.as_deref(), text.as_bytes())).await
    }

    async fn delete(&self, path: &FilePath, version: &str) -> Result<(), FileError> {
        let _one = self.writing.lock().await;
        let (root, path, version) = (self.root.clone(), path.clone(), version.to_owned());
        blocking(move || write::delete(&place::find(&root, &path)?, &version)).await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FileError> + Send + 'static,
) -> Result<T, FileError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(FileError::Failed(error.to_string())),
    }
}
