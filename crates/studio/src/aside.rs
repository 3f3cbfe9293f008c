//! Work that computes, or waits for the disk, for long: where no request waits for the thread.

use lockgate_server::problem::Problem;

/// Does it on a thread of its own.
///
/// # Errors
/// Those of the work; an internal problem where it panicked, which the hook has told of.
pub async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(Problem::Internal))
}
