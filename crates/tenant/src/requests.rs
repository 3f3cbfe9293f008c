//! What the tenant has been asked: exact counts by operation, and the last requests one by one.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::lock::lock;
use crate::route::Operation;

/// How many requests are kept one by one.
const KEPT: usize = 1000;

/// A request that the tenant has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestRecord {
    /// The method.
    pub method: String,
    /// The path as it was sent, percent-encoded, without the query.
    pub path: String,
    /// The query as it was sent.
    pub query: Option<String>,
    /// The status of the answer; nothing where a fault cut the connection instead.
    pub status: Option<u16>,
}

#[derive(Debug, Default)]
pub(crate) struct Requests {
    counts: [AtomicU64; Operation::COUNT],
    total: AtomicU64,
    last: Mutex<VecDeque<RequestRecord>>,
}

impl Requests {
    pub(crate) fn record(&self, operation: Operation, request: RequestRecord) {
        self.counts[operation as usize].fetch_add(1, Ordering::Relaxed);
        self.total.fetch_add(1, Ordering::Relaxed);
        let mut last = lock(&self.last);
        if last.len() == KEPT {
            last.pop_front();
        }
        last.push_back(request);
    }

    pub(crate) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    pub(crate) fn count(&self, operation: Operation) -> u64 {
        self.counts[operation as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn last(&self) -> Vec<RequestRecord> {
        lock(&self.last).iter().cloned().collect()
    }
}
