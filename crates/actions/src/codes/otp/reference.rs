//! What is kept of a reference, and the rules: how a code comes about, how a guess is judged. No I/O, no keys.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::super::change::Change;
use super::super::guesses::{ATTEMPTS, Guesses, WINDOW, after, one_less};
use super::super::hashes::Hash;

/// For so long it is known that there was a code.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(1);

/// What is kept of a reference.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Reference {
    code: Option<Code>,
    /// Wrong guesses. Those at earlier codes count as well: a new code brings no new guesses.
    wrong: Guesses,
    /// Guesses where there was no code. They matter only in that they are written, so that they take as long as wrong ones.
    vain: Guesses,
    /// Until when each code that was given counts.
    given: Vec<Timestamp>,
}

/// A code that was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Code {
    hash: Hash,
    /// Of the step that gave it.
    mark: Hash,
    expires_at: Timestamp,
    /// How many wrong guesses are borne.
    attempts: u32,
    /// How long each of them counts: at least as long as the code lives.
    window: SignedDuration,
    /// So many characters.
    length: usize,
    /// Of the step that has had it right.
    used: Option<Hash>,
}

/// A code that is to be given.
#[derive(Clone, Debug)]
pub(super) struct NewCode {
    pub(super) hash: Hash,
    pub(super) mark: Hash,
    pub(super) length: usize,
    pub(super) validity: SignedDuration,
    pub(super) attempts: u32,
    /// How many a reference gets in [`WINDOW`].
    pub(super) codes: u32,
}

/// Why a reference gets no code now, and when it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    TooManyCodes(Timestamp),
    TooManyAttempts(Timestamp),
}

/// What became of a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Valid,
    /// It is another one; so many more guesses are borne.
    Unequal(u32),
    Expired,
    Missing,
    TooManyAttempts,
}

/// A guess.
#[derive(Clone, Debug)]
pub(super) struct Guess {
    pub(super) hash: Hash,
    /// Of the step, and of what it guesses.
    pub(super) mark: Hash,
}

impl Reference {
    /// The length of the code, as far as numbers need it.
    pub(super) fn length(&self) -> usize {
        const USUAL: usize = 6;
        self.code.as_ref().map_or(USUAL, |code| code.length)
    }

    /// Gives it a code; the one before does not count any more. Until when the code is good.
    ///
    /// The same step gets the code that it has got, as long as it can be used or has been.
    pub(super) fn give(mut self, new: &NewCode, now: Timestamp) -> Result<Change<Self, Timestamp>, Refused> {
        self.forget(now);
        if let Some(code) = &self.code
            && code.mark.is(&new.mark)
            && (code.used.is_some() || code.expires_at > now)
        {
            return Ok(Change::Keep(code.expires_at));
        }
        if let Some(again) = one_less(self.given.iter().copied(), new.codes) {
            return Err(Refused::TooManyCodes(again));
        }
        if let Some(again) = self.wrong.one_less(new.attempts) {
            return Err(Refused::TooManyAttempts(again));
        }
        let expires_at = after(now, new.validity);
        self.code = Some(Code {
            hash: new.hash.clone(),
            mark: new.mark.clone(),
            expires_at,
            attempts: new.attempts,
            window: new.validity.max(WINDOW),
            length: new.length,
            used: None,
        });
        self.given.push(after(now, WINDOW));
        self.vain.clear();
        Ok(self.write(now, expires_at))
    }

    /// Judges a guess. What a step has been told once, it is told again.
    pub(super) fn judge(mut self, guess: &Guess, now: Timestamp) -> Change<Self, Verdict> {
        self.forget(now);
        let mark = guess.mark.as_str();
        let Some(code) = &mut self.code else {
            return self.in_vain(mark, now, ATTEMPTS, Verdict::Missing);
        };
        let is_equal = code.hash.is(&guess.hash);
        let (attempts, until) = (code.attempts, after(now, code.window));
        match &code.used {
            Some(used) if used.is(&guess.mark) => return Change::Keep(Verdict::Valid),
            Some(_) => return self.in_vain(mark, now, attempts, Verdict::Missing),
            None => {}
        }
        if self.wrong.knows(mark) {
            return Change::Keep(Verdict::Unequal(self.wrong.left(attempts)));
        }
        if code.expires_at <= now {
            return self.in_vain(mark, now, attempts, Verdict::Expired);
        }
        if self.wrong.left(attempts) == 0 {
            return Change::Keep(Verdict::TooManyAttempts);
        }
        if is_equal {
            code.used = Some(guess.mark.clone());
            self.wrong.clear();
            self.write(now, Verdict::Valid)
        } else {
            self.wrong.count(mark, until);
            let left = self.wrong.left(attempts);
            self.write(now, Verdict::Unequal(left))
        }
    }

    /// A guess where there is nothing to guess. It is written as a wrong one is, and not written any more after as many.
    fn in_vain(
        mut self,
        mark: &str,
        now: Timestamp,
        attempts: u32,
        verdict: Verdict,
    ) -> Change<Self, Verdict> {
        if self.vain.knows(mark) || self.vain.left(attempts) == 0 {
            return Change::Keep(verdict);
        }
        self.vain.count(mark, after(now, WINDOW));
        self.write(now, verdict)
    }

    fn forget(&mut self, now: Timestamp) {
        self.wrong.forget(now);
        self.vain.forget(now);
        self.given.retain(|until| *until > now);
    }

    fn write<T>(self, now: Timestamp, answer: T) -> Change<Self, T> {
        let known = self.code.as_ref().map(|code| after(code.expires_at, REMEMBERED));
        let times = [
            known,
            self.wrong.until(),
            self.vain.until(),
            self.given.iter().copied().max(),
        ];
        Change::Write {
            until: times.into_iter().flatten().max().unwrap_or(now),
            entry: self,
            answer,
        }
    }
}
