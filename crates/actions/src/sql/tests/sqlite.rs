//! SQLite, in a file of its own.

use std::time::{Duration, Instant};

use lockgate_engine::action::Reconciled;
use tempfile::TempDir;

use super::*;

fn file() -> (TempDir, LoneStep) {
    let folder = tempfile::tempdir().unwrap();
    let step = step(json!({ "url": url(&folder, "?mode=rwc") }));
    (folder, step)
}

fn url(folder: &TempDir, query: &str) -> String {
    format!("sqlite:{}/shop.db{query}", folder.path().display())
}

const SERIES: &str =
    "with recursive s(n) as (select 1 union all select n + 1 from s where n < {n}) select n from s";

#[tokio::test]
async fn values_are_never_part_of_a_statement() {
    let (_folder, step) = file();
    hostile_values_stay_values(&step, "create table notes (owner text, body text)").await;
    what_is_not_run(&step).await;
    // What only SQLite calls a parameter.
    for statement in ["select ?", "select @a", "select ?1", "select $a"] {
        let error = step
            .call(&SqlQuery, json!({ "statement": statement }))
            .await
            .unwrap_err();
        assert_eq!(code(&error), ("invalid_statement", &Retry::Never), "{statement}");
    }
}

#[tokio::test]
async fn results_have_bounds() {
    let (_folder, step) = file();
    results_are_capped(&step, SERIES).await;
    results_are_bounded(&step, "printf('%.*c', {n}, 'x')").await;
}

#[tokio::test]
async fn every_type_goes_both_ways() {
    let (_folder, step) = file();
    for (given, expected) in [
        (json!(null), json!(null)),
        (json!(true), json!(1)),
        (json!(0), json!(0)),
        (
            json!(9_223_372_036_854_775_807_i64),
            json!(9_223_372_036_854_775_807_i64),
        ),
        (
            json!(-9_223_372_036_854_775_808_i64),
            json!(-9_223_372_036_854_775_808_i64),
        ),
        (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_993_i64)),
        (json!(0.1), json!(0.1)),
        (json!(1e300), json!(1e300)),
        (json!("Grüße\0"), json!("Grüße\0")),
        (json!([1, "a"]), json!("[1,\"a\"]")),
        (json!({ "a": null }), json!("{\"a\":null}")),
    ] {
        assert_eq!(
            only(&query(&step, "select $1 as value", json!([given])).await),
            &expected,
            "{given}"
        );
    }
    for (statement, expected) in [
        ("select unhex('00ff10') as value", json!("AP8Q")),
        ("select 9e999 as value", json!("Infinity")),
        ("select -9e999 as value", json!("-Infinity")),
    ] {
        assert_eq!(
            only(&query(&step, statement, json!([])).await),
            &expected,
            "{statement}"
        );
    }
    let input = json!({ "statement": "select $1", "parameters": [u64::MAX] });
    assert_eq!(
        code(&step.call(&SqlQuery, input).await.unwrap_err()),
        ("invalid_value", &Retry::Never)
    );
    let input = json!({ "statement": "select cast(x'ff' as text) as a" });
    assert_eq!(
        code(&step.call(&SqlQuery, input).await.unwrap_err()),
        ("unsupported_type", &Retry::Never)
    );
}

#[tokio::test]
async fn what_the_tables_refuse_has_a_code() {
    let (_folder, step) = file();
    execute(
        &step,
        "create table people (id integer primary key, email text unique not null, age integer check (age > 17), \
         friend integer references people (id)) strict",
        json!([]),
    )
    .await;
    execute(
        &step,
        "create trigger no_eve before insert on people when new.email = 'eve' begin select raise(abort, 'no eve'); end",
        json!([]),
    )
    .await;
    let insert = "insert into people (id, email, age, friend) values ($1, $2, $3, $4)";
    execute(&step, insert, json!([1, "ada", 36, null])).await;
    for (values, expected, constraint) in [
        (
            json!([1, "canary", 36, null]),
            "unique_violation",
            json!("people.id"),
        ),
        (
            json!([2, "ada", 36, null]),
            "unique_violation",
            json!("people.email"),
        ),
        (
            json!([2, null, 36, null]),
            "not_null_violation",
            json!("people.email"),
        ),
        (
            json!([2, "canary", 7, null]),
            "check_violation",
            json!("age > 17"),
        ),
        (json!([2, "canary", 36, 99]), "foreign_key_violation", json!(null)),
        (json!([2, "eve", 36, null]), "raised", json!(null)),
        (json!([2, "canary", "old", null]), "invalid_value", json!(null)),
    ] {
        let input = json!({ "statement": insert, "parameters": values });
        let error = step.call(&SqlExecute, input).await.unwrap_err();
        assert_eq!(code(&error), (expected, &Retry::Never), "{values}: {error:?}");
        assert_eq!(
            error.provider.as_ref().unwrap()["constraint"],
            constraint,
            "{error:?}"
        );
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
    assert_eq!(
        only(&query(&step, "select count(*) as n from people", json!([])).await),
        &json!(1)
    );
    // Nothing was changed, whatever was before it.
    assert_eq!(
        execute(&step, "create table other (a)", json!([])).await["affected"],
        0
    );
    assert_eq!(execute(&step, "select 1 as a", json!([])).await["affected"], 0);
    assert_eq!(
        execute(&step, "delete from people", json!([])).await["affected"],
        1
    );
}

#[tokio::test]
async fn a_statement_ends_with_its_time() {
    let (_folder, step) = file();
    execute(&step, "create table t (n)", json!([])).await;
    let endless = SERIES.replace("{n}", "1e18");
    let began = Instant::now();
    let input = json!({ "statement": format!("insert into t {endless}"), "timeout": "100ms" });
    let error = step.call(&SqlExecute, input).await.unwrap_err();
    assert_eq!(code(&error), ("timeout", &NOTHING));
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(
        only(&query(&step, "select count(*) as n from t", json!([])).await),
        &json!(0)
    );
}

#[tokio::test]
async fn a_statement_that_nobody_waits_for_ends() {
    let folder = tempfile::tempdir().unwrap();
    let step = step(json!({ "url": url(&folder, "?mode=rwc"), "max_connections": 1 }));
    execute(&step, "create table t (n)", json!([])).await;
    let endless = format!("insert into t {}", SERIES.replace("{n}", "1e18"));
    let input = json!({ "statement": endless, "timeout": "10m" });
    let dropped = tokio::time::timeout(Duration::from_millis(50), step.call(&SqlExecute, input)).await;
    assert!(dropped.is_err());
    // The only connection is free again, and the lock is gone.
    assert_eq!(
        execute(&step, "insert into t values (1)", json!([])).await["affected"],
        1
    );
    assert_eq!(
        only(&query(&step, "select count(*) as n from t", json!([])).await),
        &json!(1)
    );
}

#[tokio::test]
async fn a_lock_of_another_process_is_no_doubt() {
    let (folder, step) = file();
    execute(&step, "create table t (n)", json!([])).await;
    let other = rusqlite::Connection::open(folder.path().join("shop.db")).unwrap();
    other
        .execute_batch("begin immediate; insert into t values (1)")
        .unwrap();
    let input = json!({ "statement": "insert into t values (2)", "timeout": "50ms" });
    let error = step.call(&SqlExecute, input.clone()).await.unwrap_err();
    assert_eq!(code(&error), ("serialization_failure", &NOTHING));
    other.execute_batch("commit").unwrap();
    step.call(&SqlExecute, input).await.unwrap();
}

#[tokio::test]
async fn what_may_be_opened_is_said_by_the_connection() {
    let (folder, writer) = file();
    let missing = step(json!({ "url": url(&folder, "") }));
    let input = json!({ "statement": "select 1 as a" });
    let error = missing.call(&SqlQuery, input).await.unwrap_err();
    assert_eq!(code(&error), ("unavailable", &Retry::Never), "{error:?}");
    execute(&writer, "create table t (n)", json!([])).await;

    let input = json!({ "statement": "insert into t values (1)" });
    let reader = step(json!({ "url": url(&folder, ""), "read_only": true }));
    assert_eq!(
        code(&reader.call(&SqlExecute, input.clone()).await.unwrap_err()),
        ("read_only", &Retry::Never)
    );
    assert_eq!(
        only(&query(&reader, "select count(*) as n from t", json!([])).await),
        &json!(0)
    );
    let reader = step(json!({ "url": url(&folder, "?mode=ro") }));
    assert_eq!(
        code(&reader.call(&SqlExecute, input).await.unwrap_err()),
        ("read_only", &Retry::Never)
    );
}

#[tokio::test]
async fn what_is_lost_is_settled_where_a_repeat_does_no_harm() {
    let (_folder, step) = file();
    for (idempotent, expected) in [(false, Reconciled::Unknown), (true, Reconciled::DidNotHappen)] {
        let input = json!({ "statement": "delete from t", "idempotent": idempotent });
        assert_eq!(step.reconcile(&SqlExecute, &input).await, Ok(expected));
    }
}
