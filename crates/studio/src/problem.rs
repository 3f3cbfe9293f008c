//! What goes wrong, as problem documents (RFC 9457) of the same shape as the server's.

use http::StatusCode;
pub use lockgate_server::problem::Problem;

use crate::files::FileError;
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

/// A text has no step of this path.
pub fn no_step(path: &str) -> Problem {
    problem(
        StatusCode::NOT_FOUND,
        "no_such_step",
        format!("the text has no step {path}"),
    )
}

/// Files may not be changed from here.
pub fn read_only() -> Problem {
    Problem::Forbidden(
        "files may not be changed from here: start the server with `--studio-write`, or use `lockgate dev`",
    )
}

impl From<FileError> for Problem {
    /// A conflict as a problem document; whoever can merge answers with more.
    fn from(error: FileError) -> Self {
        let what = error.to_string();
        let (status, code) = match error {
            FileError::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            FileError::Outside(_) => (StatusCode::NOT_FOUND, "no_such_file"),
            FileError::NotText(_) => (StatusCode::UNPROCESSABLE_ENTITY, "not_text"),
            FileError::Refused(_) => (StatusCode::FORBIDDEN, "not_allowed"),
            FileError::Full(_) => (StatusCode::INSUFFICIENT_STORAGE, "no_space"),
            FileError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "file_failed"),
        };
        problem(status, code, what)
    }
}

impl From<PathError> for Problem {
    fn from(error: PathError) -> Self {
        problem(StatusCode::NOT_FOUND, "no_such_file", error.to_string())
    }
}
