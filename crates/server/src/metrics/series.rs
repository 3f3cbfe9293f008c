//! The series of one owner: few, found without a lock, made when they are first needed.

use std::sync::OnceLock;

/// A list that only grows. Made for a handful of keys that are asked for again and again: an endpoint's statuses.
#[derive(Debug)]
pub(super) struct Series<K, V>(OnceLock<Box<Link<K, V>>>);

#[derive(Debug)]
struct Link<K, V> {
    key: K,
    value: V,
    next: Series<K, V>,
}

impl<K, V> Default for Series<K, V> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<K: Clone + PartialEq, V> Series<K, V> {
    /// What the key has; made if it has nothing yet.
    #[expect(clippy::needless_pass_by_value, reason = "callers make keys for the call")]
    pub(super) fn get(&self, key: K, make: impl Fn() -> V) -> &V {
        let mut at = self;
        loop {
            let link = at.0.get_or_init(|| {
                Box::new(Link {
                    key: key.clone(),
                    value: make(),
                    next: Self::default(),
                })
            });
            if link.key == key {
                return &link.value;
            }
            at = &link.next;
        }
    }

    /// All, in the order in which they were made.
    pub(super) fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        let links = std::iter::successors(self.0.get(), |link| link.next.0.get());
        links.map(|link| (link.key.clone(), &link.value))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn a_key_has_one_series_whoever_comes_first() {
        let series = Series::<u8, AtomicU64>::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for round in 0..4000_u16 {
                        let key = (round % 8) as u8;
                        series
                            .get(key, AtomicU64::default)
                            .fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        let mut found: Vec<_> = series
            .iter()
            .map(|(key, count)| (key, count.load(Ordering::Relaxed)))
            .collect();
        found.sort_unstable();
        assert_eq!(found, (0..8).map(|key| (key, 2000)).collect::<Vec<_>>());
    }
}
