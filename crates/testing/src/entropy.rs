//! Randomness that is the same in every run of a case.
//!
//! The engine takes a plain function for its randomness. A case is run by one thread from its beginning to its end, so
//! its stream belongs to the thread.

use std::cell::RefCell;

use sha2::{Digest, Sha256};

thread_local! {
    static STREAM: RefCell<Stream> = const { RefCell::new(Stream::new()) };
}

/// SHA-256 over a counter: the same on every machine and with every version of every library.
struct Stream {
    counter: u64,
    left: Vec<u8>,
}

impl Stream {
    const fn new() -> Self {
        Self {
            counter: 0,
            left: Vec::new(),
        }
    }

    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            if self.left.is_empty() {
                let block = Sha256::digest(self.counter.to_le_bytes());
                self.counter += 1;
                self.left.extend_from_slice(&block);
            }
            *byte = self.left.pop().unwrap_or_default();
        }
    }
}

/// Begins the stream anew, for the next case of this thread.
pub(crate) fn begin() {
    STREAM.with_borrow_mut(|stream| *stream = Stream::new());
}

/// Fills a buffer with what comes next.
pub(crate) fn fill(buffer: &mut [u8]) {
    STREAM.with_borrow_mut(|stream| stream.fill(buffer));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_is_the_same_after_every_beginning() {
        let bytes = || {
            begin();
            let (mut first, mut second) = ([0; 40], [0; 5]);
            fill(&mut first);
            fill(&mut second);
            (first, second)
        };
        let (first, second) = bytes();
        assert_eq!(bytes(), (first, second));
        assert_ne!(first[..5], second);
    }
}
