//! Where passwords are hashed: on threads for blocking work, and no more at once than the machine has cores for.

use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;

use lockgate_engine::action::ActionError;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Each may take the memory of one hash: this many times 256 MiB is the most.
const MOST: usize = 4;

static WORKERS: LazyLock<Workers> = LazyLock::new(|| {
    let cores = available_parallelism().map_or(1, std::num::NonZero::get);
    Workers::new(cores.min(MOST))
});

/// Does the work when it is its turn. Given up while it waits, it is never begun; once begun, it ends, and holds its place
/// until then.
pub(super) async fn work<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ActionError> {
    WORKERS.work(work).await
}

struct Workers(Arc<Semaphore>);

impl Workers {
    fn new(places: usize) -> Self {
        Self(Arc::new(Semaphore::new(places)))
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ActionError> {
        // Nobody closes the semaphore, and a pool that takes no work belongs to a process that ends.
        let gone =
            |reason: String| ActionError::new("unavailable", format!("nobody hashes any more: {reason}"));
        let place = Arc::clone(&self.0).acquire_owned().await;
        let place = place.map_err(|error| gone(error.to_string()))?;
        let done = spawn_blocking(move || {
            let result = work();
            drop(place);
            result
        });
        match done.await {
            Ok(result) => Ok(result),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => Err(gone(error.to_string())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::mpsc;
    use std::time::Duration;

    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn no_more_work_at_once_than_there_are_places() {
        let workers = Workers::new(2);
        let (started, starts) = mpsc::channel();
        let gates: Vec<_> = (0..3).map(|_| mpsc::channel::<()>()).collect();
        let (release, hold): (Vec<_>, Vec<_>) = gates.into_iter().unzip();
        let mut calls: Vec<_> = hold
            .into_iter()
            .enumerate()
            .map(|(n, hold)| {
                let started = started.clone();
                Some(Box::pin(workers.work(move || {
                    started.send(n).unwrap();
                    hold.recv().unwrap();
                    n
                })))
            })
            .collect();
        for call in calls.iter_mut().flatten() {
            assert!(poll!(call).is_pending());
        }
        let next = || starts.recv_timeout(Duration::from_secs(20));
        let mut running = [next().unwrap(), next().unwrap()];
        running.sort_unstable();
        assert_eq!(running, [0, 1]);
        // Who is given up has begun, and keeps the place.
        calls[0] = None;
        assert_eq!(workers.0.available_permits(), 0);
        assert!(poll!(calls[2].as_mut().unwrap()).is_pending());
        assert!(starts.try_recv().is_err());

        release[0].send(()).unwrap();
        release[1].send(()).unwrap();
        release[2].send(()).unwrap();
        assert_eq!(pin!(calls[2].take().unwrap()).await, Ok(2));
        assert_eq!(pin!(calls[1].take().unwrap()).await, Ok(1));
    }

    #[tokio::test]
    #[should_panic(expected = "in the work")]
    async fn a_panic_is_the_callers() {
        let _ = Workers::new(1).work(|| panic!("in the work")).await;
    }
}
