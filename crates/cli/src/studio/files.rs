//! The workspace as it was read last, for the studio, and who is told of the next. Whoever reads the workspace hands it in;
//! nothing is read twice.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockWriteGuard};

use async_trait::async_trait;
use lockgate_flow::diagnostic::Diagnostic;
use lockgate_flow::source::Source;
use lockgate_studio::Files;
use lockgate_studio::files::{Desk, FileError, Mode, Read, Setting};
use lockgate_studio::path::{FileKind, FilePath};
use tokio::sync::{Mutex, watch};

use super::desk::{desk, digest};
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
    /// The digest of the files that are served.
    served: RwLock<String>,
    /// How many versions there were.
    number: AtomicU64,
    /// Two that save do so one after the other.
    writing: Mutex<()>,
}

impl WorkspaceFiles {
    /// Those of a workspace that was read, and is what is going to be served.
    pub(crate) fn new(loaded: Arc<Loaded>, mode: Mode, is_writable: bool) -> Self {
        let first = desk(&loaded, 1);
        Self {
            root: loaded.root.clone(),
            mode,
            is_writable,
            flows_url: OnceLock::new(),
            tenant: RwLock::default(),
            served: RwLock::new(digest(&first.files)),
            desks: watch::Sender::new(Arc::new(first)),
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
        *write_to(&self.tenant) = url.map(str::to_owned);
    }

    /// Takes the workspace as it was read now, and is served from now on.
    pub(crate) fn serves(&self, loaded: Arc<Loaded>) {
        let desk = self.desk(&loaded);
        *write_to(&self.served) = digest(&desk.files);
        self.take(loaded, desk);
    }

    /// Takes the workspace as it was read now; what is served stays.
    pub(crate) fn shows(&self, loaded: Arc<Loaded>) {
        let mut desk = self.desk(&loaded);
        desk.is_served = *write_to(&self.served) == digest(&desk.files);
        self.take(loaded, desk);
    }

    /// The files cannot be read as they are now: what was read last is what can be shown.
    pub(crate) fn cannot_be_read(&self) {
        let last = Arc::clone(&self.desks.borrow());
        self.desks.send_replace(Arc::new(Desk {
            name: last.name.clone(),
            version: last.version.clone(),
            is_served: false,
            files: last.files.clone(),
            catalog: Arc::clone(&last.catalog),
            checked: Arc::clone(&last.checked),
        }));
    }

    fn desk(&self, loaded: &Loaded) -> Desk {
        desk(loaded, self.number.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn take(&self, loaded: Arc<Loaded>, desk: Desk) {
        *write_to(&self.loaded) = loaded;
        self.desks.send_replace(Arc::new(desk));
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

/// Nothing is left half done in these: what panicked has changed nothing.
fn write_to<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
