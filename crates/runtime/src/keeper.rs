//! What all tasks of a runtime share, and the tasks themselves.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use lockgate_engine::clock::Clock;
use lockgate_engine::outcome::RunStatus;
use lockgate_flow::graph::Flow;
use lockgate_store::{RunId, Store, StoreError};
use tokio::sync::{Notify, watch};

use crate::active::Registry;
use crate::keys::Keys;
use crate::program::Program;
use crate::resume::{Ready, Stuck};
use crate::runtime::{Listener, RuntimeOptions, Stats};
use crate::tasks::Tasks;
use crate::wake::Wake;

/// What all tasks of a runtime share.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) store: Store,
    pub(crate) options: RuntimeOptions,
    pub(crate) registry: Arc<Registry>,
    pub(crate) keys: Keys,
    pub(crate) ready: Ready,
    pub(crate) stuck: Stuck,
    pub(crate) wake: Wake,
    pub(crate) counters: Counters,
    program: watch::Sender<Arc<Program>>,
    stopping: Stopping,
    trouble: Trouble,
    /// They hold the keeper, which holds them: whoever has the runtime ends them.
    tasks: Tasks,
    listener: OnceLock<Heard>,
}

/// What a [`Listener`] is kept as.
struct Heard(Listener);

impl fmt::Debug for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

impl Keeper {
    pub(crate) fn new(store: Store, program: Arc<Program>, options: RuntimeOptions) -> Self {
        Self {
            store,
            ready: Ready::new(options.at_once),
            options,
            registry: Arc::default(),
            keys: Keys::default(),
            stuck: Stuck::default(),
            wake: Wake::default(),
            counters: Counters::default(),
            program: watch::Sender::new(program),
            stopping: Stopping::default(),
            trouble: Trouble::default(),
            tasks: Tasks::default(),
            listener: OnceLock::new(),
        }
    }

    /// See [`Runtime::tell`](crate::Runtime::tell).
    pub(crate) fn tell(&self, listener: Listener) {
        let _ = self.listener.set(Heard(listener));
    }

    /// A life of a run is over.
    pub(crate) fn life_over(&self, flow: &Flow, status: RunStatus, took: Duration) {
        if let Some(Heard(listener)) = self.listener.get() {
            listener(flow, status, took);
        }
    }

    /// The version of the workspace that is served now.
    pub(crate) fn program(&self) -> Arc<Program> {
        Arc::clone(&self.program.borrow())
    }

    /// The versions of the workspace from here on.
    pub(crate) fn programs(&self) -> watch::Receiver<Arc<Program>> {
        self.program.subscribe()
    }

    /// Another version of the workspace: what could not go on with the one before may with this one.
    pub(crate) fn publish(&self, program: Arc<Program>) {
        self.program.send_replace(program);
        self.stuck.forget();
        self.ready.scan();
        self.wake.look();
    }

    /// Time, as the flows see it.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(self.program.borrow().executor().clock())
    }

    /// Now, as exactly as the store keeps times: a run that goes on must see the same as in its first life.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.program.borrow().executor().clock().now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// Starts a task that lives no longer than the runtime.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Ends all tasks.
    pub(crate) fn abort_tasks(&self) {
        self.tasks.abort();
    }

    /// Ends all tasks, and waits until they are gone.
    pub(crate) async fn end_tasks(&self) {
        self.tasks.shutdown().await;
    }

    /// From here on nothing begins any more.
    pub(crate) fn stop(&self) {
        self.stopping.flag.store(true, Ordering::SeqCst);
        self.stopping.changed.notify_waiters();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.flag.load(Ordering::SeqCst)
    }

    /// Completes when nothing begins any more.
    pub(crate) async fn stopped(&self) {
        loop {
            let changed = self.stopping.changed.notified();
            if self.is_stopping() {
                return;
            }
            changed.await;
        }
    }

    /// The store could not do something. What was interrupted by that goes on when it works again.
    pub(crate) fn trouble(&self, error: &StoreError) {
        if matches!(error, StoreError::Closed) || self.is_stopping() {
            return;
        }
        // The store itself says when it cannot be written, and when it can again.
        if self.store.failing().is_none() && !self.trouble.is_told.swap(true, Ordering::SeqCst) {
            let help = error.help();
            tracing::error!(%error, help, "the store cannot be read; runs that need it wait");
        }
        self.trouble.began.notify_one();
    }

    /// A run was interrupted, and is to go on: not at once, since what interrupted it may last.
    pub(crate) fn go_on_later(&self) {
        self.trouble.began.notify_one();
    }

    /// Waits until the store works, and has what was interrupted go on; a task.
    pub(crate) async fn watch_store(self: Arc<Self>) {
        /// How often the writer tries, too.
        const PAUSE: Duration = Duration::from_secs(1);

        let clock = self.clock();
        loop {
            self.trouble.began.notified().await;
            loop {
                clock.sleep(PAUSE).await;
                if self.store.failing().is_none() {
                    break;
                }
            }
            self.trouble.is_told.store(false, Ordering::SeqCst);
            self.ready.scan();
            self.wake.look();
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        let counters = &self.counters;
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            active: counters.active.load(Ordering::Relaxed) as u64,
            queued: (self.options.limits.waiting() + self.ready.len()) as u64,
            sleeping: count(&counters.sleeping),
            resumed: count(&counters.resumed),
            woken: count(&counters.woken),
            in_doubt: count(&counters.in_doubt),
            stuck: self.stuck.len() as u64,
            scheduled: count(&counters.scheduled),
            skipped: count(&counters.skipped),
            pruned: count(&counters.pruned),
        }
    }

    /// Notes a run that cannot go on with today's workspace; says so once for each definition.
    pub(crate) fn note_stuck(
        &self,
        id: RunId,
        digest: &Arc<str>,
        flow: &str,
        reason: &dyn std::fmt::Display,
    ) {
        if self.stuck.add(id, digest) {
            tracing::error!(run_id = %id, flow, %reason, "runs of this definition cannot go on; they stay as they are until the workspace changes (this is the first)");
        }
    }
}

/// See [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) active: AtomicUsize,
    pub(crate) sleeping: AtomicU64,
    pub(crate) resumed: AtomicU64,
    pub(crate) woken: AtomicU64,
    pub(crate) in_doubt: AtomicU64,
    pub(crate) scheduled: AtomicU64,
    pub(crate) skipped: AtomicU64,
    pub(crate) pruned: AtomicU64,
}

impl Counters {
    /// One more.
    pub(crate) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Debug, Default)]
struct Stopping {
    flag: AtomicBool,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Trouble {
    /// The log says so already.
    is_told: AtomicBool,
    began: Notify,
}
