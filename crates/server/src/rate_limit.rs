//! How often one caller may call: `rate_limit` of a trigger.
//!
//! The generic cell rate algorithm (ITU-T I.371): `20/min` is a bucket of 20 calls that fills by one every three seconds.
//! Of each caller it keeps one number, the time at which the bucket is full again, and of those whose bucket is full
//! nothing. Written here because what the number of callers may cost is to be bounded: whoever has many addresses, or
//! makes many values up, must neither fill the memory nor, by that, get others' counts forgotten who have called more.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, Hash, Hasher, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use lockgate_engine::clock::Clock;
use lockgate_flow::syntax::{RateKey, RateLimit};
use serde_json::Value;

/// How many callers are counted at once: about 2 MB.
const MOST_CALLERS: usize = 100_000;

/// Of so many, one is forgotten when there is no room: those who have called the least of late.
const FORGOTTEN: usize = 8;

/// The counts of one endpoint. Survives reloads as long as the limit is the same.
pub(crate) struct RateLimiter {
    limit: RateLimit,
    /// That of the executor that it was made with. A later executor's may begin at another moment.
    clock: Arc<dyn Clock>,
    /// In which time one call comes back, in nanoseconds.
    each: u64,
    /// In which time all of them do.
    whole: u64,
    /// By the hash of what is counted by, under a key that is this process's own: no address and no value is kept.
    hasher: RandomState,
    full_at: Mutex<HashMap<u64, u64>>,
    most: usize,
}

/// How a caller stands after a call was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Seconds until the whole limit is there again.
    pub(crate) reset: u64,
    /// Seconds until one more call fits, if this one was refused.
    pub(crate) retry_after: Option<u64>,
}

impl RateLimiter {
    pub(crate) fn new(limit: RateLimit, clock: Arc<dyn Clock>) -> Self {
        Self::with_room(limit, clock, MOST_CALLERS)
    }

    fn with_room(limit: RateLimit, clock: Arc<dyn Clock>, most: usize) -> Self {
        let each = (nanoseconds(limit.per) / u64::from(limit.count)).max(1);
        Self {
            clock,
            each,
            whole: each * u64::from(limit.count),
            limit,
            hasher: RandomState::new(),
            full_at: Mutex::default(),
            most,
        }
    }

    pub(crate) fn limit(&self) -> &RateLimit {
        &self.limit
    }

    pub(crate) fn by(&self) -> &RateKey {
        &self.limit.by
    }

    /// Counts a call from an address. Of IPv6 the first 64 bits count: that much is one customer's at the least (RFC 6177),
    /// who can call from each of its addresses.
    pub(crate) fn count_address(&self, address: IpAddr) -> Standing {
        let caller = match address.to_canonical() {
            IpAddr::V4(address) => self.hasher.hash_one(address),
            IpAddr::V6(address) => self.hasher.hash_one(address.to_bits() >> 64),
        };
        self.count(caller)
    }

    /// Counts a call with this value of the field. Values are the same if `eq` says so in an expression.
    pub(crate) fn count_value(&self, value: &Value) -> Standing {
        let mut hasher = self.hasher.build_hasher();
        hash(value, &mut hasher);
        self.count(hasher.finish())
    }

    fn count(&self, caller: u64) -> Standing {
        let now = nanoseconds(self.clock.elapsed());
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let known = full_at.get(&caller).copied();
        // How long the bucket takes to be full again, with this call.
        let empty = known.unwrap_or(0).saturating_sub(now) + self.each;
        if empty > self.whole {
            return self.standing(empty - self.each, Some(empty - self.whole));
        }
        if known.is_none() && full_at.len() >= self.most {
            make_room(&mut full_at, now, self.most);
        }
        full_at.insert(caller, now + empty);
        self.standing(empty, None)
    }

    fn standing(&self, empty: u64, wait: Option<u64>) -> Standing {
        Standing {
            limit: self.limit.count,
            remaining: u32::try_from(self.whole.saturating_sub(empty) / self.each).unwrap_or(u32::MAX),
            reset: whole_seconds(empty),
            retry_after: wait.map(|wait| whole_seconds(wait).max(1)),
        }
    }
}

/// Forgets the callers whose bucket is full; if that is not enough, those whose bucket is full the soonest, who lose the
/// least by it and have the least to gain.
fn make_room(full_at: &mut HashMap<u64, u64>, now: u64, most: usize) {
    full_at.retain(|_, at| *at > now);
    let wanted = most - (most / FORGOTTEN).max(1);
    let Some(surplus) = full_at.len().checked_sub(wanted).filter(|surplus| *surplus > 0) else {
        return;
    };
    let mut times: Vec<u64> = full_at.values().copied().collect();
    let (_, last, _) = times.select_nth_unstable(surplus - 1);
    let last = *last;
    let mut left = surplus;
    full_at.retain(|_, at| {
        let is_kept = *at > last || left == 0;
        left -= usize::from(!is_kept);
        is_kept
    });
}

/// Hashes what `eq` compares: numbers by their value, objects without the order of their fields.
fn hash(value: &Value, state: &mut impl Hasher) {
    std::mem::discriminant(value).hash(state);
    match value {
        Value::Null => {}
        Value::Bool(value) => value.hash(state),
        Value::String(text) => text.hash(state),
        // What has no exact double is an integer beyond 2^53: then two that are near each other count together.
        Value::Number(number) => (number.as_f64().unwrap_or_default() + 0.0).to_bits().hash(state),
        Value::Array(items) => {
            items.len().hash(state);
            for item in items {
                hash(item, state);
            }
        }
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            fields.len().hash(state);
            for (name, value) in fields {
                name.hash(state);
                hash(value, state);
            }
        }
    }
}

/// 584 years are enough.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 2)
}

/// Rounded up: who waits so long has waited long enough.
fn whole_seconds(nanoseconds: u64) -> u64 {
    nanoseconds.div_ceil(1_000_000_000)
}

impl Standing {
    /// `RateLimit-Limit`, `RateLimit-Remaining`, `RateLimit-Reset` (draft-ietf-httpapi-ratelimit-headers up to version 6:
    /// three headers, which is what clients read).
    pub(crate) fn write(&self, answer: &mut HeaderMap) {
        const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
        const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
        const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
        answer.insert(LIMIT, HeaderValue::from(self.limit));
        answer.insert(REMAINING, HeaderValue::from(self.remaining));
        answer.insert(RESET, HeaderValue::from(self.reset));
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "rate_limit_tests.rs"]
mod tests;
