//! Since when a client owes the server something. Kept by the socket and the service, looked at by the connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::options::ServerOptions;

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) head: Duration,
    pub(super) idle: Duration,
    pub(super) write: Duration,
}

impl Limits {
    /// How long a closed connection is still read from, so that a client that is sending can read why.
    const LINGER: Duration = Duration::from_secs(2);

    pub(super) fn of(options: &ServerOptions) -> Self {
        Self {
            head: options.head_timeout,
            idle: options.idle_timeout,
            write: options.write_timeout,
        }
    }
}

/// What a client is late with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    /// The first request, or the rest of a head.
    Head,
    /// The next request. Nothing is wrong with that: the connection is closed in good order.
    Next,
    /// Reading its answer.
    Reading,
    /// Closing its side.
    Closing,
}

/// What a connection does. Times are milliseconds since it began, and 0 means never.
#[derive(Debug)]
pub(super) struct Progress {
    began: Instant,
    /// Requests that are being answered.
    in_flight: AtomicU32,
    /// When the last request was answered, or the last byte of an answer left.
    quiet_since: AtomicU64,
    /// When the first byte of the head came that is being sent.
    head_since: AtomicU64,
    /// Since when the client takes no byte of what is to be written.
    stalled_since: AtomicU64,
    lingering_since: AtomicU64,
    is_http2: AtomicBool,
    has_asked: AtomicBool,
    has_unread: AtomicBool,
}

/// A request that is being answered, until this is dropped.
pub(super) struct InFlight(Arc<Progress>);

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            in_flight: AtomicU32::new(0),
            quiet_since: AtomicU64::new(0),
            head_since: AtomicU64::new(0),
            stalled_since: AtomicU64::new(0),
            lingering_since: AtomicU64::new(0),
            is_http2: AtomicBool::new(false),
            has_asked: AtomicBool::new(false),
            has_unread: AtomicBool::new(false),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis())
            .unwrap_or(u64::MAX)
            .max(1)
    }

    pub(super) fn is_http2(&self) {
        self.is_http2.store(true, Ordering::Relaxed);
    }

    /// Bytes came. Between requests they are the next head; in HTTP/2 they can be anything.
    pub(super) fn received(&self) {
        if self.in_flight.load(Ordering::Relaxed) == 0
            && self.head_since.load(Ordering::Relaxed) == 0
            && !self.is_http2.load(Ordering::Relaxed)
        {
            self.head_since.store(self.now(), Ordering::Relaxed);
        }
    }

    /// A head is complete.
    pub(super) fn request(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.head_since.store(0, Ordering::Relaxed);
        self.has_asked.store(true, Ordering::Relaxed);
        self.has_unread.store(false, Ordering::Relaxed);
        InFlight(Arc::clone(self))
    }

    /// The request was answered before its body was read to the end.
    pub(super) fn body_is_unread(&self) {
        self.has_unread.store(true, Ordering::Relaxed);
    }

    /// The client took bytes.
    pub(super) fn written(&self) {
        self.stalled_since.store(0, Ordering::Relaxed);
        self.quiet_since.store(self.now(), Ordering::Relaxed);
    }

    /// The client takes nothing more for now.
    pub(super) fn write_is_stalled(&self) {
        if self.stalled_since.load(Ordering::Relaxed) == 0 {
            self.stalled_since.store(self.now(), Ordering::Relaxed);
        }
    }

    /// Nothing is left to write.
    pub(super) fn is_flushed(&self) {
        self.stalled_since.store(0, Ordering::Relaxed);
    }

    /// The server closes: whether the client may still be sending something that nobody will read.
    pub(super) fn may_be_sending(&self) -> bool {
        self.has_unread.load(Ordering::Relaxed) || self.is_amid_head()
    }

    /// The server has closed its side and waits for the client's.
    pub(super) fn lingers(&self) {
        if self.lingering_since.load(Ordering::Relaxed) == 0 {
            self.lingering_since.store(self.now(), Ordering::Relaxed);
        }
    }

    /// The client has sent a part of a head.
    pub(super) fn is_amid_head(&self) -> bool {
        self.head_since.load(Ordering::Relaxed) != 0
    }

    pub(super) fn is_answering(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) > 0
    }

    /// What the client will be late with next, and when. `None` while it is the server's turn.
    pub(super) fn deadline(&self, limits: &Limits) -> Option<(Instant, Late)> {
        let at = |since: u64, limit: Duration| self.began + Duration::from_millis(since) + limit;
        match self.lingering_since.load(Ordering::Relaxed) {
            0 => {}
            since => return Some((at(since, Limits::LINGER), Late::Closing)),
        }
        match self.stalled_since.load(Ordering::Relaxed) {
            0 => {}
            since => return Some((at(since, limits.write), Late::Reading)),
        }
        if self.is_answering() {
            return None;
        }
        let quiet_since = self.quiet_since.load(Ordering::Relaxed);
        let is_new = !self.has_asked.load(Ordering::Relaxed) && !self.is_http2.load(Ordering::Relaxed);
        match self.head_since.load(Ordering::Relaxed) {
            0 if is_new => Some((at(0, limits.head), Late::Head)),
            0 => Some((at(quiet_since, limits.idle), Late::Next)),
            // The first head's time begins with the connection.
            _ if is_new => Some((at(0, limits.head), Late::Head)),
            since => Some((at(since, limits.head), Late::Head)),
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let progress = &self.0;
        progress.quiet_since.store(progress.now(), Ordering::Relaxed);
        progress.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        head: Duration::from_secs(10),
        idle: Duration::from_secs(75),
        write: Duration::from_secs(30),
    };

    /// Seconds from now, and what for.
    fn due(progress: &Progress) -> Option<(u64, Late)> {
        let (at, late) = progress.deadline(&LIMITS)?;
        Some((
            (at.duration_since(Instant::now()) + Duration::from_millis(500)).as_secs(),
            late,
        ))
    }

    async fn pass(seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_is_late_with_what_it_owes() {
        let progress = Arc::new(Progress::new());
        assert_eq!(due(&progress), Some((10, Late::Head)), "from the beginning");
        pass(4).await;
        progress.received();
        assert_eq!(
            due(&progress),
            Some((6, Late::Head)),
            "the first bytes win nothing"
        );
        let request = progress.request();
        pass(100).await;
        assert_eq!(due(&progress), None, "it is the server's turn");
        progress.received();
        drop(request);
        assert_eq!(due(&progress), Some((75, Late::Next)));
        pass(70).await;
        progress.received();
        assert_eq!(due(&progress), Some((10, Late::Head)));
        pass(3).await;
        progress.received();
        assert_eq!(due(&progress), Some((7, Late::Head)), "a drip wins nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_is_late() {
        let progress = Arc::new(Progress::new());
        let request = progress.request();
        progress.write_is_stalled();
        pass(5).await;
        progress.write_is_stalled();
        assert_eq!(due(&progress), Some((25, Late::Reading)));
        progress.written();
        assert_eq!(due(&progress), None);
        drop(request);
        assert_eq!(due(&progress), Some((75, Late::Next)));
    }

    #[tokio::test(start_paused = true)]
    async fn http2_owes_no_head() {
        let progress = Arc::new(Progress::new());
        progress.is_http2();
        progress.received();
        assert_eq!(due(&progress), Some((75, Late::Next)));
    }
}
