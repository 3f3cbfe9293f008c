//! The runs that go on in this process, and who waits for their answers.
//!
//! A run is *claimed* by whoever is about to run it, so that nobody else does: from before it is in the store, or from
//! before it is read from there, until it has ended, sleeps or is left. Whoever waits for an answer is woken from here;
//! those who come too late for that find it in the store, since an answer is recorded before anyone hears of it. What decides
//! between the two is asked under the same lock under which answers are given.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use lockgate_engine::outcome::{Response, RunOutcome};
use lockgate_store::{RunId, RunJournal};
use tokio::sync::{Notify, watch};

/// What a run answers with: its own answer, or its end if there was none.
#[derive(Clone, Debug, PartialEq)]
pub enum RunAnswer {
    /// `respond` or `redirect`.
    Responded(Response),
    /// It ended without: its answer is [`RunOutcome::into_answer`].
    Ended(Box<RunOutcome>),
}

/// Runs are spread over so many locks.
const SHARDS: usize = 16;

/// The runs that are claimed or waited for.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    shards: [Mutex<HashMap<RunId, Entry>>; SHARDS],
    claimed: AtomicUsize,
    none_left: Notify,
    closed: AtomicBool,
}

#[derive(Debug, Default)]
struct Entry {
    active: Option<Arc<Active>>,
    waiters: Option<watch::Sender<Option<Arc<RunAnswer>>>>,
    /// The run has answered: the answer is in the store, and nobody else will be told.
    answered: bool,
    /// It is known that there is no answer in the store: whoever runs it has made sure; or nobody does, and one of the
    /// waiters has looked. A claim alone says nothing: the run may have answered in an earlier life, or have ended.
    unanswered: bool,
}

impl Entry {
    fn is_unused(&self) -> bool {
        self.active.is_none() && self.waiters.is_none()
    }

    fn tell(&mut self, answer: impl FnOnce() -> RunAnswer) {
        self.answered = true;
        if let Some(waiters) = &self.waiters
            && waiters.borrow().is_none()
        {
            waiters.send_replace(Some(Arc::new(answer())));
        }
    }
}

impl Registry {
    fn shard(&self, id: RunId) -> MutexGuard<'_, HashMap<RunId, Entry>> {
        // The last bytes of an id are random (RFC 9562, section 5.7).
        let shard = usize::from(id.as_bytes()[15]) % SHARDS;
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Claims a run; `None` where it is claimed already.
    pub(crate) fn claim(self: &Arc<Self>, id: RunId) -> Option<Claim> {
        let mut shard = self.shard(id);
        let entry = shard.entry(id).or_default();
        if entry.active.is_some() {
            return None;
        }
        let active = Arc::new(Active::new(id));
        entry.active = Some(Arc::clone(&active));
        entry.answered = false;
        entry.unanswered = false;
        drop(shard);
        self.claimed.fetch_add(1, Ordering::SeqCst);
        Some(Claim {
            registry: Arc::clone(self),
            active,
        })
    }

    /// The run, if it is claimed.
    pub(crate) fn active(&self, id: RunId) -> Option<Arc<Active>> {
        self.shard(id).get(&id)?.active.clone()
    }

    /// How many runs are claimed.
    pub(crate) fn claimed(&self) -> usize {
        self.claimed.load(Ordering::SeqCst)
    }

    /// All that are claimed.
    pub(crate) fn all_active(&self) -> Vec<Arc<Active>> {
        let mut all = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            all.extend(shard.values().filter_map(|entry| entry.active.clone()));
        }
        all
    }

    /// Completes when no run is claimed.
    pub(crate) async fn idle(&self) {
        loop {
            let changed = self.none_left.notified();
            if self.claimed() == 0 {
                return;
            }
            changed.await;
        }
    }

    /// Tells whoever waits. The answer has been recorded.
    pub(crate) fn answered(&self, id: RunId, answer: impl FnOnce() -> RunAnswer) {
        if let Some(entry) = self.shard(id).get_mut(&id) {
            entry.tell(answer);
        }
    }

    /// Whether someone waits for the run's answer.
    pub(crate) fn is_waited_for(&self, id: RunId) -> bool {
        self.shard(id)
            .get(&id)
            .is_some_and(|entry| !entry.answered && entry.waiters.is_some())
    }

    /// Whether it is known that the run has not answered yet.
    pub(crate) fn is_unanswered(&self, id: RunId) -> bool {
        let shard = self.shard(id);
        shard
            .get(&id)
            .is_some_and(|entry| entry.unanswered && !entry.answered)
    }

    /// Waits for a run's answer from here on; `None` when nobody will be told any more.
    pub(crate) fn wait(self: &Arc<Self>, id: RunId) -> Option<Waiter> {
        let mut shard = self.shard(id);
        // Asked under the lock: closing takes it, too.
        if self.closed.load(Ordering::SeqCst) {
            return None;
        }
        let entry = shard.entry(id).or_default();
        let is_sure = entry.unanswered && !entry.answered;
        let waiters = entry.waiters.get_or_insert_with(|| watch::channel(None).0);
        let receiver = waiters.subscribe();
        drop(shard);
        Some(Waiter {
            registry: Arc::clone(self),
            id,
            is_sure,
            receiver: Some(receiver),
        })
    }

    /// Nobody will be told anything any more.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.retain(|_, entry| {
                entry.waiters = None;
                !entry.is_unused()
            });
        }
    }
}

/// Someone who waits for a run's answer. Dropping it is leaving.
#[derive(Debug)]
pub(crate) struct Waiter {
    registry: Arc<Registry>,
    id: RunId,
    is_sure: bool,
    receiver: Option<watch::Receiver<Option<Arc<RunAnswer>>>>,
}

impl Waiter {
    /// Whether the answer cannot be in the store already.
    pub(crate) fn is_sure(&self) -> bool {
        self.is_sure
    }

    /// There was no answer in the store: those who come later need not look, as long as someone waits.
    pub(crate) fn saw_no_answer(&self) {
        if let Some(entry) = self.registry.shard(self.id).get_mut(&self.id)
            && entry.active.is_none()
            && !entry.answered
        {
            entry.unanswered = true;
        }
    }

    /// The answer; `None` when the registry is closed.
    pub(crate) async fn answer(mut self) -> Option<Arc<RunAnswer>> {
        let receiver = self.receiver.as_mut()?;
        receiver.wait_for(Option::is_some).await.ok()?.clone()
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut shard = self.registry.shard(self.id);
        // Inside the lock, so that the last one sees that it is the last.
        self.receiver = None;
        if let Some(entry) = shard.get_mut(&self.id) {
            if entry
                .waiters
                .as_ref()
                .is_some_and(|waiters| waiters.receiver_count() == 0)
            {
                entry.waiters = None;
                // What was seen counts as long as someone would be told of an answer; a run that goes on tells all.
                if entry.active.is_none() {
                    entry.unanswered = false;
                }
            }
            if entry.is_unused() {
                shard.remove(&self.id);
            }
        }
    }
}

/// The right to run a run; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    registry: Arc<Registry>,
    active: Arc<Active>,
}

impl Claim {
    pub(crate) fn active(&self) -> &Arc<Active> {
        &self.active
    }

    pub(crate) fn id(&self) -> RunId {
        self.active.id
    }

    /// There is no answer in the store: whoever waits from here on is told.
    pub(crate) fn is_unanswered(&self) {
        let id = self.active.id;
        if let Some(entry) = self.registry.shard(id).get_mut(&id) {
            entry.unanswered = true;
        }
    }

    /// The right to run it once more, in another life. Nobody else gets it in between.
    pub(crate) fn renewed(mut self) -> Self {
        let next = Arc::new(Active::new(self.active.id));
        if let Some(entry) = self.registry.shard(next.id).get_mut(&next.id) {
            entry.active = Some(Arc::clone(&next));
            entry.answered = false;
            entry.unanswered = false;
        }
        // Whoever calls it off learns from the next life that this one is over.
        self.active.raise(Active::RELEASED);
        self.active = next;
        self
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let id = self.active.id;
        let mut shard = self.registry.shard(id);
        if let Some(entry) = shard.get_mut(&id) {
            entry.active = None;
            entry.unanswered = false;
            if entry.is_unused() {
                shard.remove(&id);
            }
        }
        drop(shard);
        self.active.raise(Active::RELEASED);
        if self.registry.claimed.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.registry.none_left.notify_waiters();
        }
    }
}

/// A claimed run, as others see it: what they want of it.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) id: RunId,
    journal: OnceLock<Arc<RunJournal>>,
    flags: AtomicU8,
    raised: Notify,
}

impl Active {
    /// It is to stop between two steps.
    const STOP: u8 = 1;
    /// It is called off.
    pub(crate) const CANCEL: u8 = 1 << 1;
    /// It is to be dropped where it stands.
    pub(crate) const CUT_OFF: u8 = 1 << 2;
    /// It has a caller who waits for its answer.
    pub(crate) const CALLER: u8 = 1 << 3;
    /// It has answered.
    pub(crate) const ANSWERED: u8 = 1 << 4;
    /// Nobody runs it any more.
    pub(crate) const RELEASED: u8 = 1 << 5;

    fn new(id: RunId) -> Self {
        Self {
            id,
            journal: OnceLock::new(),
            flags: AtomicU8::new(0),
            raised: Notify::new(),
        }
    }

    pub(crate) fn is(&self, flag: u8) -> bool {
        self.flags.load(Ordering::SeqCst) & flag != 0
    }

    /// Notes something without telling anyone.
    pub(crate) fn note(&self, flag: u8) {
        self.flags.fetch_or(flag, Ordering::SeqCst);
    }

    /// Notes something that someone may wait for.
    pub(crate) fn raise(&self, flag: u8) {
        self.note(flag);
        self.raised.notify_waiters();
    }

    /// Completes when this has been raised.
    pub(crate) async fn raised(&self, flag: u8) {
        loop {
            let changed = self.raised.notified();
            if self.is(flag) {
                return;
            }
            changed.await;
        }
    }

    /// Has it stop between two steps.
    pub(crate) fn stop(&self) {
        self.note(Self::STOP);
        if let Some(journal) = self.journal.get() {
            journal.stop();
        }
    }

    /// Tells what stops it, once.
    pub(crate) fn set_journal(&self, journal: &Arc<RunJournal>) {
        let journal = self.journal.get_or_init(|| Arc::clone(journal));
        if self.is(Self::STOP) {
            journal.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn answer(status: u16) -> RunAnswer {
        RunAnswer::Responded(Response::new(status, None))
    }

    fn given(waiter: Waiter) -> Option<RunAnswer> {
        waiter
            .answer()
            .now_or_never()
            .map(|answer| Arc::unwrap_or_clone(answer.unwrap()))
    }

    #[test]
    fn a_run_is_claimed_once() {
        let registry = Arc::new(Registry::default());
        let id = RunId::new();
        let claim = registry.claim(id).unwrap();
        assert!(registry.claim(id).is_none());
        assert_eq!(registry.claimed(), 1);
        let first = Arc::clone(claim.active());
        first.note(Active::CALLER);
        // Another life: nobody gets in between, and nothing of the one before is left.
        let claim = claim.renewed();
        assert!(registry.claim(id).is_none());
        assert!(first.is(Active::RELEASED) && !claim.active().is(Active::CALLER));
        drop(claim);
        assert_eq!(registry.claimed(), 0);
        assert!(
            registry
                .shards
                .iter()
                .all(|shard| shard.lock().unwrap().is_empty())
        );
        assert!(registry.claim(id).is_some());
    }

    #[test]
    fn an_answer_reaches_who_waits_and_others_look_in_the_store() {
        let registry = Arc::new(Registry::default());
        let id = RunId::new();
        // Nobody runs it: it may have answered in an earlier life.
        let before = registry.wait(id).unwrap();
        assert!(!before.is_sure());
        before.saw_no_answer();
        let second = registry.wait(id).unwrap();
        assert!(second.is_sure(), "the first one looked for all");
        let claim = registry.claim(id).unwrap();
        assert!(
            !registry.wait(id).unwrap().is_sure(),
            "whoever claims it may find that it has ended"
        );
        claim.is_unanswered();
        let during = registry.wait(id).unwrap();
        assert!(during.is_sure());
        assert!(registry.is_waited_for(id));
        registry.answered(id, || answer(201));
        assert!(!registry.is_waited_for(id));
        let late = registry.wait(id).unwrap();
        assert!(!late.is_sure(), "the answer may be nowhere but in the store");
        // Its end is no second answer.
        registry.answered(id, || answer(500));
        drop(claim);
        for waiter in [before, second, during, late] {
            assert_eq!(given(waiter), Some(answer(201)));
        }
        assert!(
            registry
                .shards
                .iter()
                .all(|shard| shard.lock().unwrap().is_empty())
        );
        let after = registry.wait(id).unwrap();
        assert!(!after.is_sure());
        assert_eq!(given(after), None);
    }

    #[test]
    fn what_was_seen_in_the_store_counts_only_while_someone_waits() {
        let registry = Arc::new(Registry::default());
        let id = RunId::new();
        let first = registry.wait(id).unwrap();
        first.saw_no_answer();
        drop(first);
        // It may have answered since, and nobody was told.
        assert!(!registry.wait(id).unwrap().is_sure());
        let first = registry.wait(id).unwrap();
        let claim = registry.claim(id).unwrap();
        registry.answered(id, || answer(200));
        drop(claim);
        first.saw_no_answer();
        assert!(
            !registry.wait(id).unwrap().is_sure(),
            "what was seen was seen before the answer"
        );
    }

    #[test]
    fn nobody_waits_after_the_end() {
        let registry = Arc::new(Registry::default());
        let id = RunId::new();
        let waiter = registry.wait(id).unwrap();
        registry.close();
        assert_eq!(waiter.answer().now_or_never(), Some(None));
        assert!(registry.wait(id).is_none());
    }

    #[tokio::test]
    async fn idle_is_when_nothing_is_claimed() {
        let registry = Arc::new(Registry::default());
        let claims: Vec<_> = (0..3).map(|_| registry.claim(RunId::new()).unwrap()).collect();
        let mut idle = std::pin::pin!(registry.idle());
        for claim in claims {
            assert!(idle.as_mut().now_or_never().is_none());
            drop(claim);
        }
        idle.await;
    }
}
