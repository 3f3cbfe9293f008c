//! Puts the log (WAL) into the database file.
//!
//! The bulk of it in a thread of its own, beside the commits: what it copies is on the disk already, so nobody waits for it. But
//! the log begins anew only when all of it has been copied, which never happens while it goes on growing. So the writer
//! copies the small rest itself, between two commits, when the log has become long.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;

/// So many pages (of 4 kB) that have not been copied are worth the other thread's work.
const WORTH_IT: i32 = 1_000;

/// From so many pages on, the log is to begin anew.
const LONG: i32 = 4_000;

/// So many pages the writer copies itself.
const REST: i32 = 256;

/// However much is left then: the other thread does not keep up.
const TOO_LONG: i32 = 16 * LONG;

/// The thread, and how it is told.
pub(super) struct Checkpoints {
    path: Arc<Path>,
    wish: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    pub(super) fn start(connection: Connection, path: Arc<Path>) -> std::io::Result<Self> {
        let (wish, wishes) = sync_channel(1);
        let shown = Arc::clone(&path);
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || {
                for () in wishes {
                    checkpoint(&connection, CheckpointMode::PASSIVE, &shown);
                }
            })?;
        Ok(Self {
            path,
            wish: Some(wish),
            thread: Some(thread),
        })
    }

    /// Looks how long the log is.
    pub(super) fn after_commit(&mut self, connection: &Connection) {
        let Some((length, copied)) = checkpoint(connection, CheckpointMode::NOOP, &self.path) else {
            return;
        };
        let rest = length - copied;
        if length >= LONG && rest > 0 && (rest <= REST || length >= TOO_LONG) {
            checkpoint(connection, CheckpointMode::PASSIVE, &self.path);
        } else if rest >= WORTH_IT
            && let Some(wish) = &self.wish
        {
            // If it is at work, there will be another commit to say so again.
            let _ = wish.try_send(());
        }
    }

    /// Nothing more is written: the whole log goes into the file.
    pub(super) fn finish(mut self, connection: &Connection) {
        drop(self.wish.take());
        if let Some(thread) = self.thread.take() {
            // It has said what went wrong.
            let _ = thread.join();
        }
        checkpoint(connection, CheckpointMode::TRUNCATE, &self.path);
    }
}

/// How long the log is, and how much of it has been copied.
fn checkpoint(connection: &Connection, mode: CheckpointMode, path: &Path) -> Option<(i32, i32)> {
    match connection.wal_checkpoint_v2(None::<&str>, mode) {
        Ok(lengths) => Some(lengths),
        Err(error) => {
            // Nothing is lost: the log stays as it is.
            tracing::warn!(store = %path.display(), %error, "the log of the store could not be put into its file");
            None
        }
    }
}
