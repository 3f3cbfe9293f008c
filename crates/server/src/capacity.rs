//! How many runs go on at once; and waiting for the last of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// The places for runs. A request takes one when it has been read and admitted, and its run keeps it to its own end.
///
/// No semaphore: whoever waits for all of its permits holds those that are free, and nobody can tell any more how many
/// runs go on.
#[derive(Clone, Debug)]
pub(crate) struct Capacity(Arc<Places>);

#[derive(Debug)]
struct Places {
    taken: AtomicUsize,
    /// Those of them whose runs are kept.
    kept: AtomicUsize,
    most: usize,
    all_free: Notify,
    /// Who waits for a place.
    waiting: AtomicUsize,
    freed: Notify,
}

/// A place; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    is_of_kept: bool,
}

impl Capacity {
    pub(crate) fn new(most: usize) -> Self {
        Self(Arc::new(Places {
            taken: AtomicUsize::new(0),
            kept: AtomicUsize::new(0),
            most: most.max(1),
            all_free: Notify::new(),
            waiting: AtomicUsize::new(0),
            freed: Notify::new(),
        }))
    }

    /// A place, if there is one.
    pub(crate) fn take(&self) -> Option<Place> {
        let one_more = |taken| (taken < self.0.most).then_some(taken + 1);
        let taken = self
            .0
            .taken
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more);
        taken.ok().map(|_| Place {
            places: Arc::clone(&self.0),
            is_of_kept: false,
        })
    }

    /// Waits for a place. For runs that have waited for their turn before: to refuse them then would be unfair.
    pub(crate) async fn wait(&self) -> Place {
        let _waiting = Waiting::begin(&self.0.waiting);
        loop {
            // A place that becomes free in between leaves a permit.
            let freed = self.0.freed.notified();
            if let Some(place) = self.take() {
                return place;
            }
            freed.await;
        }
    }

    /// Whether there is none now.
    pub(crate) fn is_full(&self) -> bool {
        self.taken() >= self.0.most
    }

    /// How many places there are.
    pub(crate) fn most(&self) -> usize {
        self.0.most
    }

    /// How many places are taken.
    pub(crate) fn taken(&self) -> usize {
        self.0.taken.load(Ordering::Acquire)
    }

    /// Waits until all places are free, at most so long. How many are still taken then by runs that are not kept.
    pub(crate) async fn drained(&self, limit: Duration) -> usize {
        let all_free = async {
            loop {
                // Listens before it looks: what becomes free in between is heard.
                let freed = self.0.all_free.notified();
                if self.taken() == 0 {
                    return;
                }
                freed.await;
            }
        };
        match tokio::time::timeout(limit, all_free).await {
            Ok(()) => 0,
            Err(_) => self.taken().saturating_sub(self.0.kept.load(Ordering::Acquire)),
        }
    }
}

impl Place {
    /// The place of a run that is kept: nothing is lost where it is cut off.
    pub(crate) fn of_kept(mut self) -> Self {
        self.is_of_kept = true;
        self.places.kept.fetch_add(1, Ordering::Relaxed);
        self
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_of_kept {
            self.places.kept.fetch_sub(1, Ordering::Relaxed);
        }
        if self.places.taken.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.places.all_free.notify_waiters();
        }
        // In one order for all: either this sees who waits, or who waits sees the free place.
        if self.places.waiting.load(Ordering::SeqCst) > 0 {
            self.places.freed.notify_one();
        }
    }
}

/// One who waits; no more when this is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn places_are_counted_and_waited_for() {
        let capacity = Capacity::new(2);
        let (first, second) = (capacity.take().unwrap(), capacity.take().unwrap());
        assert!(capacity.take().is_none());
        assert_eq!(capacity.drained(Duration::from_secs(1)).await, 2);
        let second = second.of_kept();
        assert_eq!(capacity.drained(Duration::from_secs(1)).await, 1);
        drop(second);
        let second = capacity.take().unwrap();
        drop(first);
        assert_eq!(capacity.drained(Duration::from_secs(1)).await, 1);
        let ended = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert_eq!(capacity.taken(), 1, "waiting takes no place");
            drop(second);
        };
        let (left, ()) = tokio::join!(capacity.drained(Duration::from_secs(2)), ended);
        assert_eq!((left, capacity.taken()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_gets_the_next_free_place() {
        let capacity = Capacity::new(1);
        let first = capacity.take().unwrap();
        let mut gone = Box::pin(capacity.wait());
        assert!((&mut gone).now_or_never().is_none());
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..3 {
            let capacity = capacity.clone();
            waiting.spawn(async move { drop(capacity.wait().await) });
        }
        tokio::task::yield_now().await;
        drop(first);
        // It was told, and leaves: another one is told.
        drop(gone);
        let all = tokio::time::timeout(Duration::from_secs(1), waiting.join_all());
        assert_eq!(all.await.unwrap().len(), 3);
        assert_eq!(
            (capacity.taken(), capacity.0.waiting.load(Ordering::SeqCst)),
            (0, 0)
        );
    }
}
