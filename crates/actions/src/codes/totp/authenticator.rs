//! What is kept of a reference whose authenticator is verified, and the rules. No I/O, no keys.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::change::Change;
use super::super::guesses::{Guesses, WINDOW, after};
use super::super::hashes::Hash;

/// What is kept of a reference.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Authenticator {
    used: Option<Used>,
    wrong: Guesses,
}

/// The last code that was taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Used {
    /// Of the secret: another one begins anew.
    secret: Hash,
    /// Its time step. No earlier one is taken any more, either.
    step: u64,
    drift: i64,
    /// Of the step that has had it right.
    mark: Hash,
    /// When the code is too old for any window.
    until: Timestamp,
}

/// A guess.
#[derive(Clone, Debug)]
pub(super) struct Guess {
    pub(super) secret: Hash,
    /// Of the step, and of what it guesses.
    pub(super) mark: Hash,
    /// The time steps whose code it is, the nearest first.
    pub(super) fits: Vec<Fit>,
    /// How many wrong guesses are borne.
    pub(super) attempts: u32,
    /// From the beginning of a code's time step to when it is too old for any window.
    pub(super) life: SignedDuration,
}

/// A time step whose code it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fit {
    pub(super) step: u64,
    /// How many steps the app is ahead.
    pub(super) drift: i64,
    pub(super) begins: Timestamp,
}

/// What became of a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Valid { drift: i64 },
    Unequal,
    Replayed,
    TooManyAttempts,
}

impl Authenticator {
    /// Judges a guess, with how many more are borne. What a step has been told once, it is told again.
    pub(super) fn judge(mut self, guess: &Guess, now: Timestamp) -> Change<Self, (Verdict, u32)> {
        self.wrong.forget(now);
        let mark = guess.mark.as_str();
        let left = self.wrong.left(guess.attempts);
        let used = self.used.as_ref();
        if let Some(used) = used
            && used.mark.is(&guess.mark)
        {
            return Change::Keep((Verdict::Valid { drift: used.drift }, left));
        }
        if self.wrong.knows(mark) {
            return Change::Keep((Verdict::Unequal, left));
        }
        if left == 0 {
            return Change::Keep((Verdict::TooManyAttempts, left));
        }
        let last = used
            .filter(|used| used.secret.is(&guess.secret))
            .map(|used| used.step);
        let is_new = |fit: &&Fit| last.is_none_or(|last| fit.step > last);
        if let Some(fit) = guess.fits.iter().find(is_new) {
            self.used = Some(Used {
                secret: guess.secret.clone(),
                step: fit.step,
                drift: fit.drift,
                mark: guess.mark.clone(),
                until: after(fit.begins, guess.life),
            });
            self.wrong.clear();
            let left = self.wrong.left(guess.attempts);
            return self.write(now, (Verdict::Valid { drift: fit.drift }, left));
        }
        if !guess.fits.is_empty() {
            return Change::Keep((Verdict::Replayed, left));
        }
        self.wrong.count(mark, after(now, WINDOW));
        let left = self.wrong.left(guess.attempts);
        self.write(now, (Verdict::Unequal, left))
    }

    fn write<T>(self, now: Timestamp, answer: T) -> Change<Self, T> {
        let used = self.used.as_ref().map(|used| used.until);
        let until = used.into_iter().chain(self.wrong.until()).max();
        Change::Write {
            until: until.unwrap_or(now),
            entry: self,
            answer,
        }
    }
}
