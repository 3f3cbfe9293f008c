//! A connection and a tenant without a socket between them, on virtual time: the same calls, the same errors, and
//! no time passes but what somebody sleeps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;

use lockgate_engine::action::Retry;
use lockgate_tenant::{RateLimit, SeedUser, Tenant};
use serde_json::json;
use support::in_process::join;
use support::{Bench, new_user};
use tokio::time::Instant;

const CREATE: &str = "auth0.create_user";

#[tokio::test(start_paused = true)]
async fn no_time_passes_and_everything_is_the_same_in_every_run() {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let began = Instant::now();
        let (tenant, bench) = join(Tenant::builder());
        let user = bench
            .call(CREATE, "run-1", 1, &new_user("ada@example.com"))
            .await
            .unwrap();
        assert_eq!(user["created_at"], "2030-01-01T00:00:00.000Z");
        let sent = json!({ "method": "GET", "path": format!("/api/v2/users-by-email") , "query": { "email": "ada@example.com" } });
        let raw = bench.call("auth0.send_request", "run-1", 1, &sent).await.unwrap();
        tenant
            .seed(
                SeedUser::from_value(json!({
                    "connection": "email", "email": "grace@example.com"
                }))
                .unwrap(),
            )
            .unwrap();
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(tenant.total_requests(), 3, "with one for the token");
        seen.push(json!([user, raw, tenant.users()]));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0][1]["headers"]["date"], "Tue, 01 Jan 2030 00:00:00 GMT");
}

#[tokio::test(start_paused = true)]
async fn each_fault_is_what_it_is_over_a_socket() {
    for (fault, code, retry, users) in [
        ("reset:method=POST,path=/api/v2/*", "unavailable", true, 0),
        ("lost-answer:method=POST,path=/api/v2/*", "unavailable", true, 1),
        ("truncate:method=POST,path=/api/v2/*", "invalid_response", true, 1),
        ("503:path=/api/v2/*", "unavailable", true, 0),
        ("html:path=/api/v2/*", "unavailable", true, 0),
        ("delay=30s:path=/api/v2/*", "timeout", true, 0),
        ("401:path=/oauth/token", "unauthorized", false, 0),
    ] {
        // `send_request` settles nothing: what is known is told.
        let input = json!({
            "method": "POST", "path": "/api/v2/users", "body": new_user("ada@example.com"),
        });
        let (tenant, bench) = join(Tenant::builder().faults([fault.parse().unwrap()]));
        let began = Instant::now();
        let error = bench
            .call("auth0.send_request", "run-1", 1, &input)
            .await
            .unwrap_err();
        assert_eq!(error.code, code, "{fault}: {error}");
        assert_eq!(error.retry == Retry::Transient, retry, "{fault}: {error:?}");
        assert_eq!(tenant.user_count(), users, "{fault}");

        let passed = Duration::from_secs(if code == "timeout" { 10 } else { 0 });
        assert_eq!(began.elapsed(), passed, "{fault}");
    }
}

#[tokio::test]
async fn the_same_faults_over_a_socket() {
    for (fault, code) in [
        ("reset:method=POST,path=/api/v2/*", "unavailable"),
        ("lost-answer:method=POST,path=/api/v2/*", "unavailable"),
        ("truncate:method=POST,path=/api/v2/*", "invalid_response"),
        ("html:path=/api/v2/*", "unavailable"),
    ] {
        let input = json!({
            "method": "POST", "path": "/api/v2/users", "body": new_user("ada@example.com"),
        });
        let listening = Tenant::builder()
            .faults([fault.parse().unwrap()])
            .start()
            .await
            .unwrap();
        let (_, in_process) = join(Tenant::builder().faults([fault.parse().unwrap()]));
        let error = Bench::on(&listening)
            .call("auth0.send_request", "run-1", 1, &input)
            .await
            .unwrap_err();
        let same = in_process
            .call("auth0.send_request", "run-1", 1, &input)
            .await
            .unwrap_err();
        assert_eq!(error.code, code, "{fault}");
        assert_eq!((same.code, same.retry), (error.code, error.retry), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delay_and_a_rate_limit_are_slept_through_on_virtual_time() {
    let (tenant, bench) = join(
        Tenant::builder()
            .faults(["delay=4s:method=POST,path=/api/v2/*".parse().unwrap()])
            .rate_limit(RateLimit::new(1, 0.5))
            .retry_after(true),
    );
    let began = Instant::now();
    for n in 0..5 {
        let input = new_user(&format!("user-{n}@example.com"));
        bench.call(CREATE, &format!("run-{n}"), 1, &input).await.unwrap();
    }
    assert_eq!(tenant.user_count(), 5);
    // Five delays; the bucket fills meanwhile.
    assert!(
        began.elapsed() >= Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    assert!(began.elapsed() < Duration::from_mins(2), "{:?}", began.elapsed());
}

/// A token's life is counted on the test's clock at both ends.
#[tokio::test(start_paused = true)]
async fn tokens_expire_in_virtual_time() {
    let (tenant, bench) = join(Tenant::builder());
    let find = json!({ "email": "ada@example.com" });
    for (wait, tokens) in [(0, 1), (86_000, 1), (86_400 * 3, 2)] {
        tokio::time::sleep(Duration::from_secs(wait)).await;
        bench
            .call("auth0.find_users_by_email", "run-1", 1, &find)
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(
            tenant.request_count("POST", "/oauth/token").unwrap() >= tokens,
            "after {wait} s"
        );
    }
    assert!(
        tenant
            .requests()
            .iter()
            .all(|request| request.status == Some(200)),
        "no token was ever refused"
    );
}

/// A case of a test file: a tenant, a connection, a token, a user. What is measured is this thread's own time, so that a
/// machine which does other things too makes no difference; the limit is for code that is not optimised.
#[cfg(target_os = "linux")]
#[test]
fn a_case_costs_next_to_nothing() {
    const CASES: u64 = 100;
    let one = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let (tenant, bench) = join(Tenant::builder());
            bench
                .call(CREATE, "run-1", 1, &new_user("ada@example.com"))
                .await
                .unwrap();
            assert_eq!(tenant.user_count(), 1);
        });
    };
    // proc(5): nanoseconds on a processor come first.
    let spent = || {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        stat.split(' ').next().unwrap().parse::<u64>().unwrap()
    };
    one(); // the keys are read once a process
    let before = spent();
    for _ in 0..CASES {
        one();
    }
    let each = Duration::from_nanos((spent() - before) / CASES);
    assert!(each < Duration::from_millis(5), "{each:?} a case");
}
