//! Wrong guesses, each of which counts for a while.
//!
//! Each has the mark of the step that made it, so that a step that is done again after a crash does not count twice.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a wrong guess counts, and a code that was sent, at the least.
pub(super) const WINDOW: SignedDuration = SignedDuration::from_mins(10);

/// How many wrong guesses a reference bears, if nothing else is said.
pub(super) const ATTEMPTS: u32 = 5;

/// The wrong guesses that count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Guesses(Vec<Guess>);

/// A wrong guess.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Guess {
    mark: String,
    until: Timestamp,
}

impl Guesses {
    /// Those whose time is over do not count any more.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.0.retain(|guess| guess.until > now);
    }

    /// None counts any more.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// How many more are borne.
    pub(super) fn left(&self, attempts: u32) -> u32 {
        attempts.saturating_sub(u32::try_from(self.0.len()).unwrap_or(u32::MAX))
    }

    /// Whether this guess has been counted.
    pub(super) fn knows(&self, mark: &str) -> bool {
        self.0.iter().any(|guess| guess.mark == mark)
    }

    /// Counts a guess.
    pub(super) fn count(&mut self, mark: &str, until: Timestamp) {
        self.0.push(Guess {
            mark: mark.to_owned(),
            until,
        });
    }

    /// When the last of them does not count any more.
    pub(super) fn until(&self) -> Option<Timestamp> {
        self.0.iter().map(|guess| guess.until).max()
    }

    /// When one more is borne again, if there are so many.
    pub(super) fn one_less(&self, attempts: u32) -> Option<Timestamp> {
        one_less(self.0.iter().map(|guess| guess.until), attempts)
    }
}

/// When fewer than `most` of these times are still to come.
pub(super) fn one_less(times: impl Iterator<Item = Timestamp>, most: u32) -> Option<Timestamp> {
    let mut times: Vec<_> = times.collect();
    times.sort_unstable();
    let over = times
        .len()
        .checked_sub(usize::try_from(most).unwrap_or(usize::MAX))?;
    times.get(over).copied()
}

/// A time so much later, or the end of times.
pub(super) fn after(now: Timestamp, duration: SignedDuration) -> Timestamp {
    now.checked_add(duration).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_counts_for_its_time() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut guesses = Guesses::default();
        assert_eq!(
            (guesses.left(2), guesses.until(), guesses.one_less(2)),
            (2, None, None)
        );
        guesses.count("a", at(20));
        guesses.count("b", at(10));
        guesses.forget(at(9));
        assert_eq!((guesses.left(2), guesses.left(3), guesses.left(1)), (0, 1, 0));
        assert!(guesses.knows("a") && guesses.knows("b") && !guesses.knows("c"));
        assert_eq!(guesses.until(), Some(at(20)));
        assert_eq!(guesses.one_less(2), Some(at(10)));
        assert_eq!(guesses.one_less(1), Some(at(20)));
        assert_eq!(guesses.one_less(3), None);
        guesses.forget(at(10));
        assert_eq!((guesses.left(2), guesses.knows("b")), (1, false));
        guesses.clear();
        assert_eq!(guesses, Guesses::default());
    }
}
