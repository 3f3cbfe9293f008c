//! One statement, in a transaction of its own.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use serde_json::Value;
use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgRow};
use sqlx::{
    Arguments as _, AssertSqlSafe, Column as _, ConnectOptions as _, Connection as _, Either, Executor as _,
    Row as _, SqlSafeStr as _, Statement as _, TypeInfo as _, ValueRef as _,
};

use super::super::call::{Call, Mode};
use super::super::failure::Failure;
use super::super::rows::Rows;
use super::arguments::{Argument, Unfit};
use super::decode::decode;
use super::failure::{Stage, failure};
use super::kind::Kind;

/// Until there is a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that is not used for so long is closed.
const LONGEST_FREE: Duration = Duration::from_mins(1);

/// How much later than the server the client loses patience: the server says what it did.
const GRACE: Duration = Duration::from_millis(500);

/// A PostgreSQL server, and its connections.
pub(in super::super) struct Postgres {
    options: PgConnectOptions,
    connections: u32,
    /// Made by the first statement: it needs the runtime that the connections live in.
    pool: OnceLock<PgPool>,
}

/// A connection in use. Dropped, it is closed, and so the server undoes what it was at: a transaction that nobody ends holds
/// its locks.
struct Held(Option<PoolConnection<sqlx::Postgres>>);

impl Held {
    /// It is as it was, and others may use it.
    fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}

/// What is left of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// Outside a transaction, ready.
    Ready,
    /// In the middle of something.
    Busy,
}

impl Postgres {
    pub(in super::super) fn new(options: PgConnectOptions, connections: u32) -> Self {
        Self {
            // A statement that stayed prepared would be stale after a change of its table, on each connection for itself,
            // and is unknown to the next server behind a pooler.
            options: options.statement_cache_capacity(0).disable_statement_logging(),
            connections,
            pool: OnceLock::new(),
        }
    }

    fn pool(&self) -> &PgPool {
        self.pool.get_or_init(|| {
            PoolOptions::new()
                .max_connections(self.connections)
                .acquire_timeout(CONNECT_TIMEOUT)
                .idle_timeout(LONGEST_FREE)
                .connect_lazy_with(self.options.clone())
        })
    }

    /// Runs a statement.
    pub(in super::super) async fn run(&self, call: &Call) -> Result<Value, Failure> {
        let connection = tokio::time::timeout(call.timeout, self.pool().acquire())
            .await
            .unwrap_or(Err(sqlx::Error::PoolTimedOut))
            .map_err(|error| failure(&error, Stage::Before, call.mode, call.timeout))?;
        let mut held = Held(Some(connection));
        let Some(connection) = held.0.as_mut() else {
            return Err(Failure::unavailable("there is no connection"));
        };
        let is_committing = AtomicBool::new(false);
        let limit = call.timeout.saturating_add(GRACE);
        let work = transact(connection, call, &is_committing);
        let (result, left) = match tokio::time::timeout(limit, work).await {
            Ok(done) => done,
            Err(_) if is_committing.load(Ordering::Relaxed) => (
                Err(Failure::unconfirmed(format!("none within {limit:?}"))),
                Left::Busy,
            ),
            Err(_) => (Err(Failure::timeout(call.timeout)), Left::Busy),
        };
        if left == Left::Ready {
            held.give_back();
        }
        result
    }
}

/// `is_committing` is set as soon as the statement may have happened.
async fn transact(
    connection: &mut PoolConnection<sqlx::Postgres>,
    call: &Call,
    is_committing: &AtomicBool,
) -> (Result<Value, Failure>, Left) {
    let failed = |error: &sqlx::Error, stage| failure(error, stage, call.mode, call.timeout);
    let kind = match call.mode {
        Mode::Read => "READ ONLY",
        Mode::Write => "READ WRITE",
    };
    let limit = i32::try_from(call.timeout.as_millis()).unwrap_or(i32::MAX).max(1);
    // In one message. `LOCAL`: both end with the transaction.
    let begin = format!(
        "BEGIN {kind}; SET LOCAL statement_timeout = {limit}; SET LOCAL idle_in_transaction_session_timeout = {limit}"
    );
    let mut transaction = match connection.begin_with(AssertSqlSafe(begin)).await {
        Ok(transaction) => transaction,
        Err(error) => return (Err(failed(&error, Stage::Before)), Left::Busy),
    };
    let mut stage = Stage::Before;
    match statement(&mut transaction, call, &mut stage).await {
        // What a function set for the whole session goes with the transaction.
        Ok(Outcome::Whole(rows, affected)) if call.mode == Mode::Read => {
            let is_ready = transaction.rollback().await.is_ok();
            let left = if is_ready { Left::Ready } else { Left::Busy };
            (Ok(rows.into_result(affected)), left)
        }
        Ok(Outcome::Whole(rows, affected)) => {
            is_committing.store(true, Ordering::Relaxed);
            match transaction.commit().await {
                Ok(()) => (Ok(rows.into_result(affected)), Left::Ready),
                Err(error) => (Err(failed(&error, Stage::Committing)), Left::Busy),
            }
        }
        // There is more on the way, nobody knows how much: the connection ends here.
        Ok(Outcome::Cut(rows)) => (Ok(rows.into_result(None)), Left::Busy),
        Err(Stopped::By(error)) => {
            let is_ready = matches!(error, sqlx::Error::Database(_)) && transaction.rollback().await.is_ok();
            let left = if is_ready { Left::Ready } else { Left::Busy };
            (Err(failed(&error, stage)), left)
        }
        Err(Stopped::Here(failure)) => (Err(failure), Left::Busy),
        Err(Stopped::Early(failure)) => {
            let is_ready = transaction.rollback().await.is_ok();
            (Err(failure), if is_ready { Left::Ready } else { Left::Busy })
        }
    }
}

enum Outcome {
    /// All that there is, or all that was wanted of what was written.
    Whole(Rows, Option<u64>),
    /// Reading stopped in the middle.
    Cut(Rows),
}

enum Stopped {
    /// By the database.
    By(sqlx::Error),
    /// Here, before anything ran.
    Early(Failure),
    /// Here, in the middle of the rows.
    Here(Failure),
}

async fn statement(
    connection: &mut sqlx::PgConnection,
    call: &Call,
    stage: &mut Stage,
) -> Result<Outcome, Stopped> {
    let text = AssertSqlSafe(call.statement.numbered()).into_sql_str();
    let prepared = connection.prepare(text).await.map_err(Stopped::By)?;
    let parameters = match prepared.parameters() {
        Some(Either::Left(types)) => types,
        _ => &[],
    };
    let mut arguments = PgArguments::default();
    for (index, info) in parameters.iter().enumerate() {
        // With numbers it is the number that counts, not where the parameter stands first.
        let value = call.value(index).unwrap_or(&Value::Null);
        let called = call.called(index);
        let kind = Kind::of(info).ok_or_else(|| {
            let message = format!(
                "{called} has the type `{}`: give it as a text, with `::text` before the cast to its type",
                info.name().to_lowercase()
            );
            Stopped::Early(Failure::new("unsupported_type", message))
        })?;
        let argument = Argument::new(info, &kind, value).map_err(|Unfit(wanted)| {
            let message = format!(
                "{called} has the type `{}`, and takes {wanted}",
                info.name().to_lowercase()
            );
            Stopped::Early(Failure::new("invalid_value", message))
        })?;
        arguments
            .add(argument)
            .map_err(|error| Stopped::By(sqlx::Error::Encode(error)))?;
    }
    let mut columns = Vec::new();
    let mut kinds = Vec::new();
    for column in prepared.columns() {
        let info = column.type_info();
        kinds.push(Kind::of(info).ok_or_else(|| {
            let message = format!(
                "the column `{}` has the type `{}`: cast it to `text`",
                column.name(),
                info.name().to_lowercase()
            );
            Stopped::Early(Failure::new("unsupported_type", message))
        })?);
        columns.push(column.name().to_owned());
    }
    let mut rows = Rows::new(columns, call.limit).map_err(Stopped::Early)?;
    let mut affected = 0;
    *stage = Stage::Running;
    let mut stream = connection.fetch_many(prepared.query_with(arguments));
    while let Some(part) = stream.try_next().await.map_err(Stopped::By)? {
        match part {
            Either::Left(done) => affected += done.rows_affected(),
            Either::Right(_) if rows.is_full() => {
                rows.cut();
                if call.mode == Mode::Read {
                    return Ok(Outcome::Cut(rows));
                }
                // What writes is carried out to its end.
            }
            Either::Right(row) => {
                let values = read(&row, &kinds, &mut rows).map_err(Stopped::Here)?;
                rows.push(values);
            }
        }
    }
    let affected = (call.mode == Mode::Write).then(|| {
        if call.statement.gives_rows_only() {
            0
        } else {
            affected
        }
    });
    Ok(Outcome::Whole(rows, affected))
}

fn read(row: &PgRow, kinds: &[Kind], rows: &mut Rows) -> Result<Vec<Value>, Failure> {
    let unreadable = |index: usize| {
        let name = row.columns().get(index).map_or("", |column| column.name());
        Failure::new(
            "unsupported_type",
            format!("a value of `{name}` cannot be read: cast it to `text`"),
        )
    };
    let mut values = Vec::with_capacity(kinds.len());
    for (index, kind) in kinds.iter().enumerate() {
        let raw = row.try_get_raw(index).map_err(|_| unreadable(index))?;
        values.push(if raw.is_null() {
            Value::Null
        } else {
            let bytes = raw.as_bytes().map_err(|_| unreadable(index))?;
            rows.weigh(index, bytes.len())?;
            decode(kind, bytes).map_err(|_| unreadable(index))?
        });
    }
    Ok(values)
}
