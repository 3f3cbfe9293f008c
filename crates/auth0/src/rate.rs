//! One rate budget a connection: requests wait here before Auth0 has to answer 429.
//!
//! Auth0 meters with a token bucket and tells its state in every good answer: `x-ratelimit-limit` (the
//! bucket's size), `-remaining`, and `-reset` (the unix second at which the bucket is full again). This module
//! keeps a model of that bucket and lets requests pass, first come first served, while the model says that
//! there is a token. It knows nothing of HTTP but those headers.
//! Source: Auth0 docs, "Rate Limit Policy"; the meaning of `-reset` is measured on recorded answers.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use lockgate_engine::clock::Clock;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use tokio::sync::{Mutex as Gate, Notify};

/// How many requests may be under way before the first answer has told the limit: the burst of the
/// smallest plan (Auth0 docs, "Rate Limit Configurations": Free).
const UNKNOWN_BURST: u32 = 2;

/// Tokens a second where the answers have not shown it yet: the smallest plan's sustained rate.
const UNKNOWN_REFILL: f64 = 2.0;

/// Nobody waits longer than this for one request, as Auth0's own SDKs.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// A `-reset` further away than this is a clock gone wrong, not a bucket.
const LONGEST_RESET: f64 = 24.0 * 3600.0;

/// How many seconds `-reset` may lie behind the truth: it is rounded up, and one second is added.
const RESET_ROUNDING: f64 = 2.0;

/// The wait after a 429 that says nothing about when.
const UNSAID_WAIT: Duration = Duration::from_secs(1);

/// The shared budget.
pub(crate) struct Budget {
    state: Mutex<State>,
    /// Held by whoever waits at the head of the queue. Fair: first come, first served.
    gate: Gate<()>,
    answered: Notify,
}

struct State {
    bucket: Option<Bucket>,
    blocked_until: Duration,
    in_flight: u32,
    queued: u32,
    next_sequence: u64,
    heard_sequence: u64,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    size: f64,
    available: f64,
    refill: Refill,
    at: Duration,
}

/// Tokens a second, as far as whole seconds tell: `-reset` lies up to two seconds behind the moment at which the
/// bucket is full.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Refill {
    at_least: f64,
    at_most: f64,
}

impl Refill {
    const UNKNOWN: Self = Self {
        at_least: UNKNOWN_REFILL,
        at_most: f64::INFINITY,
    };

    /// From a bucket that lacks `used` tokens and says that it is full in `reset` seconds.
    fn shown(used: f64, reset: f64) -> Option<Self> {
        let at_most = if reset > RESET_ROUNDING {
            used / (reset - RESET_ROUNDING)
        } else {
            f64::INFINITY
        };
        (used > 0.0 && reset > 0.0).then_some(Self {
            at_least: used / reset,
            at_most,
        })
    }

    /// What two answers about the same bucket tell together.
    fn and(self, newer: Self) -> Self {
        let both = Self {
            at_least: self.at_least.max(newer.at_least),
            at_most: self.at_most.min(newer.at_most),
        };
        // They contradict each other: the limit has been changed, or a clock. The newer one counts.
        if both.at_least <= both.at_most {
            both
        } else {
            newer
        }
    }
}

/// There will be no token in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Throttled {
    /// When it is worth another try.
    pub(crate) after: Duration,
}

enum Wait {
    /// Until Auth0 said that it will listen again.
    Blocked(Duration),
    /// For the next token: how long by the careful estimate, and how long for certain.
    Token { likely: Duration, at_least: Duration },
    /// For an answer to one of the requests under way.
    ForAnswer,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                bucket: None,
                blocked_until: Duration::ZERO,
                in_flight: 0,
                queued: 0,
                next_sequence: 1,
                heard_sequence: 0,
            }),
            gate: Gate::new(()),
            answered: Notify::new(),
        }
    }

    /// Waits for a token, unless that would take longer than `time_left`.
    pub(crate) async fn acquire(
        &self,
        clock: &dyn Clock,
        time_left: Option<Duration>,
    ) -> Result<Permit<'_>, Throttled> {
        if let Ok(_gate) = self.gate.try_lock()
            && let Ok(permit) = self.try_take(clock.elapsed())
        {
            return Ok(permit);
        }
        let limit = time_left.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
        let deadline = clock.elapsed() + limit;
        let _place = self.enqueue(clock.elapsed(), limit)?;
        let _gate = self.gate.lock().await;
        loop {
            let answered = self.answered.notified();
            let now = clock.elapsed();
            match self.try_take(now) {
                Ok(permit) => return Ok(permit),
                Err(Wait::Blocked(wait)) if now + wait > deadline => return Err(Throttled { after: wait }),
                Err(Wait::Token { likely, at_least }) if now + at_least > deadline => {
                    return Err(Throttled { after: likely });
                }
                Err(Wait::Token { likely, .. }) if now + likely > deadline => {
                    // Perhaps there is a token in time. Auth0 knows.
                    clock.sleep(deadline.saturating_sub(now) / 2).await;
                    return Ok(self.take(&mut self.lock()));
                }
                Err(Wait::Blocked(wait) | Wait::Token { likely: wait, .. }) => {
                    match select(std::pin::pin!(answered), clock.sleep(wait)).await {
                        Either::Left(_) | Either::Right(_) => {}
                    }
                }
                Err(Wait::ForAnswer) => answered.await,
            }
        }
    }

    /// Takes a place in the queue, unless it is certain that there is no token in it within `limit`.
    fn enqueue(&self, now: Duration, limit: Duration) -> Result<Place<'_>, Throttled> {
        let state = &mut *self.lock();
        let blocked = state.blocked_until.saturating_sub(now);
        let (mut likely, mut at_least) = (blocked, blocked);
        if let Some(bucket) = &mut state.bucket {
            bucket.refill(now);
            let missing = f64::from(state.queued + 1) - bucket.available;
            likely = likely.max(seconds(missing / bucket.refill.at_least));
            at_least = at_least.max(seconds(missing / bucket.refill.at_most));
        }
        if at_least > limit {
            return Err(Throttled { after: likely });
        }
        state.queued += 1;
        Ok(Place { budget: self })
    }

    fn try_take(&self, now: Duration) -> Result<Permit<'_>, Wait> {
        let state = &mut *self.lock();
        if let Some(blocked) = state
            .blocked_until
            .checked_sub(now)
            .filter(|blocked| !blocked.is_zero())
        {
            return Err(Wait::Blocked(blocked));
        }
        match &mut state.bucket {
            None if state.in_flight >= UNKNOWN_BURST => return Err(Wait::ForAnswer),
            None => {}
            Some(bucket) => {
                bucket.refill(now);
                if bucket.available < 1.0 {
                    let missing = 1.0 - bucket.available;
                    return Err(Wait::Token {
                        // A little more than the exact time, so that rounding cannot make a second round.
                        likely: seconds(missing / bucket.refill.at_least) + Duration::from_millis(1),
                        at_least: seconds(missing / bucket.refill.at_most),
                    });
                }
            }
        }
        Ok(self.take(state))
    }

    fn take(&self, state: &mut State) -> Permit<'_> {
        if let Some(bucket) = &mut state.bucket {
            bucket.available -= 1.0;
        }
        state.in_flight += 1;
        let sequence = state.next_sequence;
        state.next_sequence += 1;
        Permit {
            budget: self,
            sequence,
        }
    }

    /// After a 429: nobody passes until then. Gives the wait.
    pub(crate) fn throttled(&self, now: Duration, wall: jiff::Timestamp, headers: &HeaderMap) -> Duration {
        let (after, is_full_then) = match (retry_after(headers, wall), reset_in(headers, wall)) {
            (Some(after), _) => (after, false),
            (None, Some(after)) if after >= 0.0 => (seconds(after), true),
            _ => (UNSAID_WAIT, false),
        };
        let mut state = self.lock();
        let until = now + after;
        if until >= state.blocked_until {
            state.blocked_until = until;
            let in_flight = f64::from(state.in_flight);
            if let Some(bucket) = &mut state.bucket {
                bucket.available = if is_full_then {
                    (bucket.size - in_flight).max(1.0)
                } else {
                    1.0
                };
                bucket.at = until;
                // It was too much, whatever the answers have shown so far.
                bucket.refill = Refill {
                    at_least: bucket.refill.at_least / 2.0,
                    at_most: f64::INFINITY,
                };
            }
        }
        after
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change under the lock is a plain assignment: a panic elsewhere leaves no half-made state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket {
    fn refill(&mut self, now: Duration) {
        if now > self.at {
            let gained = now.saturating_sub(self.at).as_secs_f64() * self.refill.at_least;
            self.available = (self.available + gained).min(self.size);
            self.at = now;
        }
    }
}

/// A place in the queue; left when dropped, however the waiting ends.
struct Place<'a> {
    budget: &'a Budget,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.budget.lock().queued -= 1;
    }
}

/// Leave to send one request. Dropped when its answer is there, or when there will be none.
pub(crate) struct Permit<'a> {
    budget: &'a Budget,
    sequence: u64,
}

impl Permit<'_> {
    /// Learns from the answer's headers.
    pub(crate) fn answered(&self, now: Duration, wall: jiff::Timestamp, headers: &HeaderMap) {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u32>().ok();
        let (Some(size), Some(remaining)) = (number("x-ratelimit-limit"), number("x-ratelimit-remaining"))
        else {
            return;
        };
        let mut state = self.budget.lock();
        // Answers may overtake each other: what a later request was told is newer.
        if size == 0 || self.sequence < state.heard_sequence {
            return;
        }
        state.heard_sequence = self.sequence;
        let size = f64::from(size);
        let remaining = f64::from(remaining).min(size);
        let used = size - remaining;
        let shown = reset_in(headers, wall).and_then(|reset| Refill::shown(used, reset));
        // Another size is another bucket: Auth0 has one for the API and some for single endpoints.
        let known = state
            .bucket
            .filter(|bucket| bucket.size.total_cmp(&size).is_eq())
            .map(|bucket| bucket.refill);
        let refill = match (known, shown) {
            (Some(known), Some(shown)) => known.and(shown),
            (known, shown) => shown.or(known).unwrap_or(Refill::UNKNOWN),
        };
        // What is under way besides this request may not be counted in the answer yet.
        let others = f64::from(state.in_flight.saturating_sub(1));
        let at = now.max(state.blocked_until);
        state.bucket = Some(Bucket {
            size,
            available: (remaining - others).max(0.0),
            refill,
            at,
        });
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.budget.lock().in_flight -= 1;
        self.budget.answered.notify_waiters();
    }
}

/// Seconds until the bucket is full again, by the server's own clock where it tells it.
fn reset_in(headers: &HeaderMap, wall: jiff::Timestamp) -> Option<f64> {
    let reset: i64 = headers
        .get("x-ratelimit-reset")?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    let seconds = signed(reset) - server_time(headers, wall);
    (seconds.abs() <= LONGEST_RESET).then_some(seconds.max(0.0))
}

/// `Retry-After`: seconds or an HTTP date (RFC 9110 §10.2.3).
fn retry_after(headers: &HeaderMap, wall: jiff::Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(whole) = text.parse::<u32>() {
        return Some(Duration::from_secs(u64::from(whole)));
    }
    let until = httpdate::parse_http_date(text)
        .ok()?
        .duration_since(std::time::UNIX_EPOCH)
        .ok()?
        .as_secs_f64();
    Some(seconds(
        (until - server_time(headers, wall)).clamp(0.0, LONGEST_RESET),
    ))
}

fn server_time(headers: &HeaderMap, wall: jiff::Timestamp) -> f64 {
    headers
        .get(DATE)
        .and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok())
        .and_then(|date| date.duration_since(std::time::UNIX_EPOCH).ok())
        .map_or_else(|| signed(wall.as_second()), |since| since.as_secs_f64())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "unix seconds are exact in an f64 for 285 million years"
)]
const fn signed(seconds: i64) -> f64 {
    seconds as f64
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use reqwest::header::HeaderValue;

    use super::*;
    use crate::testing::{TestClock, poll_once};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    fn limits(limit: u32, remaining: u32, reset: i64) -> HeaderMap {
        headers(&[
            ("x-ratelimit-limit", &limit.to_string()),
            ("x-ratelimit-remaining", &remaining.to_string()),
            ("x-ratelimit-reset", &reset.to_string()),
        ])
    }

    const EPOCH: Timestamp = Timestamp::UNIX_EPOCH;

    /// A bucket as Auth0 keeps it.
    struct Server {
        size: f64,
        refill: f64,
        level: f64,
        at: Duration,
    }

    impl Server {
        fn request(&mut self, now: Duration) -> Option<HeaderMap> {
            self.level =
                (self.level + now.saturating_sub(self.at).as_secs_f64() * self.refill).min(self.size);
            self.at = now;
            if self.level < 1.0 {
                return None;
            }
            self.level -= 1.0;
            let reset = now.as_secs_f64() + ((self.size - self.level) / self.refill).ceil() + 1.0;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "small numbers"
            )]
            Some(limits(self.size as u32, self.level as u32, reset as i64))
        }
    }

    #[tokio::test]
    async fn a_sequence_of_requests_never_meets_a_429() {
        for (size, refill) in [(2.0, 2.0), (10.0, 2.0), (50.0, 16.0), (750.0, 750.0)] {
            let clock = TestClock::new();
            let budget = Budget::new();
            let mut server = Server {
                size,
                refill,
                level: size,
                at: Duration::ZERO,
            };
            for request in 0..500 {
                let permit = budget.acquire(&clock, None).await.unwrap();
                let answer = server
                    .request(clock.elapsed())
                    .unwrap_or_else(|| panic!("429 at request {request}"));
                permit.answered(clock.elapsed(), clock.now(), &answer);
            }
            // Nor is it much slower than the limit allows.
            let least = (500.0 - size) / refill;
            let took = clock.elapsed().as_secs_f64();
            assert!(
                took <= least * 1.5 + 3.0,
                "size {size}, refill {refill}: {took} s instead of {least}"
            );
        }
    }

    #[tokio::test]
    async fn no_more_than_the_smallest_burst_before_the_limit_is_known() {
        let clock = TestClock::new();
        let budget = Budget::new();
        let first = budget.acquire(&clock, None).await.unwrap();
        let _second = budget.acquire(&clock, None).await.unwrap();
        let mut third = std::pin::pin!(budget.acquire(&clock, None));
        assert!(poll_once(third.as_mut()).await.is_pending());
        first.answered(clock.elapsed(), EPOCH, &limits(10, 8, 2));
        drop(first);
        assert!(poll_once(third.as_mut()).await.is_ready());
    }

    #[tokio::test]
    async fn requests_under_way_are_counted() {
        let clock = TestClock::new();
        let budget = Budget::new();
        let first = budget.acquire(&clock, None).await.unwrap();
        let _second = budget.acquire(&clock, None).await.unwrap();
        // The server has seen the first only: of the 1 that remains, the second will take it.
        first.answered(clock.elapsed(), EPOCH, &limits(2, 1, 100));
        drop(first);
        assert_eq!(
            budget.acquire(&clock, Some(Duration::from_secs(5))).await.err(),
            Some(Throttled {
                after: Duration::from_secs(100)
            })
        );
    }

    #[tokio::test]
    async fn a_429_holds_everyone_until_retry_after_then_reset() {
        let clock = TestClock::new();
        let budget = Budget::new();
        let permit = budget.acquire(&clock, None).await.unwrap();
        let mut both = limits(10, 0, 9);
        both.insert(RETRY_AFTER, HeaderValue::from_static("3"));
        assert_eq!(
            budget.throttled(clock.elapsed(), EPOCH, &both),
            Duration::from_secs(3)
        );
        drop(permit);
        drop(budget.acquire(&clock, None).await.unwrap());
        assert_eq!(clock.elapsed(), Duration::from_secs(3));

        assert_eq!(
            budget.throttled(clock.elapsed(), EPOCH, &limits(10, 0, 9)),
            Duration::from_secs(9)
        );
        let Err(throttled) = budget.acquire(&clock, Some(Duration::from_secs(8))).await else {
            panic!("nine seconds do not fit into eight")
        };
        assert_eq!(throttled.after, Duration::from_secs(9));
        drop(
            budget
                .acquire(&clock, Some(Duration::from_secs(10)))
                .await
                .unwrap(),
        );
        assert_eq!(clock.elapsed(), Duration::from_secs(12));
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let date = headers(&[
            ("date", "Fri, 03 Sep 2021 20:16:12 GMT"),
            ("retry-after", "Fri, 03 Sep 2021 20:16:22 GMT"),
        ]);
        assert_eq!(retry_after(&date, EPOCH), Some(Duration::from_secs(10)));
        assert_eq!(
            retry_after(&headers(&[("retry-after", "7")]), EPOCH),
            Some(Duration::from_secs(7))
        );
        assert_eq!(retry_after(&headers(&[("retry-after", "soon")]), EPOCH), None);
    }

    #[test]
    fn the_reset_is_read_by_the_servers_clock() {
        // Recorded: limit 100, remaining 97.
        let recorded = headers(&[
            ("date", "Fri, 03 Sep 2021 20:59:22 GMT"),
            ("x-ratelimit-reset", "1630702765"),
        ]);
        assert_eq!(reset_in(&recorded, EPOCH), Some(3.0));
        assert_eq!(
            reset_in(&headers(&[("x-ratelimit-reset", "1630702765")]), EPOCH),
            None
        );
    }

    #[tokio::test]
    async fn a_waiter_that_gives_up_leaves_the_queue() {
        let clock = TestClock::new();
        let budget = Budget::new();
        let _first = budget.acquire(&clock, None).await.unwrap();
        let _second = budget.acquire(&clock, None).await.unwrap();
        {
            let mut third = Box::pin(budget.acquire(&clock, None));
            assert!(poll_once(third.as_mut()).await.is_pending());
            assert_eq!(budget.lock().queued, 1);
        }
        assert_eq!(budget.lock().queued, 0);
        assert!(budget.gate.try_lock().is_ok());
    }
}
