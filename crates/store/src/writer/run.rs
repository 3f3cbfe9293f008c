//! What one run has handed in since the last commit, collapsed: one row, one chunk of records.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::error::StoreError;
use crate::id::RunId;
use crate::names::{FlowName, KnownDefinition};
use crate::rows::{BegunRow, KeyRow, StateRow};

/// A run that this process writes.
#[derive(Debug)]
pub(crate) struct RunState {
    pub(crate) id: RunId,
    pub(crate) seq: i64,
    pending: Mutex<Pending>,
    /// Why the store does not take it. A bug of ours or its caller's; the other runs must not suffer from it.
    refused: OnceLock<StoreError>,
}

/// What waits for the next commit.
#[derive(Debug, Default)]
struct Pending {
    /// Whether the queue knows that there is something.
    is_queued: bool,
    begin: Option<Box<Begin>>,
    state: Option<Box<(Arc<KnownDefinition>, StateRow)>>,
    /// Records in JSON, each with a comma before it.
    records: String,
    count: u32,
    next_chunk: i64,
}

/// The row of a run that begins.
#[derive(Debug)]
pub(crate) struct Begin {
    pub(crate) row: BegunRow,
    pub(crate) flow: Arc<FlowName>,
    pub(crate) key: Option<KeyRow>,
}

/// What a commit takes from a run.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) run: Arc<RunState>,
    pub(super) begin: Option<Box<Begin>>,
    pub(super) state: Option<Box<(Arc<KnownDefinition>, StateRow)>>,
    /// A JSON array.
    pub(super) records: String,
    pub(super) count: u32,
    pub(super) chunk: i64,
}

impl RunState {
    /// A run whose next chunk is this one.
    pub(crate) fn new(id: RunId, seq: i64, next_chunk: i64) -> Self {
        Self {
            id,
            seq,
            pending: Mutex::new(Pending {
                next_chunk,
                ..Pending::default()
            }),
            refused: OnceLock::new(),
        }
    }

    /// Hands in the run's row. Whether the queue has to be told.
    pub(super) fn begin(&self, begin: Box<Begin>, state: Box<(Arc<KnownDefinition>, StateRow)>) -> bool {
        let mut pending = self.lock();
        pending.begin = Some(begin);
        pending.state = Some(state);
        pending.mark()
    }

    /// Hands in how the run stands now. Whether the queue has to be told.
    pub(super) fn change(&self, state: Box<(Arc<KnownDefinition>, StateRow)>) -> bool {
        let mut pending = self.lock();
        pending.state = Some(state);
        pending.mark()
    }

    /// Hands in a record. Whether the queue has to be told.
    pub(super) fn record(&self, write: impl FnOnce(&mut String)) -> bool {
        let mut pending = self.lock();
        if pending.records.is_empty() {
            pending.records.reserve(2048);
        }
        pending.records.push(',');
        write(&mut pending.records);
        pending.count += 1;
        pending.mark()
    }

    /// Takes what has been handed in.
    pub(super) fn take(self: &Arc<Self>) -> Taken {
        let mut pending = self.lock();
        pending.is_queued = false;
        let mut records = std::mem::take(&mut pending.records);
        let chunk = pending.next_chunk;
        if !records.is_empty() {
            records.replace_range(..1, "[");
            records.push(']');
            pending.next_chunk += 1;
        }
        Taken {
            run: Arc::clone(self),
            begin: pending.begin.take(),
            state: pending.state.take(),
            records,
            count: std::mem::take(&mut pending.count),
            chunk,
        }
    }

    /// Why the store does not take it.
    pub(crate) fn refused(&self) -> Option<&StoreError> {
        self.refused.get()
    }

    pub(super) fn refuse(&self, error: StoreError) {
        // The first reason counts.
        let _ = self.refused.set(error);
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    fn mark(&mut self) -> bool {
        !std::mem::replace(&mut self.is_queued, true)
    }
}
