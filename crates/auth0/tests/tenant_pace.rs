//! Against an emulated tenant that meters: requests wait before there is a 429.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::sync::Arc;

use futures_util::future::join_all;
use lockgate_engine::clock::SystemClock;
use lockgate_tenant::{RateLimit, Tenant};
use serde_json::json;
use support::{Bench, new_user, settings};

/// In real time, since the tenant's bucket fills in real time; nothing is slept that the pace does not ask for.
#[tokio::test]
async fn a_crowd_meets_no_429() {
    let tenant = Tenant::builder()
        .rate_limit(RateLimit::new(10, 100.0))
        .start()
        .await
        .unwrap();
    let bench = Bench::with_clock(&settings(&tenant), Arc::new(SystemClock::new()));
    let user = bench
        .call("auth0.create_user", "run-1", 1, &new_user("ada@example.com"))
        .await
        .unwrap();
    let input = json!({ "user_id": user["user_id"] });
    let results = join_all((0..60).map(|_| bench.call("auth0.get_user", "run-2", 1, &input))).await;
    assert!(results.iter().all(Result::is_ok));
    let refused = tenant
        .requests()
        .iter()
        .filter(|request| request.status == Some(429))
        .count();
    assert_eq!(
        (tenant.request_count("GET", "/api/v2/users/{id}"), refused),
        (Some(60), 0)
    );
}

/// What the answers do not tell (another client of the tenant, a limit of one endpoint) still ends in a 429, and
/// that in a wait.
#[tokio::test]
async fn a_limit_of_one_endpoint_is_waited_for() {
    let tenant = Tenant::builder()
        .endpoint_rate_limit("GET", "/api/v2/users/{id}", RateLimit::new(5, 20.0))
        .retry_after(true)
        .start()
        .await
        .unwrap();
    let bench = Bench::with_clock(&settings(&tenant), Arc::new(SystemClock::new()));
    let user = bench
        .call("auth0.create_user", "run-1", 1, &new_user("ada@example.com"))
        .await
        .unwrap();
    let input = json!({ "user_id": user["user_id"] });
    let results = join_all((0..8).map(|_| bench.call("auth0.get_user", "run-2", 1, &input))).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}
