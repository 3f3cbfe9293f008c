//! What every place that keeps what runs share has to show. The tests of a place call [`check`]; `memory_state.rs` does so
//! for the one in memory.
#![allow(
    dead_code,
    reason = "each place that runs the suite has its own tests beside it"
)]

use std::sync::Arc;

use jiff::Timestamp;
use lockgate_engine::state::SharedState;
use serde_json::{Value, json};
use tokio::task::JoinSet;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_893_456_000 + second).unwrap()
}

/// All of it, on a place that is empty.
pub(crate) async fn check(state: Arc<dyn SharedState>) {
    of_two_who_write_one_hears_of_the_other(&*state).await;
    time_goes_over(&*state).await;
    versions_do_not_come_again(&*state).await;
    values_and_keys_are_kept_as_they_are(&*state).await;
    keys_are_derived_for_a_purpose(&*state);
    many_count_together(state).await;
}

async fn version(state: &dyn SharedState, key: &str, now: Timestamp) -> Option<u64> {
    state.get(key, now).await.unwrap().map(|entry| entry.version)
}

async fn of_two_who_write_one_hears_of_the_other(state: &dyn SharedState) {
    let (now, later) = (at(0), at(10));
    assert_eq!(state.get("two", now).await.unwrap(), None);
    assert_eq!(
        state.put("two", Some(1), &json!(0), later, now).await,
        Ok(false),
        "there is none yet"
    );
    assert_eq!(state.put("two", None, &json!(1), later, now).await, Ok(true));
    assert_eq!(state.put("two", None, &json!(2), later, now).await, Ok(false));
    let first = state.get("two", now).await.unwrap().unwrap();
    assert_eq!((&first.value, first.expires_at), (&json!(1), later));
    let seen = Some(first.version);
    assert_eq!(state.put("two", seen, &json!(3), at(20), now).await, Ok(true));
    assert_eq!(state.put("two", seen, &json!(4), later, now).await, Ok(false));
    let second = state.get("two", now).await.unwrap().unwrap();
    assert_eq!((&second.value, second.expires_at), (&json!(3), at(20)));
    assert_ne!(second.version, first.version);
}

async fn time_goes_over(state: &dyn SharedState) {
    assert_eq!(state.put("time", None, &json!(1), at(10), at(0)).await, Ok(true));
    let seen = version(state, "time", at(9)).await;
    assert!(seen.is_some());
    assert_eq!(version(state, "time", at(10)).await, None);
    assert_eq!(
        state.put("time", seen, &json!(2), at(30), at(10)).await,
        Ok(false),
        "what was seen is gone"
    );
    assert_eq!(state.put("time", None, &json!(3), at(30), at(10)).await, Ok(true));
    assert_eq!(state.get("time", at(10)).await.unwrap().unwrap().value, json!(3));
}

async fn versions_do_not_come_again(state: &dyn SharedState) {
    assert_eq!(
        state.put("again", None, &json!("a"), at(10), at(0)).await,
        Ok(true)
    );
    let seen = version(state, "again", at(0)).await;
    assert_eq!(
        state.put("again", None, &json!("b"), at(30), at(20)).await,
        Ok(true)
    );
    assert_ne!(version(state, "again", at(20)).await, seen);
    // Whoever has seen the first and comes late does not write over the second.
    assert_eq!(
        state.put("again", seen, &json!("c"), at(40), at(20)).await,
        Ok(false)
    );
    assert_eq!(
        state.get("again", at(20)).await.unwrap().unwrap().value,
        json!("b")
    );
}

async fn values_and_keys_are_kept_as_they_are(state: &dyn SharedState) {
    let long = "k".repeat(2_000);
    let cases: [(&str, Value); 7] = [
        (
            "kept",
            json!({ "a": [1, -2, 0.1, 1e300, u64::MAX], "b": { "c": null } }),
        ),
        ("Kept", json!("ünïcode \u{0} \u{1f600}")),
        ("kept ", json!(true)),
        ("", json!(null)),
        ("kept\u{0}a", json!([])),
        ("kept\u{0}b", json!({})),
        (&long, json!("x".repeat(10_000))),
    ];
    for (key, value) in &cases {
        assert_eq!(
            state.put(key, None, value, at(10), at(0)).await,
            Ok(true),
            "{key:?}"
        );
    }
    for (key, value) in &cases {
        let entry = state.get(key, at(0)).await.unwrap().unwrap();
        assert_eq!(entry.value, *value, "{key:?}");
    }
}

fn keys_are_derived_for_a_purpose(state: &dyn SharedState) {
    let purposes = ["", "a", "b", "ab", "a\u{0}b", "state"];
    let keys: std::collections::BTreeSet<_> =
        purposes.iter().map(|purpose| state.derive_key(purpose)).collect();
    assert_eq!(keys.len(), purposes.len());
    assert!(keys.iter().all(|key| *key != [0; 32]));
    for purpose in purposes {
        assert!(keys.contains(&state.derive_key(purpose)));
    }
}

/// Each of a hundred adds one, and looks again where another was faster: nothing is lost.
async fn many_count_together(state: Arc<dyn SharedState>) {
    let mut adders = JoinSet::new();
    for _ in 0..100 {
        let state = Arc::clone(&state);
        adders.spawn(async move {
            loop {
                let there = state.get("count", at(0)).await.unwrap();
                let (seen, count) = match &there {
                    Some(entry) => (Some(entry.version), entry.value.as_i64().unwrap()),
                    None => (None, 0),
                };
                let written = state.put("count", seen, &json!(count + 1), at(10), at(0)).await;
                if written.unwrap() {
                    return;
                }
            }
        });
    }
    while let Some(added) = adders.join_next().await {
        added.unwrap();
    }
    assert_eq!(
        state.get("count", at(0)).await.unwrap().unwrap().value,
        json!(100)
    );
}
