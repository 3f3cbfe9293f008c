//! Whose turn it is: the waiting line of one flow. Pure: no lock, no future, no clock.
//!
//! What holds after each operation: as long as somebody waits who could have a turn, no turn is free. So whoever comes
//! and finds a free turn takes it, and overtakes nobody.

use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::sync::Arc;

use lockgate_flow::graph::Concurrency;

/// What tells runs apart; `None` where the flow has no `concurrency.key`.
pub(super) type Key = Option<Arc<str>>;

/// A place in the line. Lower ones came earlier.
pub(super) type Place = u64;

/// The numbers of `concurrency`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    /// How many at once of each key.
    pub(super) limit: usize,
    /// How many at once of all keys together.
    pub(super) total: usize,
    /// How many may wait, of all keys together.
    pub(super) queue: usize,
}

impl From<&Concurrency> for Numbers {
    fn from(concurrency: &Concurrency) -> Self {
        let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            // The checker asks for one at least; with none, whoever waits would wait for ever.
            limit: number(concurrency.limit).max(1),
            total: concurrency.total.map_or(usize::MAX, number).max(1),
            queue: number(concurrency.queue),
        }
    }
}

/// What whoever comes gets.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// A turn, at once.
    Turn,
    /// This place in the line.
    Waits(Place),
    /// Nothing: as many wait as may.
    Full {
        /// How many.
        waiting: usize,
    },
}

/// The line of one flow. `W` is how one that waits is told.
#[derive(Debug)]
pub(super) struct Line<W> {
    numbers: Numbers,
    keys: HashMap<Key, KeyLine<W>>,
    /// The keys with somebody who waits only for `total`, in the order in which they are next. Empty while a turn is
    /// free, but for the time within an operation.
    rota: BTreeMap<Place, Key>,
    running: usize,
    waiting: usize,
    last_place: Place,
}

/// Those of one key.
#[derive(Debug)]
struct KeyLine<W> {
    running: usize,
    /// A map, since one that waits may leave from the middle.
    waiting: BTreeMap<Place, W>,
    /// Its entry in the rota.
    next: Option<Place>,
}

impl<W> Line<W> {
    pub(super) fn new(numbers: Numbers) -> Self {
        Self {
            numbers,
            keys: HashMap::new(),
            rota: BTreeMap::new(),
            running: 0,
            waiting: 0,
            last_place: 0,
        }
    }

    pub(super) fn running(&self) -> usize {
        self.running
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many keys something is known of.
    #[cfg(test)]
    pub(super) fn keys(&self) -> (usize, usize) {
        (self.keys.len(), self.keys.capacity())
    }

    /// Other numbers from here on. Who has a turn keeps it, and who waits goes on waiting, whatever the numbers are now;
    /// there may be free turns for [`Self::next`].
    pub(super) fn set(&mut self, numbers: Numbers) {
        if mem::replace(&mut self.numbers, numbers).limit == numbers.limit {
            return;
        }
        let mut keys: Vec<(Place, Key)> = self
            .keys
            .iter()
            .filter_map(|(key, line)| {
                line.waiting
                    .first_key_value()
                    .map(|(place, _)| (*place, key.clone()))
            })
            .collect();
        keys.sort_unstable_by_key(|(place, _)| *place);
        for (_, key) in keys {
            self.enrol(&key);
        }
    }

    /// Somebody comes; `waiter` is asked for only if they have to wait.
    pub(super) fn arrive(&mut self, key: &Key, waiter: impl FnOnce() -> W) -> Arrival {
        let in_key = self.keys.get(key).map_or(0, |line| line.running);
        if in_key < self.numbers.limit && self.running < self.numbers.total {
            self.keys.entry(key.clone()).or_default().running += 1;
            self.running += 1;
            return Arrival::Turn;
        }
        if self.waiting >= self.numbers.queue {
            return Arrival::Full {
                waiting: self.waiting,
            };
        }
        let place = self.place();
        self.waiting += 1;
        let line = self.keys.entry(key.clone()).or_default();
        line.waiting.insert(place, waiter());
        self.enrol(key);
        Arrival::Waits(place)
    }

    /// Somebody gives their turn back. It is free for [`Self::next`].
    pub(super) fn leave(&mut self, key: &Key) {
        let Some(line) = self.keys.get_mut(key) else {
            return;
        };
        line.running = line.running.saturating_sub(1);
        self.running = self.running.saturating_sub(1);
        self.enrol(key);
        self.forget(key);
    }

    /// Somebody waits no longer. Nothing where their turn has come meanwhile.
    pub(super) fn give_up(&mut self, key: &Key, place: Place) {
        let Some(line) = self.keys.get_mut(key) else {
            return;
        };
        if line.waiting.remove(&place).is_none() {
            return;
        }
        self.waiting -= 1;
        if line.waiting.is_empty()
            && let Some(next) = line.next.take()
        {
            self.rota.remove(&next);
        }
        self.forget(key);
    }

    /// Gives a free turn to whoever is next, as long as there are both.
    pub(super) fn next(&mut self) -> Option<(Key, W)> {
        while self.running < self.numbers.total {
            let (_, key) = self.rota.pop_first()?;
            let Some(line) = self.keys.get_mut(&key) else {
                continue;
            };
            line.next = None;
            // Where the limit was lowered meanwhile, the key is not next any more.
            if line.running >= self.numbers.limit {
                continue;
            }
            let Some((_, waiter)) = line.waiting.pop_first() else {
                continue;
            };
            line.running += 1;
            self.running += 1;
            self.waiting -= 1;
            self.enrol(&key);
            return Some((key, waiter));
        }
        None
    }

    /// Puts a key at the end of the rota if somebody of it waits only for `total`, and it is not there yet.
    fn enrol(&mut self, key: &Key) {
        let place = self.last_place + 1;
        if let Some(line) = self.keys.get_mut(key)
            && line.next.is_none()
            && !line.waiting.is_empty()
            && line.running < self.numbers.limit
        {
            line.next = Some(place);
            self.last_place = place;
            self.rota.insert(place, key.clone());
        }
    }

    /// Forgets a key that nobody holds and nobody waits for, and gives memory back when most of it lies idle.
    fn forget(&mut self, key: &Key) {
        const WORTH_IT: usize = 64;
        if self
            .keys
            .get(key)
            .is_some_and(|line| line.running == 0 && line.waiting.is_empty())
        {
            self.keys.remove(key);
            if self.keys.capacity() > WORTH_IT && self.keys.len() < self.keys.capacity() / 4 {
                self.keys.shrink_to(self.keys.len() * 2);
            }
        }
    }

    fn place(&mut self) -> Place {
        self.last_place += 1;
        self.last_place
    }
}

impl<W> Default for KeyLine<W> {
    fn default() -> Self {
        Self {
            running: 0,
            waiting: BTreeMap::new(),
            next: None,
        }
    }
}
