//! Rate limits: a token bucket in front of the Management API, one in front of the token endpoint, and one for
//! any single endpoint. Sizes and headers follow Auth0's "Rate limit policy".

use std::sync::Mutex;
use std::time::Duration;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

use crate::clock::{Clock, Millis};
use crate::lock::lock;
use crate::route::Operation;

/// The size of a token bucket, and how fast it fills up again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimit {
    burst: u32,
    per_second: f64,
}

impl RateLimit {
    /// Lets through `burst` requests at once and `per_second` requests in the long run.
    ///
    /// Auth0's own figures: free 2 and 2/s, enterprise production 50 and 16/s, enterprise other 10 and 2/s.
    pub fn new(burst: u32, per_second: f64) -> Self {
        Self {
            burst,
            per_second: per_second.max(0.0),
        }
    }

    /// So wide that nothing is ever throttled; the headers are sent nevertheless.
    pub(crate) fn wide() -> Self {
        Self::new(1_000_000, 1_000_000.0)
    }
}

/// The limits of a tenant.
#[derive(Debug)]
pub(crate) struct RateLimits {
    management: Mutex<Bucket>,
    token: Mutex<Bucket>,
    endpoints: Vec<(Operation, Mutex<Bucket>)>,
}

impl RateLimits {
    pub(crate) fn new(
        management: RateLimit,
        token: RateLimit,
        endpoints: Vec<(Operation, RateLimit)>,
        clock: &Clock,
    ) -> Self {
        let full = |limit| Mutex::new(Bucket::full(limit, clock.elapsed()));
        Self {
            management: full(management),
            token: full(token),
            endpoints: endpoints
                .into_iter()
                .map(|(name, limit)| (name, full(limit)))
                .collect(),
        }
    }

    /// Takes a token for a request; says where the limit stands, and which one refused, if one did.
    pub(crate) fn take(&self, operation: Operation, now: Duration) -> (Standing, Option<Refusal>) {
        if operation.is_authentication_api() {
            let (standing, taken) = lock(&self.token).take(now);
            return (standing, (!taken).then_some(Refusal::Global));
        }
        let (global, taken) = lock(&self.management).take(now);
        if !taken {
            return (global, Some(Refusal::Global));
        }
        let Some((_, bucket)) = self.endpoints.iter().find(|(limited, _)| *limited == operation) else {
            return (global, None);
        };
        let (endpoint, taken) = lock(bucket).take(now);
        (endpoint, (!taken).then_some(Refusal::Endpoint))
    }

    /// What the headers say beside an injected 429: that the bucket is empty, whatever is in it.
    pub(crate) fn standing_when_empty(&self, operation: Operation) -> Standing {
        let bucket = if operation.is_authentication_api() {
            &self.token
        } else {
            &self.management
        };
        let limit = lock(bucket).limit;
        Standing::of(limit, 0.0)
    }
}

/// Which bucket was empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Global,
    Endpoint,
}

/// Where a limit stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    limit: u32,
    remaining: u64,
    /// Seconds until the bucket is full again.
    pub(crate) full_in: u64,
}

impl Standing {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // both are whole and not negative
    fn of(limit: RateLimit, level: f64) -> Self {
        let used = f64::from(limit.burst) - level;
        // Recorded answers say "now + ceil(used / refill) + 1"; without a refill it never comes.
        let full_in = if limit.per_second > 0.0 {
            (used / limit.per_second).ceil() as u64 + 1
        } else {
            86_400
        };
        Self {
            limit: limit.burst,
            remaining: level.floor().max(0.0) as u64,
            full_in,
        }
    }

    pub(crate) fn write(self, headers: &mut HeaderMap, now: Millis) {
        let reset = now.seconds().unsigned_abs() + self.full_in;
        let mut put = |name, value| headers.insert(HeaderName::from_static(name), value);
        put("x-ratelimit-limit", HeaderValue::from(self.limit));
        put("x-ratelimit-remaining", HeaderValue::from(self.remaining));
        put("x-ratelimit-reset", HeaderValue::from(reset));
    }
}

#[derive(Debug)]
struct Bucket {
    limit: RateLimit,
    level: f64,
    /// By [`Clock::elapsed`].
    at: Duration,
}

impl Bucket {
    fn full(limit: RateLimit, at: Duration) -> Self {
        Self {
            limit,
            level: f64::from(limit.burst),
            at,
        }
    }

    fn take(&mut self, now: Duration) -> (Standing, bool) {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.level = (self.level + passed * self.limit.per_second).min(f64::from(self.limit.burst));
        let taken = self.level >= 1.0;
        if taken {
            self.level -= 1.0;
        }
        (Standing::of(self.limit, self.level), taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_drains_refills_and_tells() {
        let mut bucket = Bucket::full(RateLimit::new(10, 2.0), Duration::from_hours(1));
        let start = bucket.at;
        // The figures of the recordings at ten requests and two a second.
        for (used, full_in) in [
            (1, 2),
            (2, 2),
            (3, 3),
            (4, 3),
            (5, 4),
            (6, 4),
            (7, 5),
            (8, 5),
            (9, 6),
            (10, 6),
        ] {
            let (standing, taken) = bucket.take(start);
            assert!(taken);
            assert_eq!(
                standing,
                Standing {
                    limit: 10,
                    remaining: 10 - used,
                    full_in
                }
            );
        }
        assert!(!bucket.take(start).1, "empty");
        assert!(!bucket.take(start + Duration::from_millis(400)).1, "not yet");
        assert!(
            bucket.take(start + Duration::from_millis(500)).1,
            "half a second gives one"
        );
        let (standing, _) = bucket.take(start + Duration::from_mins(1));
        assert_eq!(standing.remaining, 9, "never more than its size");
    }

    #[test]
    fn the_global_bucket_is_asked_before_the_endpoints() {
        let limits = RateLimits::new(
            RateLimit::new(3, 0.0),
            RateLimit::new(1, 0.0),
            vec![(Operation::CreateUser, RateLimit::new(1, 0.0))],
            &Clock::default(),
        );
        let take = |operation| limits.take(operation, Duration::ZERO).1;
        assert_eq!(take(Operation::CreateUser), None);
        assert_eq!(take(Operation::CreateUser), Some(Refusal::Endpoint));
        assert_eq!(take(Operation::GetUser), None);
        assert_eq!(take(Operation::CreateUser), Some(Refusal::Global));
        assert_eq!(take(Operation::Token), None, "the token endpoint has its own");
        assert_eq!(take(Operation::Token), Some(Refusal::Global));
    }
}
