//! What is unfinished goes on: at the start, after the store was failing, when its time or its turn has come.
//!
//! One task, the *pump*, takes runs from two places: the queue of those that this process knows are ready (spawned, due,
//! resumed by an operator, cut off), and the store, which it walks through in slices whenever the queue had no room or
//! nobody knows (at the start). So no more than a slice of ids is in memory, however many runs are unfinished.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{Either, select};
use lockgate_engine::outcome::RunStatus;
use lockgate_store::{RunId, Status, StoreError, StoredRun};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::active::{Active, Claim};
use crate::keeper::{Counters, Keeper};
use crate::limits::{NoTurn, Turn};
use crate::program::{Pinned, Unpinnable};
use crate::start::DurableRun;

/// So many runs wait in memory; more wait in the store.
const MOST_READY: usize = 1024;

/// So many ids are read from the store at once.
const SLICE: usize = 256;

/// When runs that found the queue of their flow full try again.
const FULL_PAUSE: Duration = Duration::from_secs(1);

/// The runs that are ready to go on.
#[derive(Debug)]
pub(crate) struct Ready {
    queue: Mutex<VecDeque<Claim>>,
    /// There is something in the store that may be ready.
    in_store: AtomicBool,
    changed: Notify,
    places: Arc<Semaphore>,
    full: Mutex<Full>,
}

/// Runs that found the queue of their flow full: they are not read again and again only to find it still full.
#[derive(Debug, Default)]
struct Full {
    runs: HashMap<RunId, Arc<str>>,
    /// Since the last walk through the store began.
    flows: HashSet<Arc<str>>,
    /// Another walk is going to begin.
    is_awaited: bool,
}

impl Full {
    fn begin_walk(&mut self) {
        self.flows.clear();
        self.is_awaited = false;
    }
}

impl Ready {
    pub(crate) fn new(at_once: usize) -> Self {
        Self {
            queue: Mutex::default(),
            in_store: AtomicBool::new(false),
            changed: Notify::new(),
            places: Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS))),
            full: Mutex::default(),
        }
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Claim>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn full(&self) -> MutexGuard<'_, Full> {
        self.full.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A run is ready. Where there is no room, it is found in the store.
    pub(crate) fn push(&self, claim: Claim) {
        let mut queue = self.queue();
        if queue.len() < MOST_READY {
            queue.push_back(claim);
            drop(queue);
            self.changed.notify_one();
        } else {
            drop(queue);
            drop(claim);
            self.scan();
        }
    }

    fn pop(&self) -> Option<Claim> {
        self.queue().pop_front()
    }

    /// Something in the store may be ready.
    pub(crate) fn scan(&self) {
        self.in_store.store(true, Ordering::SeqCst);
        self.changed.notify_one();
    }

    /// How many runs have room.
    pub(crate) fn room(&self) -> usize {
        MOST_READY.saturating_sub(self.len())
    }

    pub(crate) fn len(&self) -> usize {
        self.queue().len()
    }

    /// Leaves all to the store.
    pub(crate) fn clear(&self) {
        let queue = std::mem::take(&mut *self.queue());
        drop(queue);
    }
}

/// Runs that cannot go on with what there is today.
#[derive(Debug, Default)]
pub(crate) struct Stuck(Mutex<StuckRuns>);

#[derive(Debug, Default)]
struct StuckRuns {
    runs: HashSet<RunId>,
    definitions: HashSet<Arc<str>>,
}

impl Stuck {
    fn lock(&self) -> MutexGuard<'_, StuckRuns> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a run. Whether it is the first of its definition.
    pub(crate) fn add(&self, id: RunId, digest: &Arc<str>) -> bool {
        let mut stuck = self.lock();
        stuck.runs.insert(id);
        stuck.definitions.insert(Arc::clone(digest))
    }

    /// Notes a run that is stuck for a reason of its own.
    pub(crate) fn add_alone(&self, id: RunId) {
        self.lock().runs.insert(id);
    }

    pub(crate) fn contains(&self, id: RunId) -> bool {
        self.lock().runs.contains(&id)
    }

    /// A run is not stuck any more.
    pub(crate) fn remove(&self, id: RunId) {
        self.lock().runs.remove(&id);
    }

    /// Tries all again.
    pub(crate) fn forget(&self) {
        *self.lock() = StuckRuns::default();
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().runs.len()
    }
}

/// A walk through the unfinished runs of the store.
#[derive(Debug, Default)]
struct Walk {
    is_going: bool,
    /// What is walked to is taken before what is in the queue.
    is_its_turn: bool,
    slice: std::vec::IntoIter<RunId>,
    after: Option<RunId>,
    claimed: u64,
}

impl Walk {
    fn begin(&mut self) {
        self.is_going = true;
        self.after = None;
        self.claimed = 0;
    }

    fn end(&mut self) {
        self.is_going = false;
        self.slice = Vec::new().into_iter();
        if self.claimed > 0 {
            tracing::info!(runs = self.claimed, "unfinished runs go on");
        }
    }
}

impl Keeper {
    /// Lets what is ready go on, so many at once; a task.
    pub(crate) async fn pump(self: Arc<Self>) {
        let mut walk = Walk::default();
        let all = async {
            loop {
                let claim = self.next_ready(&mut walk).await;
                // Not before: an idle pump must not hold a place.
                let Ok(place) = Arc::clone(&self.ready.places).acquire_owned().await else {
                    return;
                };
                self.spawn(Arc::clone(&self).go_on(claim, place));
            }
        };
        // Dropping it gives the claim back that may wait for its place.
        select(std::pin::pin!(all), std::pin::pin!(self.stopped())).await;
    }

    /// The next run that is ready.
    async fn next_ready(self: &Arc<Self>, walk: &mut Walk) -> Claim {
        loop {
            // In turns, so that neither keeps the other back.
            walk.is_its_turn = !walk.is_its_turn;
            if !walk.is_its_turn
                && let Some(claim) = self.ready.pop()
            {
                return claim;
            }
            if !walk.is_going && self.ready.in_store.swap(false, Ordering::SeqCst) {
                walk.begin();
                self.ready.full().begin_walk();
            }
            if walk.is_going {
                match self.next_of(walk).await {
                    Ok(Some(claim)) => return claim,
                    Ok(None) => walk.end(),
                    // It is walked through again when the store works.
                    Err(error) => {
                        self.trouble(&error);
                        walk.end();
                    }
                }
            }
            if let Some(claim) = self.ready.pop() {
                return claim;
            }
            if !self.ready.in_store.load(Ordering::SeqCst) {
                self.ready.changed.notified().await;
            }
        }
    }

    /// The next run of the store that nobody has claimed.
    async fn next_of(self: &Arc<Self>, walk: &mut Walk) -> Result<Option<Claim>, StoreError> {
        loop {
            for id in walk.slice.by_ref() {
                walk.after = Some(id);
                if self.stuck.contains(id) || self.finds_no_turn(id) {
                    continue;
                }
                if let Some(claim) = self.registry.claim(id) {
                    walk.claimed += 1;
                    return Ok(Some(claim));
                }
            }
            let slice = self.store.unfinished(walk.after, SLICE).await?;
            if slice.is_empty() {
                return Ok(None);
            }
            walk.slice = slice.into_iter();
        }
    }

    /// Whether the run need not be read to see that the queue of its flow is full.
    fn finds_no_turn(self: &Arc<Self>, id: RunId) -> bool {
        let full = self.ready.full();
        let Some(flow) = full.runs.get(&id).filter(|flow| full.flows.contains(*flow)) else {
            return false;
        };
        let flow = Arc::clone(flow);
        drop(full);
        self.try_again(id, &flow);
        true
    }

    /// A run found no place in the queue of its flow: it tries again after a while.
    fn try_again(self: &Arc<Self>, id: RunId, flow: &str) {
        let flow: Arc<str> = flow.into();
        let mut full = self.ready.full();
        full.flows.insert(Arc::clone(&flow));
        full.runs.insert(id, flow);
        if std::mem::replace(&mut full.is_awaited, true) {
            return;
        }
        drop(full);
        let keeper = Arc::clone(self);
        self.spawn(async move {
            keeper.clock().sleep(FULL_PAUSE).await;
            keeper.ready.scan();
        });
    }

    /// A claimed run of the store goes on, if there is something to go on with.
    async fn go_on(self: Arc<Self>, claim: Claim, place: OwnedSemaphorePermit) {
        let id = claim.id();
        let prepared = {
            let prepare = std::pin::pin!(self.prepare(claim, place));
            match select(prepare, std::pin::pin!(self.stopped())).await {
                Either::Left((prepared, _)) => prepared,
                Either::Right(_) => None,
            }
        };
        let Some((run, place)) = prepared else { return };
        let outcome = run.run(None).await;
        drop(place);
        if let Some(error) = &outcome.error
            && matches!(outcome.status, RunStatus::Failed)
        {
            tracing::warn!(run_id = %id, step = error.step, code = %error.code, error = error.message, "the run failed");
        }
    }

    /// Everything that a claimed run needs to go on. `None` where it does not.
    async fn prepare(
        self: &Arc<Self>,
        claim: Claim,
        place: OwnedSemaphorePermit,
    ) -> Option<(DurableRun, OwnedSemaphorePermit)> {
        let id = claim.id();
        let stored = self.load(id).await?;
        let is_early = stored.status == Status::Sleeping && stored.wake_at.is_some_and(|at| at > self.now());
        if !stored.status.is_unfinished() || is_early {
            return None;
        }
        if claim.active().is(Active::CANCEL) {
            self.call_off(&claim).await;
            return None;
        }
        let stuck = |reason: &dyn std::fmt::Display| {
            self.note_stuck(id, &stored.digest, &stored.flow, reason);
        };
        let pinned = match self.pinned(&stored).await {
            Ok(pinned) => pinned,
            Err(reason) => {
                stuck(&reason);
                return None;
            }
        };
        let (turn, place) = match self.turn(&claim, &pinned, &stored, place).await {
            Some(Ok(with_place)) => with_place,
            Some(Err(NoTurn::QueueFull { .. })) => {
                self.try_again(id, &stored.flow);
                return None;
            }
            Some(Err(reason @ NoTurn::Key { .. })) => {
                stuck(&reason);
                return None;
            }
            None => {
                self.call_off(&claim).await;
                return None;
            }
        };
        self.ready.full().runs.remove(&id);
        match stored.status {
            Status::Sleeping => Counters::count(&self.counters.woken),
            Status::Running => Counters::count(&self.counters.resumed),
            _ => {}
        }
        Some((DurableRun::stored(self, claim, stored, pinned, turn), place))
    }

    /// A run from the store.
    async fn load(&self, id: RunId) -> Option<StoredRun> {
        match self.store.load(id).await {
            Ok(stored) => stored,
            Err(error) => {
                // Only what would be the same each time keeps a run back; the rest passes.
                if matches!(error, StoreError::Corrupt { .. } | StoreError::Key { .. }) {
                    let help = error.help();
                    tracing::error!(run_id = %id, %error, help, "the run cannot be read, and does not go on");
                    self.stuck.add_alone(id);
                } else {
                    self.trouble(&error);
                }
                None
            }
        }
    }

    /// What the run is run with. Compiling is slow, and must not keep other runs back.
    pub(crate) async fn pinned(&self, stored: &StoredRun) -> Result<Arc<Pinned>, Unpinnable> {
        let program = self.program();
        if let Some(known) = program.pinned_already(&stored.digest) {
            return known;
        }
        let (definition, digest) = (Arc::clone(&stored.definition), Arc::clone(&stored.digest));
        let compiled = tokio::task::spawn_blocking(move || program.pinned(&definition, &digest)).await;
        compiled.unwrap_or_else(|_| Err(Unpinnable::Definition(Vec::new())))
    }

    /// The run's turn. A run that waits for it leaves its place to others meanwhile. `None`: it was called off.
    async fn turn(
        &self,
        claim: &Claim,
        pinned: &Pinned,
        stored: &StoredRun,
        place: OwnedSemaphorePermit,
    ) -> Option<Result<(Option<Turn>, OwnedSemaphorePermit), NoTurn>> {
        // The limits are those of the flow as it is today, if it is still there.
        let program = self.program();
        let flow = program.flow(&stored.flow).unwrap_or(&pinned.flow);
        let mut turn = std::pin::pin!(self.options.limits.enter(flow, &stored.input));
        if let Some(turn) = turn.as_mut().now_or_never() {
            return Some(turn.map(|turn| (turn, place)));
        }
        drop(place);
        let called_off = std::pin::pin!(claim.active().raised(Active::CANCEL));
        let turn = match select(turn, called_off).await {
            Either::Left((Ok(turn), _)) => turn,
            Either::Left((Err(refused), _)) => return Some(Err(refused)),
            Either::Right(_) => return None,
        };
        let place = Arc::clone(&self.ready.places).acquire_owned().await.ok()?;
        Some(Ok((turn, place)))
    }

    /// Ends a claimed run that was called off before it went on.
    async fn call_off(&self, claim: &Claim) {
        match self.store.cancel(claim.id()).await {
            Ok(true) => self.tell_cancelled(claim.id()),
            Ok(false) => {}
            Err(error) => self.trouble(&error),
        }
    }
}
