//! Tasks with an owner, so that none is left when it has stopped.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::task::JoinSet;

/// What is going on. Dropping it cancels everything.
#[derive(Debug)]
pub struct Tasks(Mutex<Option<JoinSet<()>>>);

impl Tasks {
    /// None yet.
    pub fn new() -> Self {
        Self(Mutex::new(Some(JoinSet::new())))
    }

    /// Starts a task. After [`shutdown`](Self::shutdown), and where there is no runtime any more, it is dropped instead.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
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
    pub fn reap(&self) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tasks) = &mut *tasks {
            while tasks.try_join_next().is_some() {}
        }
    }

    /// Cancels all, and waits until they are gone. No other starts from here on.
    pub async fn shutdown(&self) {
        if let Some(mut tasks) = self.take() {
            tasks.shutdown().await;
        }
    }

    /// Cancels all. No other starts from here on.
    pub fn abort(&self) {
        drop(self.take());
    }

    fn take(&self) -> Option<JoinSet<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Default for Tasks {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

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
