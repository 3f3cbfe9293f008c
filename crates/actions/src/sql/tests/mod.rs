//! Both databases, through the actions.

#[cfg(unix)]
mod postgres;
mod sqlite;

use std::sync::Arc;

use lockgate_engine::action::{ActionError, Retry};
use lockgate_engine::clock::SystemClock;
use lockgate_engine::connection::Opening;
use lockgate_engine::testing::LoneStep;
use serde_json::{Value, json};

use super::action::{SqlExecute, SqlQuery};
use super::settings::Database;

fn step(settings: Value) -> LoneStep {
    let Value::Object(settings) = settings else {
        panic!("no settings")
    };
    let opening = Opening {
        name: "shop",
        settings: &settings,
        clock: Arc::new(SystemClock::new()),
    };
    LoneStep::on(SystemClock::new()).with_connection(Database::open(&opening).unwrap())
}

async fn execute(step: &LoneStep, statement: &str, parameters: Value) -> Value {
    let input = json!({ "statement": statement, "parameters": parameters });
    step.call(&SqlExecute, input)
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error:?}"))
}

async fn query(step: &LoneStep, statement: &str, parameters: Value) -> Value {
    let input = json!({ "statement": statement, "parameters": parameters });
    step.call(&SqlQuery, input)
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error:?}"))
}

/// The one value of a result.
fn only(result: &Value) -> &Value {
    assert_eq!(
        (&result["row_count"], result["columns"].as_array().unwrap().len()),
        (&json!(1), 1),
        "{result}"
    );
    result["rows"][0].as_object().unwrap().values().next().unwrap()
}

fn code(error: &ActionError) -> (&str, &Retry) {
    (&error.code, &error.retry)
}

const NOTHING: Retry = Retry::NothingHappened { after: None };

/// Texts that would be something else if they got into a statement.
const HOSTILE: &[&str] = &[
    "'",
    "''",
    "\"",
    "\\",
    "\\'",
    "'; drop table notes; --",
    "'); delete from notes where ('1'='1",
    "' or '1'='1",
    "1; update notes set owner = 'eve'",
    "x' union select owner from notes --",
    "$1",
    ":owner",
    "$$; drop table notes; $$",
    "/* */ -- ",
    "{{input.email}}",
    "%_",
    "E'\\x27'",
    "\u{2019} or 1=1",
    "ʼ",
    "a\r\nb\tc",
    "line\u{2028}end",
    "𝒹𝓇ℴ𝓅",
    "",
    "null",
];

/// Every hostile text, as every sort of parameter: what goes in comes out, and nothing else happens.
async fn hostile_values_stay_values(step: &LoneStep, create: &str) {
    execute(step, create, json!([])).await;
    execute(
        step,
        "insert into notes (owner, body) values ($1, $2)",
        json!(["ada", "kept"]),
    )
    .await;
    for (number, text) in HOSTILE.iter().enumerate() {
        let owner = format!("owner {number}");
        let inserted = execute(
            step,
            "insert into notes (owner, body) values ($1, $2) returning body",
            json!([owner, text]),
        )
        .await;
        assert_eq!(
            (only(&inserted), &inserted["affected"]),
            (&json!(text), &json!(1))
        );
        // By number, by name, and where it is looked for.
        let found = query(
            step,
            "select body from notes where owner = :owner",
            json!({ "owner": owner }),
        )
        .await;
        assert_eq!(only(&found), &json!(text));
        let found = query(
            step,
            "select owner from notes where body = $1 and owner = $2",
            json!([text, owner]),
        )
        .await;
        assert_eq!(only(&found), &json!(owner));
        let nobody = query(step, "select body from notes where owner = $1", json!([text])).await;
        assert_eq!(nobody["row_count"], 0, "{text}");
        let updated = execute(step, "update notes set owner = $1 where body = $1", json!([text])).await;
        assert_eq!(updated["affected"], 1, "{text}");
    }
    let kept = query(step, "select body from notes where owner = 'ada'", json!([])).await;
    assert_eq!(only(&kept), "kept");
    let all = query(step, "select count(*) as n from notes", json!([])).await;
    assert_eq!(only(&all), &json!(HOSTILE.len() + 1));
}

/// What is refused before the database hears of it.
async fn what_is_not_run(step: &LoneStep) {
    for (input, expected) in [
        (json!({ "statement": "select 1; select 2" }), "invalid_statement"),
        (
            json!({ "statement": "select 1; drop table notes" }),
            "invalid_statement",
        ),
        (
            json!({ "statement": "select 1 /* ' */ ; drop table notes --'" }),
            "invalid_statement",
        ),
        (json!({ "statement": "" }), "invalid_statement"),
        (json!({ "statement": "commit" }), "invalid_statement"),
        (json!({ "statement": "select 1 /*" }), "invalid_statement"),
        (json!({ "statement": "select $1" }), "invalid_parameters"),
        (
            json!({ "statement": "select $1", "parameters": [1, 2] }),
            "invalid_parameters",
        ),
        (
            json!({ "statement": "select :a", "parameters": { "b": 1 } }),
            "invalid_parameters",
        ),
        (
            json!({ "statement": "select 1 as a, 2 as a" }),
            "duplicate_column",
        ),
        (json!({ "statement": "selec 1" }), "syntax_error"),
        (json!({ "statement": "select * from nowhere" }), "syntax_error"),
        (
            json!({ "statement": "select nothing from notes" }),
            "syntax_error",
        ),
        (json!({ "statement": "delete from notes" }), "read_only"),
        // What does not begin as one that writes is stopped by the database.
        (
            json!({ "statement": "with gone as (select 1) insert into notes (owner) select 'x' from gone" }),
            "read_only",
        ),
    ] {
        let error = step.call(&SqlQuery, input.clone()).await.unwrap_err();
        assert_eq!(code(&error), (expected, &Retry::Never), "{input}: {error:?}");
    }
    // What the reading of statements lets through, the databases refuse.
    let input = json!({ "statement": "create table a (a int); drop table notes" });
    let error = step.call(&SqlExecute, input).await.unwrap_err();
    assert!(
        matches!(&*error.code, "syntax_error" | "invalid_statement"),
        "{error:?}"
    );
    let count = query(step, "select count(*) as n from notes", json!(null)).await;
    assert_eq!(only(&count), &json!(HOSTILE.len() + 1));
}

/// Rows are capped, and what writes is done whole all the same.
async fn results_are_capped(step: &LoneStep, series: &str) {
    let input = |statement: &str, limit: usize| json!({ "statement": statement, "limit": limit });
    for (limit, row_count, truncated) in [(1, 1, true), (9, 9, true), (10, 10, false), (11, 10, false)] {
        let statement = series.replace("{n}", "10");
        let result = step.call(&SqlQuery, input(&statement, limit)).await.unwrap();
        assert_eq!(
            (
                &result["row_count"],
                &result["truncated"],
                result["rows"].as_array().unwrap().len()
            ),
            (&json!(row_count), &json!(truncated), row_count),
            "{limit}"
        );
        assert_eq!(result["rows"][0], json!({ "n": 1 }));
    }
    // A hundred where nothing is said; and far more than fits into memory is no problem.
    let endless = series.replace("{n}", "1000000000");
    let result = step
        .call(&SqlQuery, json!({ "statement": endless }))
        .await
        .unwrap();
    assert_eq!(
        (&result["row_count"], &result["truncated"]),
        (&json!(100), &json!(true))
    );
    // The connection that was stopped in the middle does not disturb the next step.
    assert_eq!(only(&query(step, "select 7 as n", json!([])).await), &json!(7));

    execute(step, "create table many (n integer)", json!([])).await;
    let statement = format!("insert into many {} returning n", series.replace("{n}", "500"));
    let written = step.call(&SqlExecute, input(&statement, 3)).await.unwrap();
    assert_eq!(
        (&written["row_count"], &written["truncated"], &written["affected"]),
        (&json!(3), &json!(true), &json!(500))
    );
    assert_eq!(
        only(&query(step, "select count(*) as n from many", json!([])).await),
        &json!(500)
    );
}

/// A value and a result that are too large; what wrote is undone.
async fn results_are_bounded(step: &LoneStep, megabytes: &str) {
    execute(step, "create table large (body text)", json!([])).await;
    for (statement, expected) in [
        (
            format!("select {megabytes} as body").replace("{n}", "1048576"),
            None,
        ),
        (
            format!("select {megabytes} as body").replace("{n}", "1048577"),
            Some("too_large"),
        ),
    ] {
        let found = step.call(&SqlQuery, json!({ "statement": statement })).await;
        assert_eq!(
            found.err().map(|error| error.code.into_owned()).as_deref(),
            expected,
            "{statement}"
        );
    }
    let statement =
        format!("insert into large values ({megabytes}) returning body").replace("{n}", "1048577");
    let error = step
        .call(&SqlExecute, json!({ "statement": statement }))
        .await
        .unwrap_err();
    assert_eq!(code(&error), ("too_large", &Retry::Never));
    assert_eq!(
        only(&query(step, "select count(*) as n from large", json!([])).await),
        &json!(0)
    );
    // Each is small enough; together they are not.
    let body = megabytes.replace("{n}", "900000");
    let statement = format!("select {body} as a, {body} as b, {body} as c, {body} as d, {body} as e");
    let error = step
        .call(&SqlQuery, json!({ "statement": statement }))
        .await
        .unwrap_err();
    assert_eq!(code(&error), ("too_large", &Retry::Never));
}
