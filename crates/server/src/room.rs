//! Memory for bodies that are being read: many callers who send slowly must not take all of it. A body that has been
//! read belongs to its run, whose number is limited.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The bytes that bodies may hold together while they are read.
#[derive(Debug)]
pub(crate) struct Room {
    taken: AtomicUsize,
    most: usize,
}

/// What one body has taken of it; given back when it is dropped.
pub(crate) struct Share<'a> {
    room: &'a Room,
    taken: usize,
}

impl Room {
    pub(crate) const fn new(most: usize) -> Self {
        Self {
            taken: AtomicUsize::new(0),
            most,
        }
    }

    /// For one body, which has nothing yet.
    pub(crate) const fn share(&self) -> Share<'_> {
        Share { room: self, taken: 0 }
    }
}

impl Share<'_> {
    /// Takes more, if that much is left.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let before = self.room.taken.fetch_add(bytes, Ordering::Relaxed);
        self.taken += bytes;
        before.saturating_add(bytes) <= self.room.most
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.room.taken.fetch_sub(self.taken, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_given_back() {
        let room = Room::new(10);
        let (mut first, mut second) = (room.share(), room.share());
        assert!(first.grow(4) && first.grow(2) && second.grow(4));
        assert!(!second.grow(1));
        drop(second);
        assert!(first.grow(4));
        drop(first);
        assert_eq!(room.taken.load(Ordering::Relaxed), 0);
    }
}
