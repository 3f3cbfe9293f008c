//! Ids that the tenant makes up: of users, requests and clients.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::distr::Alphanumeric;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::clock::Millis;
use crate::lock::lock;

/// The source of ids; the same seed gives the same sequence (apart from the time that an id begins with).
#[derive(Debug)]
pub(crate) struct Identifiers {
    random: Mutex<StdRng>,
    requests: AtomicU64,
}

impl Identifiers {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let requests = AtomicU64::new(random.random());
        Self {
            random: Mutex::new(random),
            requests,
        }
    }

    /// 24 lowercase hex digits: four bytes of time, then eight random ones.
    pub(crate) fn user(&self, now: Millis) -> String {
        let random: u64 = lock(&self.random).random();
        format!("{:08x}{random:016x}", now.seconds() & 0xffff_ffff)
    }

    /// Letters and digits, as ids of jobs and tickets have them.
    pub(crate) fn letters(&self, count: usize) -> String {
        let mut random = lock(&self.random);
        (0..count)
            .map(|_| char::from(random.sample(Alphanumeric)))
            .collect()
    }

    /// 16 hex digits for `ot-baggage-auth0-request-id`. Unique, not random: it is made for every answer.
    pub(crate) fn request(&self) -> String {
        format!("{:016x}", self.requests.fetch_add(1, Ordering::Relaxed))
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
