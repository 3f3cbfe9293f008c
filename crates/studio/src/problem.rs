//! What goes wrong, as problem documents (RFC 9457) of the same shape as the server's.

use http::StatusCode;
pub use lockgate_server::problem::Problem;

use crate::path::PathError;

/// A problem of the studio's own.
pub fn problem(status: StatusCode, code: &'static str, what: impl Into<String>) -> Problem {
    Problem::Other {
        code,
        status,
        what: what.into(),
    }
}

/// There is no such file.
pub fn no_file(path: &str) -> Problem {
    problem(
        StatusCode::NOT_FOUND,
        "no_such_file",
        format!("there is no file {path}"),
    )
}

impl From<PathError> for Problem {
    fn from(error: PathError) -> Self {
        problem(StatusCode::NOT_FOUND, "no_such_file", error.to_string())
    }
}
