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
    use std::sync::mpsc;
    use std::time::Duration;

    use futures_util::future::join_all;
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
                Box::pin(workers.work(move || {
                    started.send(n).unwrap();
                    hold.recv().unwrap();
                    n
                }))
            })
            .collect();
        for call in &mut calls {
            assert!(poll!(call).is_pending());
        }
        let next = || starts.recv_timeout(Duration::from_secs(20));
        let mut running = [next().unwrap(), next().unwrap()];
        running.sort_unstable();
        assert_eq!(running, [0, 1]);
        assert_eq!(workers.0.available_permits(), 0);
        assert!(poll!(&mut calls[2]).is_pending());
        assert!(starts.try_recv().is_err());

        for release in release {
            release.send(()).unwrap();
        }
        assert_eq!(join_all(calls).await, [Ok(0), Ok(1), Ok(2)]);
    }

    #[tokio::test]
    async fn who_is_given_up_keeps_the_place_until_the_work_is_done() {
        let workers = Workers::new(1);
        let (started, starts) = mpsc::channel();
        let (release, hold) = mpsc::channel::<()>();
        let mut call = Box::pin(workers.work(move || {
            started.send(()).unwrap();
            hold.recv().unwrap();
        }));
        assert!(poll!(&mut call).is_pending());
        starts.recv_timeout(Duration::from_secs(20)).unwrap();
        drop(call);
        assert_eq!(workers.0.available_permits(), 0);
        release.send(()).unwrap();
        assert_eq!(workers.work(|| 1).await, Ok(1));
    }

    #[tokio::test]
    #[should_panic(expected = "in the work")]
    async fn a_panic_is_the_callers() {
        let _ = Workers::new(1).work(|| panic!("in the work")).await;
    }
}
