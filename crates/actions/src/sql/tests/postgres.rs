//! PostgreSQL from Debian's packages, a cluster for each test.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;
use crate::servers::{CERTIFICATE, Postgres};

const SERIES: &str = "select generate_series(1, {n}) as n";

#[tokio::test]
async fn values_are_never_part_of_a_statement() {
    let Some(postgres) = Postgres::start() else { return };
    let step = step(json!({ "url": postgres.url() }));
    hostile_values_stay_values(&step, "create table notes (owner text, body text)").await;
    what_is_not_run(&step).await;
    // Also where the name of a table or a setting is taken from a value.
    let found = query(
        &step,
        "select set_config('application_name', $1, true) as name",
        json!(["x'; drop table notes"]),
    )
    .await;
    assert_eq!(only(&found), "x'; drop table notes");
    // Nothing that a statement does to its connection is there for the next one.
    let name = query(
        &step,
        "select current_setting('application_name') as name",
        json!([]),
    )
    .await;
    assert_eq!(only(&name), "lockgate");
    execute(&step, "create sequence numbers", json!([])).await;
    for (statement, expected) in [
        (
            "select set_config('transaction_read_only', 'off', false) as a",
            "25001",
        ),
        ("select nextval('numbers') as a", "25006"),
    ] {
        let error = step
            .call(&SqlQuery, json!({ "statement": statement }))
            .await
            .unwrap_err();
        assert_eq!(error.provider.unwrap()["sqlstate"], expected, "{statement}");
    }
}

#[tokio::test]
async fn results_have_bounds() {
    let Some(postgres) = Postgres::start() else { return };
    let step = step(json!({ "url": postgres.url() }));
    results_are_capped(&step, SERIES).await;
    results_are_bounded(&step, "repeat('x', {n})").await;
}

#[tokio::test]
async fn every_type_goes_both_ways() {
    let Some(postgres) = Postgres::start() else { return };
    let step = step(json!({ "url": postgres.url() }));
    for statement in [
        "create type mood as enum ('sad', 'it''s ok')",
        "create domain age as int4 check (value > 17)",
        "create type pair as (a int4, b text)",
        "create extension if not exists citext",
    ] {
        // Debian has the extensions in a package of its own in some releases.
        let _ = step.call(&SqlExecute, json!({ "statement": statement })).await;
    }
    // type, value in, value out where it is another one
    let same = Value::Null;
    for (name, given, expected) in [
        ("bool", json!(true), &same),
        ("int2", json!(-32_768), &same),
        ("int4", json!(2_147_483_647), &same),
        ("int8", json!(9_223_372_036_854_775_807_i64), &same),
        ("int8", json!(9_007_199_254_740_993_i64), &same),
        ("oid", json!(4_294_967_295_u32), &same),
        ("float4", json!(0.1), &same),
        ("float8", json!(0.1), &same),
        ("float8", json!(1e-300), &same),
        ("float8", json!("NaN"), &same),
        ("float4", json!("-Infinity"), &same),
        ("float8", json!(3), &json!(3.0)),
        (
            "numeric",
            json!("123456789012345678901234567890.123456789"),
            &same,
        ),
        ("numeric", json!("-0.00010"), &same),
        ("numeric", json!(12.5), &json!("12.5")),
        ("numeric", json!(7), &json!("7")),
        ("numeric", json!("NaN"), &same),
        ("numeric(10,2)", json!("1e3"), &json!("1000.00")),
        ("text", json!("Grüße 𝒹\n'\\"), &same),
        ("text", json!(""), &same),
        ("varchar", json!("a"), &same),
        ("char(3)", json!("a"), &json!("a  ")),
        ("\"char\"", json!("a"), &same),
        ("name", json!("a"), &same),
        ("mood", json!("it's ok"), &same),
        ("age", json!(18), &same),
        ("json", json!({ "b": [1, null, "x"], "a": {} }), &same),
        ("jsonb", json!({ "b": [1, null, "x"], "a": {} }), &same),
        ("jsonb", json!([1, [2]]), &same),
        ("jsonb", json!("text"), &same),
        ("jsonb", json!(false), &same),
        ("uuid", json!("0123abcd-4567-89ab-cdef-0123456789ab"), &same),
        (
            "uuid",
            json!("0123ABCD456789ABCDEF0123456789AB"),
            &json!("0123abcd-4567-89ab-cdef-0123456789ab"),
        ),
        ("bytea", json!("AP8QAA=="), &same),
        ("bytea", json!(""), &same),
        ("timestamptz", json!("2030-01-31T12:00:00.123456Z"), &same),
        (
            "timestamptz",
            json!("2030-01-31T12:00:00+02:00"),
            &json!("2030-01-31T10:00:00Z"),
        ),
        ("timestamptz", json!("1969-12-31T23:59:59.999999Z"), &same),
        ("timestamptz", json!("infinity"), &same),
        ("timestamp", json!("1999-12-31T23:59:59.5"), &same),
        ("timestamp", json!("2030-01-31T12:00:00"), &same),
        ("date", json!("1815-12-10"), &same),
        ("date", json!("2030-02-28"), &same),
        ("date", json!("-infinity"), &same),
        ("time", json!("23:59:59.000001"), &same),
        ("time", json!("24:00:00"), &same),
        ("int4[]", json!([1, null, 3]), &same),
        ("int4[]", json!([]), &same),
        ("int4[]", json!([[1, 2], [3, null]]), &same),
        ("text[]", json!(["a", "", "{\"}", null]), &same),
        ("jsonb[]", json!([{ "a": [1] }, [1, 2]]), &same),
        ("mood[]", json!(["sad"]), &same),
        ("uuid[]", json!(["0123abcd-4567-89ab-cdef-0123456789ab"]), &same),
    ] {
        let expected = if expected.is_null() { &given } else { expected };
        let found = query(&step, &format!("select $1::{name} as value"), json!([given])).await;
        assert_eq!(only(&found), expected, "{name}");
        // As PostgreSQL itself reads and writes it: through its own text.
        let again = query(
            &step,
            &format!("select ($1::{name})::text::{name} as value"),
            json!([given]),
        )
        .await;
        assert_eq!(only(&again), expected, "{name}");
        assert_eq!(
            only(&query(&step, &format!("select $1::{name} as value"), json!([null])).await),
            &json!(null),
            "{name}"
        );
    }
    for (expression, expected) in [
        ("'10:00:00+01:30'::timetz", json!("10:00:00+01:30")),
        ("'10:00:00.5-08'::timetz", json!("10:00:00.5-08:00")),
        (
            "'1 year 2 months 3 days 04:05:06.7'::interval",
            json!("P1Y2M3DT4H5M6.7S"),
        ),
        ("'-1 month 2 days -00:00:00.5'::interval", json!("P-1M2DT-0.5S")),
        ("'0'::interval", json!("PT0S")),
        ("$1::text::interval", json!("PT1H")),
        ("'10.0.0.0/8'::cidr", json!("10.0.0.0/8")),
        ("'10.1.2.3/8'::inet", json!("10.1.2.3/8")),
        ("'::1'::inet", json!("::1")),
        ("'08:00:2b:01:02:03'::macaddr", json!("08:00:2b:01:02:03")),
        ("'1e-10'::numeric", json!("0.0000000001")),
        ("10000::numeric", json!("10000")),
        ("'{{1,2},{3,4}}'::numeric[]", json!([["1", "2"], ["3", "4"]])),
        ("'[5:6]={1,2}'::int4[]", json!([1, 2])),
        ("pg_sleep(0)", json!(null)),
        ("xpath_exists('a', '<a/>')", json!(true)),
    ] {
        let parameters = if expression.contains("$1") {
            json!(["1 hour"])
        } else {
            json!([])
        };
        let found = query(&step, &format!("select {expression} as value"), parameters).await;
        assert_eq!(only(&found), &expected, "{expression}");
    }
    // The interval that is written is one that PostgreSQL reads.
    let same = query(
        &step,
        "select 'P-1M2DT-0.5S'::interval = '-1 month 2 days -00:00:00.5'::interval as same",
        json!([]),
    )
    .await;
    assert_eq!(only(&same), &json!(true));

    for (name, given) in [
        ("int4", json!("1")),
        ("int4", json!(1.0)),
        ("int4", json!(2_147_483_648_i64)),
        ("int2", json!(40_000)),
        ("bool", json!(1)),
        ("text", json!(1)),
        ("text", json!({})),
        ("text", json!("a\0b")),
        ("numeric", json!("1,5")),
        ("float8", json!("1")),
        ("uuid", json!("canary")),
        ("bytea", json!("%canary")),
        ("timestamptz", json!("2030-01-31T12:00:00")),
        ("timestamp", json!("2030-01-31T12:00:00Z")),
        ("timestamp", json!("2030-01-31T12:00:00-05:00")),
        ("date", json!("2030-02-30")),
        ("date", json!("2030-01-31T12:00:00Z")),
        ("time", json!("12:00:00Z")),
        ("int4[]", json!(1)),
        ("int4[]", json!([[1], [1, 2]])),
        ("int4[]", json!([[1], 2])),
        ("int4[]", json!(["1"])),
        // These two the server refuses.
        ("mood", json!("canary")),
        ("age", json!(17)),
    ] {
        let input = json!({ "statement": format!("select $1::{name} as value"), "parameters": [given] });
        let error = step.call(&SqlQuery, input).await.unwrap_err();
        assert!(
            matches!(&*error.code, "invalid_value" | "check_violation"),
            "{name} {given}: {error:?}"
        );
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
    for (statement, parameters) in [
        ("select row(1, 'a')::pair as a", json!([])),
        ("select int4range(1, 2) as a", json!([])),
        ("select point(1, 2) as a", json!([])),
        ("select $1::int4range::text as a", json!(["[1,2)"])),
        ("select $1::point::text as a", json!(["(1,2)"])),
    ] {
        let input = json!({ "statement": statement, "parameters": parameters });
        assert_eq!(
            code(&step.call(&SqlQuery, input).await.unwrap_err()),
            ("unsupported_type", &Retry::Never),
            "{statement}"
        );
    }
}

fn step_as_reader(postgres: &Postgres) -> LoneStep {
    step(json!({ "url": postgres.url().replace("postgres@", "reader@") }))
}

#[tokio::test]
async fn what_the_tables_refuse_has_a_code() {
    let Some(postgres) = Postgres::start() else { return };
    let step = step(json!({ "url": postgres.url() }));
    for statement in [
        "create table people (id int4 primary key, email text not null constraint one_email unique, \
         age int4 constraint grown check (age > 17), friend int4 constraint friends references people (id) \
         deferrable initially deferred, during int4range, exclude using gist (during with &&))",
        "create function no_eve() returns trigger language plpgsql as $f$ begin if new.email = 'eve' then raise \
         exception 'not %', new.email; end if; return new; end $f$",
        "create trigger no_eve before insert on people for each row execute function no_eve()",
        "create role reader login",
    ] {
        execute(&step, statement, json!([])).await;
    }
    let insert = "insert into people values ($1, $2, $3, $4, $5::text::int4range)";
    execute(&step, insert, json!([1, "ada", 36, null, "[1,5)"])).await;
    for (values, expected, what, name) in [
        (
            json!([1, "canary", 36, null, null]),
            "unique_violation",
            "constraint",
            "people_pkey",
        ),
        (
            json!([2, "ada", 36, null, null]),
            "unique_violation",
            "constraint",
            "one_email",
        ),
        (
            json!([2, null, 36, null, null]),
            "not_null_violation",
            "column",
            "email",
        ),
        (
            json!([2, "canary", 7, null, null]),
            "check_violation",
            "constraint",
            "grown",
        ),
        // Found by the commit.
        (
            json!([2, "canary", 36, 99, null]),
            "foreign_key_violation",
            "constraint",
            "friends",
        ),
        (
            json!([2, "canary", 36, null, "[4,9)"]),
            "exclusion_violation",
            "table",
            "people",
        ),
        (json!([2, "eve", 36, null, null]), "raised", "sqlstate", "P0001"),
        (
            json!([2, "canary", 36, null, "canary"]),
            "invalid_value",
            "sqlstate",
            "22P02",
        ),
    ] {
        let input = json!({ "statement": insert, "parameters": values });
        let error = step.call(&SqlExecute, input).await.unwrap_err();
        assert_eq!(code(&error), (expected, &Retry::Never), "{values}: {error:?}");
        assert_eq!(error.provider.as_ref().unwrap()[what], name, "{error:?}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
    assert_eq!(
        only(&query(&step, "select count(*) as n from people", json!([])).await),
        &json!(1)
    );
    let error = step
        .call(&SqlQuery, json!({ "statement": "select 1 / 0 as a" }))
        .await
        .unwrap_err();
    assert_eq!(code(&error), ("invalid_value", &Retry::Never));
    // Whoever becomes somebody else is it until the end of the step.
    let other = "select set_config('role', 'reader', false) as role";
    assert_eq!(only(&query(&step, other, json!([])).await), "reader");
    execute(&step, "grant select on people to reader", json!([])).await;
    let reader = step_as_reader(&postgres);
    let input = json!({ "statement": "delete from people" });
    assert_eq!(
        code(&reader.call(&SqlExecute, input).await.unwrap_err()),
        ("permission_denied", &Retry::Never)
    );
    // What does not change rows says so.
    assert_eq!(
        execute(&step, "create table other (a int4)", json!([])).await["affected"],
        0
    );
    assert_eq!(execute(&step, "select 1 as a", json!([])).await["affected"], 0);
    assert_eq!(
        execute(&step, "insert into other select generate_series(1, 5)", json!([])).await["affected"],
        5
    );
    assert_eq!(
        execute(&step, "update other set a = 0 where a < 3", json!([])).await["affected"],
        2
    );
    // A table that changes under a statement that has run before.
    let all = "select * from other order by a limit 1";
    assert_eq!(query(&step, all, json!([])).await["columns"], json!(["a"]));
    execute(&step, "alter table other add column b text", json!([])).await;
    assert_eq!(query(&step, all, json!([])).await["columns"], json!(["a", "b"]));
}

#[tokio::test]
async fn a_statement_ends_with_its_time_and_leaves_nothing() {
    let Some(postgres) = Postgres::start() else { return };
    let url = postgres.url();
    let step = step(json!({ "url": url, "max_connections": 2 }));
    execute(&step, "create table t (n int4)", json!([])).await;
    let slow = "with slept as (select pg_sleep(60)) insert into t select 1 from slept";
    let began = Instant::now();
    let error = step
        .call(&SqlExecute, json!({ "statement": slow, "timeout": "100ms" }))
        .await
        .unwrap_err();
    assert_eq!(code(&error), ("timeout", &NOTHING));
    assert_eq!(error.provider.unwrap()["sqlstate"], "57014");
    // Whoever goes away leaves no lock behind.
    let locked = json!({ "statement": "with slept as (select pg_sleep(0.3)) update t set n = 2 from slept", "timeout": "1s" });
    execute(&step, "insert into t values (1)", json!([])).await;
    let dropped = tokio::time::timeout(Duration::from_millis(50), step.call(&SqlExecute, locked)).await;
    assert!(dropped.is_err());
    assert_eq!(
        execute(&step, "update t set n = 3", json!([])).await["affected"],
        1
    );
    assert_eq!(only(&query(&step, "select n from t", json!([])).await), &json!(3));
    // Nor does it keep the connection from others, for as long as the server goes on.
    let narrow = self::step(json!({ "url": url, "max_connections": 1 }));
    let asleep = json!({ "statement": "select pg_sleep(60)", "timeout": "1m" });
    let dropped = tokio::time::timeout(Duration::from_millis(200), narrow.call(&SqlQuery, asleep)).await;
    assert!(dropped.is_err());
    assert_eq!(only(&query(&narrow, "select 1 as a", json!([])).await), &json!(1));
    assert!(began.elapsed() < Duration::from_secs(20));

    // Two that wait for each other: one of them is told, and nothing of it has happened.
    execute(
        &step,
        "create table pairs (id int4 primary key, n int4)",
        json!([]),
    )
    .await;
    execute(&step, "insert into pairs values (1, 0), (2, 0)", json!([])).await;
    let both = |first: i32, second: i32| {
        format!(
            "with one as (update pairs set n = n + 1 where id = {first} returning id), slept as (select pg_sleep(0.2) from \
             one), two as (select id from pairs, slept where id = {second} for update) select id from two"
        )
    };
    let deadlock =
        [both(1, 2), both(2, 1)].map(|statement| step.call(&SqlExecute, json!({ "statement": statement })));
    let results = futures_util::future::join_all(deadlock).await;
    let failed: Vec<_> = results
        .iter()
        .filter_map(|result| result.as_ref().err())
        .collect();
    assert_eq!(failed.len(), 1, "{results:?}");
    assert_eq!(code(failed[0]), ("serialization_failure", &NOTHING));
    let sum = query(&step, "select sum(n)::int4 as n from pairs", json!([])).await;
    assert_eq!(only(&sum), &json!(1));
}

#[tokio::test]
async fn connections_are_what_their_settings_say() {
    let Some(postgres) = Postgres::start() else { return };
    let one = json!({ "statement": "select ssl from pg_stat_ssl where pid = pg_backend_pid()" });
    let full = format!("{}?sslmode=verify-full", postgres.url_at("localhost"));
    for (settings, expected) in [
        (json!({ "url": postgres.url() }), Ok(false)),
        (json!({ "url": postgres.url_at("localhost") }), Ok(true)),
        (
            json!({ "url": format!("{}?sslmode=disable", postgres.url_at("127.0.0.1")) }),
            Ok(false),
        ),
        (json!({ "url": full, "ca_file": CERTIFICATE }), Ok(true)),
        (json!({ "url": full }), Err("tls_failed")),
        (
            json!({ "url": full.replace("localhost", "127.0.0.1"), "ca_file": CERTIFICATE }),
            Err("tls_failed"),
        ),
        (
            json!({ "url": full.replace("battery", "wrong").replace("verify-full", "require") }),
            Err("authentication_failed"),
        ),
        (
            json!({ "url": format!("{}-nowhere", postgres.url()) }),
            Err("unavailable"),
        ),
    ] {
        let step = step(settings.clone());
        match (step.call(&SqlQuery, one.clone()).await, expected) {
            (Ok(result), Ok(expected)) => assert_eq!(only(&result), &json!(expected), "{settings}"),
            (Err(error), Err(expected)) => {
                assert_eq!(code(&error), (expected, &Retry::Never), "{settings}: {error:?}");
                assert!(!format!("{error:?}").contains("staple"), "{error:?}");
            }
            (found, _) => panic!("{settings}: {found:?}"),
        }
    }
    let reader = step(json!({ "url": postgres.url(), "read_only": true }));
    let error = reader
        .call(&SqlExecute, json!({ "statement": "create table t (a int4)" }))
        .await
        .unwrap_err();
    assert_eq!(code(&error), ("read_only", &Retry::Never));

    // More steps than connections wait for each other.
    let narrow = step(json!({ "url": postgres.url(), "max_connections": 2 }));
    let sleeping = (0..6).map(|_| {
        query(
            &narrow,
            "select pg_sleep(0.02), pg_backend_pid() as pid",
            json!([]),
        )
    });
    let mut seen: Vec<_> = futures_util::future::join_all(sleeping)
        .await
        .iter()
        .map(|result| result["rows"][0]["pid"].as_i64().unwrap())
        .collect();
    seen.sort_unstable();
    seen.dedup();
    assert!(seen.len() <= 2, "{seen:?}");

    // A connection that was cut off meanwhile does no harm; a server that is gone is no doubt.
    let admin = step(json!({ "url": postgres.url() }));
    let ended = "select count(pg_terminate_backend(pid)) as n from pg_stat_activity where pid <> pg_backend_pid() and \
                 backend_type = 'client backend'";
    query(&admin, ended, json!([])).await;
    query(&narrow, "select 1 as a", json!([])).await;
    drop(postgres);
    let input = json!({ "statement": "select 1 as a", "timeout": "200ms" });
    for step in [&narrow, &admin] {
        assert_eq!(
            code(&step.call(&SqlQuery, input.clone()).await.unwrap_err()),
            ("unavailable", &NOTHING)
        );
    }
    let input = json!({ "statement": "create table t (a int4)", "timeout": "200ms" });
    assert_eq!(
        code(&admin.call(&SqlExecute, input).await.unwrap_err()),
        ("unavailable", &NOTHING)
    );
}

/// What the way to the server does with a message that has a word in it.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// It arrives; the answer does not.
    LoseAnswer,
    /// It does not arrive.
    LoseMessage,
    /// It does not arrive, and nobody notices.
    Silence,
    /// It has not arrived when the server gives up waiting.
    Late,
}

/// A way to the server that fails at one message. Gives the port where it begins.
async fn way(to: u16, word: &'static str, fault: Fault) -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    #[allow(clippy::disallowed_methods)] // the test ends it
    let task = tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
            let (mut up, mut down) = ([0; 16_384], [0; 16_384]);
            loop {
                tokio::select! {
                    read = client.read(&mut up) => {
                        let message = &up[..read.unwrap_or(0)];
                        let is_it = message.windows(word.len()).any(|window| window == word.as_bytes());
                        if message.is_empty() {
                            break;
                        }
                        match fault {
                            Fault::LoseAnswer if is_it => {
                                server.write_all(message).await.unwrap();
                                // It has been carried out when the server has answered.
                                let _ = server.read(&mut down).await;
                                break;
                            }
                            Fault::LoseMessage if is_it => break,
                            Fault::Silence if is_it => std::future::pending().await,
                            Fault::Late if is_it => {
                                let read = server.read(&mut down).await.unwrap();
                                client.write_all(&down[..read]).await.unwrap();
                                break;
                            }
                            _ => server.write_all(message).await.unwrap(),
                        }
                    }
                    read = server.read(&mut down) => {
                        let answer = &down[..read.unwrap_or(0)];
                        if answer.is_empty() || client.write_all(answer).await.is_err() {
                            break;
                        }
                    }
                }
            }
        }
    });
    (port, task)
}

#[tokio::test]
async fn where_it_broke_decides_what_is_known() {
    let Some(postgres) = Postgres::start() else { return };
    let admin = step(json!({ "url": postgres.url() }));
    execute(&admin, "create table t (n int4)", json!([])).await;
    let mut done = 0;
    for (word, fault, expected, known, happens) in [
        ("BEGIN", Fault::LoseAnswer, "unavailable", NOTHING, 0),
        ("insert", Fault::LoseMessage, "unavailable", NOTHING, 0),
        ("insert", Fault::LoseAnswer, "unavailable", NOTHING, 0),
        ("insert", Fault::Silence, "timeout", NOTHING, 0),
        ("COMMIT", Fault::LoseAnswer, "unconfirmed", Retry::Transient, 1),
        ("COMMIT", Fault::LoseMessage, "unconfirmed", Retry::Transient, 0),
        ("COMMIT", Fault::Silence, "unconfirmed", Retry::Transient, 0),
        ("COMMIT", Fault::Late, "timeout", NOTHING, 0),
    ] {
        // Where the limit is not what is looked at, a slow machine must not meet it.
        let limit = match fault {
            Fault::LoseAnswer | Fault::LoseMessage => "10s",
            Fault::Silence | Fault::Late => "500ms",
        };
        for idempotent in [false, true] {
            let (port, task) = way(postgres.port, word, fault).await;
            let url = format!("{}?sslmode=disable", Postgres::url_behind("127.0.0.1", port));
            let step = step(json!({ "url": url }));
            let input = json!({ "statement": "insert into t values (1)", "timeout": limit, "idempotent": idempotent });
            let error = step.call(&SqlExecute, input).await.unwrap_err();
            let known = if idempotent { NOTHING } else { known };
            assert_eq!(code(&error), (expected, &known), "{fault:?} at {word}: {error:?}");
            done += happens;
            let count = query(&admin, "select count(*) as n from t", json!([])).await;
            assert_eq!(only(&count), &json!(done), "{fault:?} at {word}");
            task.abort();
        }
    }
}
