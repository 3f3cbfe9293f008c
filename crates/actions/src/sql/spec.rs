//! What `sql.query` and `sql.execute` declare, and what `check` finds in a known input.

use std::sync::{Arc, LazyLock};

use lockgate_flow::catalog::{ActionSpec, Effect, ErrorSpec, Group, InputProblem, KnownInput};
use lockgate_flow::duration::parse_duration;
use lockgate_flow::schema::Schema;
use serde_json::{Value, json};

use super::call::{MOST_ROWS, Parameters, USUAL_ROWS};
use super::settings::CONNECTION_TYPE;
use super::statement::Statement;

pub(super) static QUERY: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        docs: format!("{QUERY_DOCS}\n\n{DOCS}").into(),
        group: Group::Business,
        input: Schema::new(input(Effect::Read)),
        output: Schema::new(output(Effect::Read)),
        errors: [READ_ERRORS, ERRORS].concat(),
        connection: Some(CONNECTION_TYPE.into()),
        check: Some(check_query),
        example: "id: orders\naction: sql.query\nconnection: shop\nwith:\n  statement: select id, total from orders where \
                  email = :email order by id desc\n  parameters: { email: \"{{input.email}}\" }\n  limit: 10\n"
            .into(),
        ..ActionSpec::new("sql.query", Effect::Read, "Reads rows from PostgreSQL or SQLite")
    })
});

pub(super) static EXECUTE: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        docs: format!("{EXECUTE_DOCS}\n\n{DOCS}").into(),
        group: Group::Business,
        input: Schema::new(input(Effect::Once)),
        output: Schema::new(output(Effect::Once)),
        errors: [ERRORS, WRITE_ERRORS].concat(),
        connection: Some(CONNECTION_TYPE.into()),
        check: Some(check_execute),
        example: "id: subscribed\naction: sql.execute\nconnection: shop\nwith:\n  statement: |\n    insert into subscribers \
                  (email, plan) values ($1, $2)\n    on conflict (email) do update set plan = excluded.plan\n    returning \
                  id\n  parameters: [\"{{input.email}}\", \"{{input.plan}}\"]\n  idempotent: true\n"
            .into(),
        ..ActionSpec::new(
            "sql.execute",
            Effect::Once,
            "Runs a statement that writes, on PostgreSQL or SQLite",
        )
    })
});

const QUERY_DOCS: &str = "\
The statement runs in a transaction that the database itself keeps from writing (`READ ONLY`, `query_only`); it may be \
repeated for that reason. What writes is `sql.execute`.";

const EXECUTE_DOCS: &str = "\
The statement runs in a transaction of its own: all of it happens, or nothing. `returning` gives rows.

What may be repeated: everything that failed before the commit, because nothing has happened then; of these \
`serialization_failure`, `unavailable` and `timeout` are repeated by the step's `retry`. Where the answer to the commit is lost, nobody can \
tell: that fails with `unconfirmed` and is not repeated, and a crash at that point ends the run in doubt. `idempotent: \
true` says that a repeat leaves the same state, as `on conflict do update`, `delete` and most `update`s do: then both are repeated. \
Statements that cannot run in a transaction (`vacuum`, `create database`) cannot run here.";

const DOCS: &str = "\
Values go beside the statement, as `$1`, `$2` with a list or `:name` with a map, and never into it: a `statement` with an \
expression in it is an error of `check`. One statement, no more. Statements that change the connection (`begin`, `set`, \
`pragma`, `attach` …) are refused.

A value becomes what the parameter's type asks for. PostgreSQL tells the type; a value that does not fit fails with `invalid_value` \
before anything runs. Types and JSON, both ways:

| PostgreSQL | JSON |
|---|---|
| `bool` | boolean |
| `int2`, `int4`, `int8`, `oid` | integer, exact also beyond 2⁵³ |
| `float4`, `float8` | number; `\"NaN\"`, `\"Infinity\"`, `\"-Infinity\"` as text |
| `numeric` | text, exact; a number is taken, too |
| `text`, `varchar`, `char`, `name`, `citext`, enums | text |
| `json`, `jsonb` | the value |
| `uuid` | text |
| `bytea` | text in base64 |
| `timestamptz` | text, RFC 3339 in UTC |
| `timestamp`, `date`, `time`, `timetz` | text, `2030-01-31T12:00:00`, `2030-01-31`, `12:00:00`, `12:00:00+01:00` |
| `interval` | text, ISO 8601 like `P1Y2M3DT4H5M6S`; as a parameter, write `$1::text::interval` |
| `inet`, `cidr`, `macaddr` | text; as a parameter, write `$1::text::inet` |
| arrays | lists, in lists for each further dimension |
| `NULL` | null |

Other types fail with `unsupported_type` before anything runs: cast them to `text`. SQLite: `INTEGER` and `REAL` are numbers, \
`TEXT` is text, `BLOB` is text in base64 (for a parameter write `unhex($1)`); booleans become 0 and 1, lists and maps \
JSON text.

No more rows are read than `limit`; `truncated` says that there were more. A value may have 1 MiB, all together 4 MiB. The \
database stops the statement after `timeout`.

Errors name constraints, tables and columns in `error.provider` (`sqlstate`, `constraint`, `table`, `column`), and never quote a value.";

const READ_ERRORS: &[ErrorSpec] = &[];

const WRITE_ERRORS: &[ErrorSpec] = &[
    ErrorSpec::new(
        "unique_violation",
        409,
        "a row with the same key is there already",
    ),
    ErrorSpec::new(
        "exclusion_violation",
        409,
        "a row that excludes this one is there already",
    ),
    ErrorSpec::new(
        "foreign_key_violation",
        409,
        "a row that is referred to is not there, or one is still referred to",
    ),
    ErrorSpec::new("check_violation", 422, "a `CHECK` of the table refuses the row"),
    ErrorSpec::new("not_null_violation", 422, "a column that needs a value got none"),
    ErrorSpec::new(
        "unconfirmed",
        502,
        "the answer to the commit was lost: the statement may have happened",
    ),
];

const ERRORS: &[ErrorSpec] = &[
    ErrorSpec::new(
        "invalid_value",
        422,
        "a value does not fit the type of its parameter or column",
    ),
    ErrorSpec::new(
        "raised",
        422,
        "a function or trigger of the database raised an error",
    ),
    ErrorSpec::new(
        "invalid_statement",
        500,
        "the statement is none, or is more than one, or begins with what is refused",
    ),
    ErrorSpec::new(
        "syntax_error",
        500,
        "the database does not understand the statement, or a table, column or function in it is not there",
    ),
    ErrorSpec::new(
        "invalid_parameters",
        500,
        "values and parameters do not go together",
    ),
    ErrorSpec::new(
        "unsupported_type",
        500,
        "a column or a parameter has a type that has no place in JSON",
    ),
    ErrorSpec::new("duplicate_column", 500, "two columns of the result have one name"),
    ErrorSpec::new(
        "read_only",
        500,
        "the statement writes where only reading is allowed",
    ),
    ErrorSpec::new("permission_denied", 500, "the connection's user may not do it"),
    ErrorSpec::new(
        "authentication_failed",
        502,
        "the database does not let the connection's user in",
    ),
    ErrorSpec::new(
        "tls_failed",
        502,
        "no encrypted connection: the certificate is not trusted, or there is no TLS",
    ),
    ErrorSpec::new(
        "unavailable",
        502,
        "no connection, or it broke off before the commit",
    ),
    ErrorSpec::new(
        "serialization_failure",
        503,
        "another transaction was in the way (a deadlock, a lock, a serialization failure): nothing has happened",
    ),
    ErrorSpec::new(
        "too_large",
        502,
        "a value has more than 1 MiB, or all together more than 4 MiB",
    ),
    ErrorSpec::new(
        "database_error",
        502,
        "another error of the database; `error.provider.sqlstate` says which",
    ),
];

fn input(effect: Effect) -> Value {
    let mut properties = json!({
        "statement": {
            "type": "string", "minLength": 1,
            "description": "One statement, written out: no expressions."
        },
        "parameters": {
            "type": ["array", "object"],
            "description": "The values: a list for `$1`, `$2`, or a map for `:name`."
        },
        "limit": {
            "type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": USUAL_ROWS,
            "description": "Rows of the result at the most."
        },
        "timeout": {
            "type": "string", "default": "5s",
            "description": "How long the statement may run."
        }
    });
    if effect == Effect::Once {
        properties["idempotent"] = json!({
            "type": "boolean", "default": false,
            "description": "Whether a repeat leaves the same state, so that it may be repeated where its outcome is unknown."
        });
    }
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["statement"],
        "properties": properties
    })
}

fn output(effect: Effect) -> Value {
    let mut output = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["rows", "columns", "row_count", "truncated"],
        "properties": {
            "rows": {
                "type": "array", "items": { "type": "object" },
                "description": "The rows: objects with a value for each column."
            },
            "columns": { "type": "array", "items": { "type": "string" }, "description": "The columns' names, in order." },
            "row_count": { "type": "integer", "description": "How many rows are in `rows`." },
            "truncated": { "type": "boolean", "description": "Whether there were more rows than `limit`." }
        }
    });
    if effect == Effect::Once {
        output["required"] = json!(["rows", "columns", "row_count", "truncated", "affected"]);
        output["properties"]["affected"] = json!({
            "type": "integer",
            "description": "How many rows were inserted, updated or deleted, as the database counts them."
        });
    }
    output
}

fn check_query(known: &KnownInput) -> Vec<InputProblem> {
    check(known, Effect::Read)
}

fn check_execute(known: &KnownInput) -> Vec<InputProblem> {
    check(known, Effect::Once)
}

fn check(known: &KnownInput, effect: Effect) -> Vec<InputProblem> {
    const WRITE_OUT: &str =
        "write the statement out, and give the values under `parameters`, for `$1` or `:name`";
    let problem = |pointer: &str, message: String, help: &str| InputProblem {
        pointer: pointer.to_owned(),
        message,
        help: Some(help.to_owned()),
    };
    if known.is_unknown("") {
        let message = "the input is one expression, and so the statement is not known".to_owned();
        return vec![problem("", message, WRITE_OUT)];
    }
    if known.is_unknown("/statement") {
        let message = "the statement is put together by an expression".to_owned();
        return vec![problem("/statement", message, WRITE_OUT)];
    }
    let mut problems = Vec::new();
    if let Some(timeout) = known.value.get("timeout").and_then(Value::as_str)
        && let Err(error) = parse_duration(timeout)
    {
        problems.push(problem("/timeout", error.to_string(), "write `5s`"));
    }
    let Some(text) = known.value.get("statement").and_then(Value::as_str) else {
        return problems;
    };
    let statement = match Statement::parse(text) {
        Ok(statement) => statement,
        Err(found) => {
            problems.push(problem(
                "/statement",
                found.to_string(),
                "a step runs one statement, in a transaction of its own",
            ));
            return problems;
        }
    };
    if effect == Effect::Read
        && let Some(word) = statement.writes()
    {
        let message = format!("`sql.query` reads, and this statement writes (`{word}`)");
        problems.push(problem("/statement", message, "use `sql.execute`"));
    }
    if known.is_unknown("/parameters") {
        return problems;
    }
    let parameters = match known.value.get("parameters") {
        Some(Value::Array(list)) => Parameters::List(list),
        Some(Value::Object(map)) => {
            // A value that may be left out is not in the map.
            if known.unknown.iter().any(|unknown| {
                unknown
                    .strip_prefix("/parameters/")
                    .is_some_and(|name| !map.contains_key(name))
            }) {
                return problems;
            }
            Parameters::Map(map)
        }
        Some(_) => return problems,
        None => Parameters::None,
    };
    if let Err(found) = parameters.fit(&statement) {
        let pointer = if matches!(parameters, Parameters::None) {
            "/statement"
        } else {
            "/parameters"
        };
        problems.push(problem(
            pointer,
            found,
            "give one value for each parameter of the statement",
        ));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_found_before_it_runs() {
        let expression = "the statement is put together by an expression";
        let writes = "`sql.query` reads, and this statement writes (`DELETE`)";
        for (value, unknown, expected) in [
            (json!({ "statement": "select 1" }), vec![], vec![]),
            (
                json!({ "statement": null }),
                vec!["/statement"],
                vec![("/statement", expression)],
            ),
            (
                Value::Null,
                vec![""],
                vec![(
                    "",
                    "the input is one expression, and so the statement is not known",
                )],
            ),
            (
                json!({ "statement": "select 1; select 2" }),
                vec![],
                vec![("/statement", "there is more than one statement")],
            ),
            (
                json!({ "statement": "begin" }),
                vec![],
                vec![(
                    "/statement",
                    "`BEGIN` changes the connection, which other steps use",
                )],
            ),
            (
                json!({ "statement": "delete from a" }),
                vec![],
                vec![("/statement", writes)],
            ),
            (
                json!({ "statement": "select 1", "timeout": "5" }),
                vec![],
                vec![("/timeout", "")],
            ),
            (
                json!({ "statement": "select $1", "parameters": [null] }),
                vec!["/parameters/0"],
                vec![],
            ),
            (
                json!({ "statement": "select $1", "parameters": null }),
                vec!["/parameters"],
                vec![],
            ),
            (
                json!({ "statement": "select $1" }),
                vec![],
                vec![("/statement", "`$1` has no value: give `parameters`")],
            ),
            (
                json!({ "statement": "select $2", "parameters": [1, 2] }),
                vec![],
                vec![("/parameters", "the statement has no `$1`, and `parameters` has 2")],
            ),
            (
                json!({ "statement": "select $2", "parameters": [1] }),
                vec![],
                vec![("/parameters", "`$2` has no value: `parameters` has 1")],
            ),
            (
                json!({ "statement": "select :a", "parameters": { "a": null } }),
                vec!["/parameters/a"],
                vec![],
            ),
            (
                json!({ "statement": "select :a", "parameters": {} }),
                vec!["/parameters/a"],
                vec![],
            ),
            (
                json!({ "statement": "select :a", "parameters": { "b": 1 } }),
                vec![],
                vec![("/parameters", "`:a` has no value in `parameters`")],
            ),
            (
                json!({ "statement": "select 1", "parameters": { "b": 1 } }),
                vec![],
                vec![("/parameters", "the statement has no `:b`")],
            ),
            (
                json!({ "statement": "select :a", "parameters": [1] }),
                vec![],
                vec![(
                    "/parameters",
                    "named parameters take a map of values, and `parameters` is a list",
                )],
            ),
        ] {
            let known = KnownInput {
                value,
                unknown: unknown.into_iter().map(str::to_owned).collect(),
            };
            let found = check_query(&known);
            assert_eq!(found.len(), expected.len(), "{:?}: {found:?}", known.value);
            for (found, (pointer, message)) in found.iter().zip(expected) {
                assert_eq!(found.pointer, pointer, "{:?}", known.value);
                assert!(found.message.contains(message), "{found:?}");
            }
        }
        let known = KnownInput {
            value: json!({ "statement": "delete from a" }),
            unknown: Vec::new(),
        };
        assert_eq!(check_execute(&known), []);
    }
}
