//! Tasks that are not the connection's own: runs that go on without a caller, and the streams of HTTP/2. They have an
//! owner, so that none is left when the server has stopped.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::rt::Executor;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

/// What is going on. Dropping it cancels everything.
#[derive(Debug, Default)]
pub(crate) struct Tasks(Mutex<Option<JoinSet<()>>>);

impl Tasks {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Some(JoinSet::new())))
    }

    /// Starts a task. After [`shutdown`](Self::shutdown), and where there is no runtime any more, it is dropped instead.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tasks) = &mut *tasks {
            // Those that have ended would keep their memory.
            while tasks.try_join_next().is_some() {}
            tasks.spawn_on(task, &runtime);
        } else {
            // A task may start others when it is dropped.
            drop(tasks);
            drop(task);
        }
    }

    /// Gives back the memory of those that have ended.
    pub(crate) fn reap(&self) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tasks) = &mut *tasks {
            while tasks.try_join_next().is_some() {}
        }
    }

    /// Cancels all, and waits until they are gone. No other starts from here on.
    pub(crate) async fn shutdown(&self) {
        let tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut tasks) = tasks {
            tasks.shutdown().await;
        }
    }
}

/// Has hyper start its tasks here.
#[derive(Clone, Debug)]
pub(super) struct Spawner(pub(super) Arc<Tasks>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Spawner {
    fn execute(&self, task: F) {
        self.0.spawn(task);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_is_left_after_shutdown() {
        let tasks = Arc::new(Tasks::new());
        let (gone, mut all_gone) = tokio::sync::mpsc::channel::<()>(1);
        for _ in 0..3 {
            let gone = gone.clone();
            tasks.spawn(async move {
                std::future::pending::<()>().await;
                drop(gone);
            });
        }
        tasks.shutdown().await;
        let late = gone.clone();
        tasks.spawn(async move {
            std::future::pending::<()>().await;
            drop(late);
        });
        drop(gone);
        // Every sender is gone already: nothing is waited for.
        assert_eq!(
            all_gone.try_recv(),
            Err(tokio::sync::mpsc::error::TryRecvError::Disconnected)
        );
    }

    #[tokio::test]
    async fn what_has_ended_takes_no_room() {
        let tasks = Tasks::new();
        for _ in 0..100 {
            tasks.spawn(async {});
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
        }
        tasks.reap();
        assert_eq!(tasks.0.lock().unwrap().as_ref().unwrap().len(), 0);
    }
}
