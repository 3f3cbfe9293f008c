//! SQLite: statements on threads that may block, each stopped when its time is over or nobody waits for it any more.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::limits::Limit;
use rusqlite::types::{ToSql, ToSqlOutput, Value as SqliteValue, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, ffi};
use serde_json::{Number, Value};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::action::writes;
use super::call::{Call, Mode};
use super::failure::{Failure, Known};
use super::rows::Rows;
use super::statement::Name;

/// How long a statement waits for another one's lock at the most, if it has so long.
const LONGEST_LOCK: Duration = Duration::from_secs(5);

/// Steps of SQLite's virtual machine between two looks at the clock: some microseconds.
const STEPS: std::ffi::c_int = 1000;

/// What the file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
    /// Made where it is not there.
    Create,
}

/// An SQLite file, and its connections that are free.
pub(super) struct Sqlite {
    inner: Arc<Inner>,
    places: Arc<Semaphore>,
}

struct Inner {
    path: PathBuf,
    access: Access,
    free: Mutex<Vec<Connection>>,
}

/// Tells the statement to stop when nobody waits any more.
struct Abandon(Arc<AtomicBool>);

impl Drop for Abandon {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Sqlite {
    pub(super) fn new(path: PathBuf, access: Access, connections: u32) -> Self {
        Self {
            inner: Arc::new(Inner {
                path,
                access,
                free: Mutex::default(),
            }),
            places: Arc::new(Semaphore::new(connections as usize)),
        }
    }

    /// Runs a statement.
    pub(super) async fn run(&self, call: Call) -> Result<Value, Failure> {
        let place = tokio::time::timeout(call.timeout, Arc::clone(&self.places).acquire_owned())
            .await
            .map_err(|_| Failure::unavailable("all connections are in use"))?
            .map_err(Failure::unavailable)?;
        let abandoned = Arc::new(AtomicBool::new(false));
        let _abandon = Abandon(Arc::clone(&abandoned));
        let inner = Arc::clone(&self.inner);
        // The place is the thread's: it is free when the statement has ended, not when nobody waits for it.
        tokio::task::spawn_blocking(move || inner.run(&call, &abandoned, place))
            .await
            .map_err(|error| Failure::unconfirmed(format!("the thread ended: {error}")))?
    }
}

impl Inner {
    fn run(
        &self,
        call: &Call,
        abandoned: &Arc<AtomicBool>,
        _place: OwnedSemaphorePermit,
    ) -> Result<Value, Failure> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match free {
            Some(connection) => connection,
            None => self.connect().map_err(|error| failure(&error, call))?,
        };
        let result = run(&mut connection, call, abandoned);
        // One that is still in a transaction is of no use to anybody.
        if connection.is_autocommit() && connection.progress_handler(0, None::<fn() -> bool>).is_ok() {
            self.free
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
        }
        result
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let access = match self.access {
            Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
            Access::Create => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        };
        let connection = Connection::open_with_flags(&self.path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // No other file is reached from here.
        connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        Ok(connection)
    }
}

fn run(connection: &mut Connection, call: &Call, abandoned: &Arc<AtomicBool>) -> Result<Value, Failure> {
    let failed = |error: rusqlite::Error| failure(&error, call);
    let deadline = Instant::now() + call.timeout;
    let flag = Arc::clone(abandoned);
    connection
        .progress_handler(
            STEPS,
            Some(move || flag.load(Ordering::Relaxed) || Instant::now() >= deadline),
        )
        .map_err(failed)?;
    connection
        .busy_timeout(call.timeout.min(LONGEST_LOCK))
        .map_err(failed)?;
    connection
        .pragma_update(None, "query_only", call.mode == Mode::Read)
        .map_err(failed)?;
    let behavior = match call.mode {
        Mode::Read => TransactionBehavior::Deferred,
        // Who begins by reading and then writes can fail half-way for another one's lock.
        Mode::Write => TransactionBehavior::Immediate,
    };
    let transaction = connection.transaction_with_behavior(behavior).map_err(failed)?;
    let (rows, affected) = read(&transaction, call)?;
    transaction
        .commit()
        .map_err(|error| match error.sqlite_error_code() {
            // Written or not: the file system did not say.
            Some(ErrorCode::SystemIoFailure) => Failure::unconfirmed("input or output failed"),
            _ => failed(error),
        })?;
    Ok(rows.into_result(affected))
}

fn read(connection: &Connection, call: &Call) -> Result<(Rows, Option<u64>), Failure> {
    let failed = |error: rusqlite::Error| failure(&error, call);
    let mut statement = connection
        .prepare(call.statement.text())
        .map_err(|error| unprepared(&error, call))?;
    if call.mode == Mode::Read && !statement.readonly() {
        return Err(writes("SQLite says so"));
    }
    let names = call.statement.parameters();
    for index in 1..=statement.parameter_count() {
        let written = statement.parameter_name(index).unwrap_or("?");
        let position = names.iter().position(|name| match name {
            Name::Number(number) => written.strip_prefix('$') == Some(&number.to_string()),
            Name::Text(name) => written.strip_prefix(':') == Some(name.as_str()),
        });
        // `?`, `?1`, `@name`: what only SQLite knows.
        let value = position
            .and_then(|position| call.values.get(position))
            .ok_or_else(|| {
                let message = format!("`{written}` is no parameter here: write `$1` or `:name`");
                Failure::new("invalid_statement", message)
            })?;
        let value = parameter(value).ok_or_else(|| {
            let message = format!("the value of `{written}` is an integer that SQLite has no room for");
            Failure::new("invalid_value", message)
        })?;
        statement.raw_bind_parameter(index, value).map_err(failed)?;
    }
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let count = columns.len();
    let mut rows = Rows::new(columns, call.limit)?;
    let mut cursor = statement.raw_query();
    while let Some(row) = cursor.next().map_err(failed)? {
        if rows.is_full() {
            rows.cut();
            if call.mode == Mode::Read {
                break;
            }
            // What writes is carried out to its end.
            continue;
        }
        let mut values = Vec::with_capacity(count);
        for column in 0..count {
            let value = row.get_ref(column).map_err(failed)?;
            rows.weigh(column, size(value))?;
            values.push(cell(value).ok_or_else(|| {
                Failure::new("unsupported_type", "a text is not UTF-8: read it as `hex(…)`")
            })?);
        }
        rows.push(values);
    }
    drop(cursor);
    let is_read_only = statement.readonly();
    let affected = (call.mode == Mode::Write).then(|| {
        // After something else than these SQLite still tells the number of those before.
        let counts = !is_read_only && call.statement.changes_rows();
        if counts { connection.changes() } else { 0 }
    });
    Ok((rows, affected))
}

/// `None` for an integer beyond 64 bits with a sign.
fn parameter(value: &Value) -> Option<ToSqlOutput<'_>> {
    Some(match value {
        Value::Null => ToSqlOutput::Owned(SqliteValue::Null),
        Value::Bool(value) => ToSqlOutput::Owned(SqliteValue::Integer(i64::from(*value))),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => ToSqlOutput::Owned(SqliteValue::Integer(integer)),
            None if number.is_u64() => return None,
            None => ToSqlOutput::Owned(SqliteValue::Real(number.as_f64()?)),
        },
        Value::String(text) => text.to_sql().ok()?,
        Value::Array(_) | Value::Object(_) => ToSqlOutput::Owned(SqliteValue::Text(value.to_string())),
    })
}

/// `None` where a text is not UTF-8.
fn cell(value: ValueRef<'_>) -> Option<Value> {
    Some(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::from(integer),
        ValueRef::Real(real) => {
            Number::from_f64(real).map_or_else(|| Value::from(not_finite(real)), Value::Number)
        }
        ValueRef::Text(text) => Value::from(std::str::from_utf8(text).ok()?),
        ValueRef::Blob(bytes) => Value::from(STANDARD.encode(bytes)),
    })
}

/// JSON has no such numbers.
pub(super) fn not_finite(number: f64) -> &'static str {
    if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

fn size(value: ValueRef<'_>) -> usize {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
        _ => 8,
    }
}

/// The statement itself is wrong: no value is known to SQLite yet, and it may say what is wrong.
fn unprepared(error: &rusqlite::Error, call: &Call) -> Failure {
    match error {
        rusqlite::Error::MultipleStatement => {
            Failure::new("invalid_statement", "there is more than one statement")
        }
        rusqlite::Error::SqliteFailure(code, Some(message)) if code.code == ErrorCode::Unknown => {
            Failure::new("syntax_error", format!("the statement cannot be run: {message}"))
        }
        rusqlite::Error::SqlInputError {
            error: code,
            msg,
            offset,
            ..
        } if code.code == ErrorCode::Unknown => Failure::new(
            "syntax_error",
            format!("the statement cannot be run: {msg} (at byte {offset})"),
        ),
        error => failure(error, call),
    }
}

fn failure(error: &rusqlite::Error, call: &Call) -> Failure {
    let rusqlite::Error::SqliteFailure(code, message) = error else {
        return Failure::new("database_error", "SQLite answered what was not understood");
    };
    let sqlite = format!("SQLITE_{}", code.extended_code);
    let said = |failure: Failure| failure.saying("sqlite_code", Some(code.extended_code));
    // "UNIQUE constraint failed: users.email": names, no values.
    let named = |code, what: &str| {
        let name = message
            .as_deref()
            .and_then(|message| message.split_once("failed: "))
            .map(|(_, name)| name);
        let message = match name {
            Some(name) => format!("{what} ({name})"),
            None => what.to_owned(),
        };
        Failure::new(code, message).saying("constraint", name)
    };
    said(match (code.code, code.extended_code) {
        (
            _,
            ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID,
        ) => named("unique_violation", "a row with the same key is there already"),
        (_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => {
            named("foreign_key_violation", "a row that is referred to is not there")
        }
        (_, ffi::SQLITE_CONSTRAINT_CHECK) => named("check_violation", "a check of the table refuses the row"),
        (_, ffi::SQLITE_CONSTRAINT_NOTNULL) => {
            named("not_null_violation", "a column that needs a value got none")
        }
        (_, ffi::SQLITE_CONSTRAINT_TRIGGER) => Failure::new("raised", "a trigger raised an error"),
        (_, ffi::SQLITE_CONSTRAINT_DATATYPE) | (ErrorCode::TypeMismatch, _) => {
            Failure::new("invalid_value", "a value does not fit its column")
        }
        (ErrorCode::OperationInterrupted, _) => Failure::timeout(call.timeout),
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => {
            Failure::new("serialization_failure", "another transaction holds the lock").known(Known::Nothing)
        }
        (ErrorCode::ReadOnly, _) if call.mode == Mode::Read => writes("SQLite says so"),
        (ErrorCode::ReadOnly, _) => Failure::new("read_only", "the file is for reading only"),
        (ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied, _) => {
            Failure::new("permission_denied", "SQLite does not allow it")
        }
        (ErrorCode::TooBig, _) => Failure::new("too_large", "a value is too large for SQLite"),
        (ErrorCode::CannotOpen | ErrorCode::NotADatabase, _) => {
            Failure::unavailable("the file is not there, or is no SQLite database").known(Known::Permanent)
        }
        (ErrorCode::SystemIoFailure | ErrorCode::DiskFull, _) => {
            Failure::unavailable(format!("{sqlite} (input or output)"))
        }
        _ => Failure::new(
            "database_error",
            format!("SQLite answered with an error ({sqlite})"),
        ),
    })
}
