//! The two actions. They differ in what they may do, and in what may be repeated.

use std::sync::Arc;

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError, Reconciled};
use lockgate_flow::catalog::ActionSpec;
use serde_json::Value;

use super::call::{Call, Mode};
use super::failure::Failure;
use super::settings::{Database, Kind};
use super::spec::{EXECUTE, QUERY};

/// Reads rows, in a transaction that cannot write.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SqlQuery;

/// Runs a statement that writes, in a transaction of its own.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SqlExecute;

#[async_trait]
impl Action for SqlQuery {
    fn spec(&self) -> &Arc<ActionSpec> {
        &QUERY
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        run(context, &input, Mode::Read)
            .await
            .map_err(|failure| failure.into_error(true))
    }
}

#[async_trait]
impl Action for SqlExecute {
    fn spec(&self) -> &Arc<ActionSpec> {
        &EXECUTE
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        run(context, &input, Mode::Write)
            .await
            .map_err(|failure| failure.into_error(is_idempotent(&input)))
    }

    async fn reconcile(&self, _: &ActionContext<'_>, input: &Value) -> Result<Reconciled, ActionError> {
        Ok(if is_idempotent(input) {
            // A repeat leaves the same state, so it is as if nothing had happened.
            Reconciled::DidNotHappen
        } else {
            Reconciled::Unknown
        })
    }
}

fn is_idempotent(input: &Value) -> bool {
    input.get("idempotent") == Some(&Value::Bool(true))
}

async fn run(context: &ActionContext<'_>, input: &Value, mode: Mode) -> Result<Value, Failure> {
    let database: &Database = context
        .connection()
        .map_err(|error| Failure::new("connection_mismatch", error.message))?;
    let call = Call::parse(input, mode)?;
    if mode == Mode::Read
        && let Some(word) = call.statement.writes()
    {
        return Err(writes(word));
    }
    if mode == Mode::Write && database.read_only {
        return Err(Failure::new("read_only", "the connection is for reading only"));
    }
    match &database.kind {
        Kind::Postgres(postgres) => postgres.run(&call).await,
        Kind::Sqlite(sqlite) => sqlite.run(call).await,
    }
}

/// A statement of `sql.query` that writes.
pub(super) fn writes(what: &str) -> Failure {
    Failure::new(
        "read_only",
        format!("`sql.query` reads, and this writes ({what}): use `sql.execute`"),
    )
}
