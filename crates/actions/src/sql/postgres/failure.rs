//! What PostgreSQL and its client say went wrong.

use std::time::Duration;

use sqlx::Error;
use sqlx::postgres::PgDatabaseError;

use super::super::call::Mode;
use super::super::failure::{Failure, Known};

/// What was going on. It decides what may be told, and what is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Connecting, beginning, preparing: no value has been sent.
    Before,
    /// The statement runs.
    Running,
    /// The commit is on its way.
    Committing,
}

/// An error, as a failure.
pub(super) fn failure(error: &Error, stage: Stage, mode: Mode, timeout: Duration) -> Failure {
    match error {
        Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
            Some(error) => refused(error, stage, mode, timeout),
            None => Failure::new("database_error", "the database answered with an error"),
        },
        Error::PoolTimedOut => Failure::unavailable("all connections are in use, or none can be opened"),
        Error::Tls(reason) => Failure::new("tls_failed", format!("no encrypted connection: {reason}")),
        // A certificate that is not trusted comes as invalid data.
        Error::Io(reason) if stage == Stage::Before && reason.kind() == std::io::ErrorKind::InvalidData => {
            Failure::new("tls_failed", format!("no encrypted connection: {reason}"))
        }
        Error::Io(reason) if stage == Stage::Committing => Failure::unconfirmed(reason),
        Error::Io(reason) => Failure::unavailable(reason),
        _ if stage == Stage::Committing => Failure::unconfirmed("the connection broke"),
        Error::Protocol(_) | Error::WorkerCrashed | Error::PoolClosed | Error::BeginFailed => {
            Failure::unavailable("the connection broke")
        }
        _ => Failure::new("database_error", "the database's answer was not understood"),
    }
}

/// PostgreSQL, appendix A: a class and a condition. An error during the commit has undone the transaction as well.
fn refused(error: &PgDatabaseError, stage: Stage, mode: Mode, timeout: Duration) -> Failure {
    let code = error.code();
    let class = code.get(..2).unwrap_or_default();
    let of = |what: &str| match error.constraint() {
        Some(constraint) => format!("{what} ({constraint})"),
        None => what.to_owned(),
    };
    let failure = match (class, code) {
        (_, "23505") => Failure::new("unique_violation", of("a row with the same key is there already")),
        (_, "23P01") => Failure::new(
            "exclusion_violation",
            of("a row that excludes this one is there already"),
        ),
        (_, "23503") => Failure::new(
            "foreign_key_violation",
            of("a row that is referred to is not there, or one is still referred to"),
        ),
        (_, "23514") => Failure::new("check_violation", of("a check of the table refuses the row")),
        (_, "23502") => {
            let column = error
                .column()
                .map(|column| format!(" ({column})"))
                .unwrap_or_default();
            Failure::new(
                "not_null_violation",
                format!("a column that needs a value got none{column}"),
            )
        }
        (_, "25006") if mode == Mode::Read => super::super::action::writes("PostgreSQL says so"),
        (_, "25006") => Failure::new("read_only", "the database is for reading only"),
        (_, "42501") => Failure::new("permission_denied", "the connection's user may not do it"),
        // Of the statement; of a session that heard nothing for so long within its transaction, or of the transaction: both
        // are over before a commit has begun.
        (_, "57014" | "25P03" | "25P04") => Failure::timeout(timeout),
        // A serialization failure, a deadlock, a lock that was not to be had.
        (_, "40001" | "40P01" | "55P03") => {
            Failure::new("serialization_failure", "another transaction was in the way").known(Known::Nothing)
        }
        ("28", _) => Failure::new(
            "authentication_failed",
            "the database does not let the connection's user in",
        ),
        (_, "3D000") => Failure::unavailable("there is no such database").known(Known::Permanent),
        // Who is sent away while committing may have committed (`statement_completion_unknown`, a shutdown that does not wait
        // for the replicas).
        (_, "40003") => Failure::unconfirmed("the server does not know"),
        ("08" | "57", _) if stage == Stage::Committing => {
            Failure::unconfirmed("the server ended the connection")
        }
        // Too many connections, starting, stopping, a connection that is cut off by an administrator.
        ("08" | "53" | "57", _) => Failure::unavailable("the server does not take it now"),
        ("22", _) => Failure::new("invalid_value", "a value does not fit"),
        ("P0", _) => Failure::new("raised", "a function or trigger of the database raised an error"),
        // What the statement itself says: it is the author's, and no value is known to the server yet.
        _ if stage == Stage::Before && matches!(class, "42" | "0A" | "3F") => Failure::new(
            "syntax_error",
            format!("the statement cannot be run: {}", error.message()),
        ),
        ("42" | "0A", _) => Failure::new("syntax_error", "the statement cannot be run"),
        _ => Failure::new(
            "database_error",
            format!("PostgreSQL answered with the error {code}"),
        ),
    };
    failure
        .saying("sqlstate", Some(code))
        .saying("constraint", error.constraint())
        .saying("schema", error.schema())
        .saying("table", error.table())
        .saying("column", error.column())
        .saying("data_type", error.data_type())
}
