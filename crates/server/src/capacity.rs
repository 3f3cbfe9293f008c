//! How many runs go on at once; and waiting for the last of them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places for runs. A request takes one when it has been read and admitted, and its run keeps it to its own end.
#[derive(Clone, Debug)]
pub(crate) struct Capacity {
    places: Arc<Semaphore>,
    most: usize,
}

/// A place; given back when it is dropped.
pub(crate) type Place = OwnedSemaphorePermit;

impl Capacity {
    pub(crate) fn new(most: usize) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        Self {
            places: Arc::new(Semaphore::new(most)),
            most,
        }
    }

    /// A place, if there is one.
    pub(crate) fn take(&self) -> Option<Place> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Whether there is none now.
    pub(crate) fn is_full(&self) -> bool {
        self.places.available_permits() == 0
    }

    /// How many places there are.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// How many places are taken.
    pub(crate) fn taken(&self) -> usize {
        self.most - self.places.available_permits()
    }

    /// Waits until all places are free, at most so long. How many are still taken then.
    pub(crate) async fn drained(&self, limit: Duration) -> usize {
        let most = u32::try_from(self.most).unwrap_or(u32::MAX);
        match tokio::time::timeout(limit, self.places.acquire_many(most)).await {
            Ok(_) => 0,
            Err(_) => self.taken(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn places_are_counted_and_waited_for() {
        let capacity = Capacity::new(2);
        let (first, second) = (capacity.take().unwrap(), capacity.take().unwrap());
        assert!(capacity.take().is_none());
        assert_eq!(capacity.drained(Duration::from_secs(1)).await, 2);
        drop(first);
        assert_eq!(capacity.drained(Duration::from_secs(1)).await, 1);
        let ended = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(second);
        };
        let (left, ()) = tokio::join!(capacity.drained(Duration::from_secs(2)), ended);
        assert_eq!((left, capacity.taken()), (0, 0));
    }
}
