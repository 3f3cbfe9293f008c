use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use lockgate_engine::testing::TestClock;
use lockgate_flow::syntax::{RateKey, RateLimit};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::time::advance;

use super::{RateLimiter, Standing};
use crate::testing::{Served, request};

fn limiter(count: u32, per: u64, most: usize) -> RateLimiter {
    let limit = RateLimit {
        count,
        per: Duration::from_secs(per),
        by: RateKey::Address,
    };
    RateLimiter::with_room(limit, Arc::new(TestClock::default()), most)
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_bucket_is_emptied_at_once_and_fills_by_and_by() {
    let limiter = limiter(20, 60, 10);
    let one = address("192.0.2.1");
    for count in 1..=20 {
        let standing = limiter.count_address(one);
        let expect = Standing {
            limit: 20,
            remaining: 20 - count,
            reset: u64::from(count) * 3,
            retry_after: None,
        };
        assert_eq!(standing, expect);
    }
    let refused = Standing {
        limit: 20,
        remaining: 0,
        reset: 60,
        retry_after: Some(3),
    };
    assert_eq!(limiter.count_address(one), refused);
    // Being refused costs nothing.
    advance(Duration::from_millis(2999)).await;
    assert_eq!(limiter.count_address(one).retry_after, Some(1));
    assert_eq!(limiter.count_address(address("192.0.2.2")).remaining, 19);
    advance(Duration::from_millis(1)).await;
    assert_eq!(limiter.count_address(one).retry_after, None);
    assert_eq!(limiter.count_address(one).retry_after, Some(3));
    advance(Duration::from_hours(1)).await;
    assert_eq!(limiter.count_address(one).remaining, 19);
}

#[tokio::test(start_paused = true)]
async fn networks_of_one_customer_count_together() {
    for (one, other, is_same) in [
        ("192.0.2.1", "::ffff:192.0.2.1", true),
        ("192.0.2.1", "192.0.2.2", false),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
        ("::c000:201", "192.0.2.1", false),
    ] {
        let limiter = limiter(5, 60, 10);
        limiter.count_address(address(one));
        let expect = if is_same { 3 } else { 4 };
        assert_eq!(
            limiter.count_address(address(other)).remaining,
            expect,
            "{one} {other}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn values_that_are_equal_count_together() {
    for (one, other, is_same) in [
        (json!("ada@example.com"), json!("ada@example.com"), true),
        (json!("ada@example.com"), json!("Ada@example.com"), false),
        (json!(1), json!(1.0), true),
        (json!(0.0), json!(-0.0), true),
        (json!(1), json!("1"), false),
        (json!(null), json!(false), false),
        (json!({ "a": 1, "b": [2] }), json!({ "b": [2.0], "a": 1 }), true),
        (json!({ "a": 1 }), json!({ "a": 1, "b": null }), false),
        (json!([1, [2]]), json!([[1], 2]), false),
        (json!(["ab", "c"]), json!(["a", "bc"]), false),
    ] {
        let limiter = limiter(5, 60, 10);
        limiter.count_value(&one);
        let expect = if is_same { 3 } else { 4 };
        assert_eq!(limiter.count_value(&other).remaining, expect, "{one} {other}");
    }
}

#[tokio::test(start_paused = true)]
async fn memory_is_bounded_and_who_has_called_much_is_remembered() {
    let limiter = limiter(10, 60, 1000);
    let busy = json!("busy");
    for _ in 0..10 {
        limiter.count_value(&busy);
    }
    for other in 0..50_000 {
        assert_eq!(limiter.count_value(&Value::from(other)).remaining, 9);
        assert!(limiter.full_at.lock().unwrap().len() <= 1000);
    }
    assert!(limiter.count_value(&busy).retry_after.is_some());
    // The last ones are still there, too.
    assert_eq!(limiter.count_value(&Value::from(49_999)).remaining, 8);
    // What is full again is forgotten when room is needed.
    advance(Duration::from_mins(1)).await;
    for other in 0..1000 {
        limiter.count_value(&Value::from(-other - 1));
    }
    assert!(limiter.full_at.lock().unwrap().len() <= 1000);
    assert_eq!(limiter.count_value(&busy).remaining, 9);
}

#[tokio::test(start_paused = true)]
async fn limits_of_any_size_can_be_counted() {
    for (count, per) in [(1, 3600), (u32::MAX, 1), (u32::MAX, 3600), (7, 1), (1, 1)] {
        let limiter = limiter(count, per, 10);
        let standing = limiter.count_address(address("192.0.2.1"));
        assert_eq!(
            (standing.remaining, standing.retry_after),
            (count - 1, None),
            "{count}/{per}"
        );
    }
}

proptest! {
    /// Against the plain model: a bucket as a number that grows with time.
    #[test]
    fn as_many_get_through_as_the_bucket_holds(
        count in 1_u32..20,
        pauses in prop::collection::vec(0_u64..8_000, 1..200),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let each = 60_000 / u64::from(count);
            let limiter = RateLimiter::with_room(
                RateLimit {
                    count,
                    per: Duration::from_millis(each * u64::from(count)),
                    by: RateKey::Address,
                },
                Arc::new(TestClock::default()),
                10,
            );
            // What is missing until the bucket is full, in milliseconds.
            let mut missing = 0;
            for pause in pauses {
                advance(Duration::from_millis(pause)).await;
                missing = u64::saturating_sub(missing, pause);
                let fits = missing + each <= each * u64::from(count);
                let standing = limiter.count_address(address("192.0.2.1"));
                assert_eq!(standing.retry_after.is_none(), fits);
                if fits {
                    missing += each;
                } else {
                    let wait = missing + each - each * u64::from(count);
                    assert_eq!(standing.retry_after, Some(wait.div_ceil(1000)));
                }
                assert_eq!(standing.reset, missing.div_ceil(1000));
                assert_eq!(u64::from(standing.remaining), (each * u64::from(count) - missing) / each);
            }
        });
    }
}

const BY_ADDRESS: &str = "name: by-address
trigger: { http: { method: GET, path: /a, rate_limit: 2/min } }
steps:
  - return: 1
";

const BY_EMAIL: &str = "name: by-email
trigger: { http: { method: POST, path: /b, rate_limit: { limit: 1/h, by: input.email } } }
input: { email: { type: string, format: email, required: false } }
steps:
  - respond: { status: 202 }
";

#[tokio::test(start_paused = true)]
async fn callers_are_told_how_they_stand() {
    let served = Served::new(&[BY_ADDRESS]);
    let answer = served.ask("GET /a", None).await;
    assert_eq!((answer.status, answer.header("ratelimit-limit")), (200, "2"));
    assert_eq!(answer.header("ratelimit-remaining"), "1");
    assert_eq!(answer.header("ratelimit-reset"), "30");
    assert_eq!(answer.header("retry-after"), "");
    // A request that goes wrong counts as well, or guessing would be free.
    assert_eq!(served.ask("GET /a?x=1", None).await.status, 422);
    let answer = served.ask("GET /a", None).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (429, &json!("too_many_requests"))
    );
    assert_eq!(answer.header("retry-after"), "30");
    assert_eq!(answer.header("ratelimit-remaining"), "0");
    assert_eq!(answer.header("ratelimit-reset"), "60");
    advance(Duration::from_secs(30)).await;
    assert_eq!(served.ask("GET /a", None).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn an_input_field_is_counted_by() {
    let served = Served::new(&[BY_EMAIL]);
    let ask = async |email: Value| served.ask("POST /b", Some(json!({ "email": email }))).await;
    assert_eq!(ask(json!("ada@example.com")).await.status, 202);
    let refused = ask(json!("ada@example.com")).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "3600"));
    assert_eq!(ask(json!("eve@example.com")).await.status, 202);
    // Input that does not fit is nobody's call.
    let unfit = ask(json!("nobody")).await;
    assert_eq!((unfit.status, unfit.header("ratelimit-limit")), (422, ""));
    // Who leaves the field out shares one bucket.
    for status in [202, 429] {
        let request = request("POST /b", &[], "");
        assert_eq!(served.send(request).await.status, status);
    }
}
