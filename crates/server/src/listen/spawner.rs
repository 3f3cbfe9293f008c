//! The streams of HTTP/2 are tasks of their own: hyper starts them among the server's.

use std::future::Future;
use std::sync::Arc;

use hyper::rt::Executor;
use lockgate_runtime::Tasks;

/// Has hyper start its tasks here.
#[derive(Clone, Debug)]
pub(super) struct Spawner(pub(super) Arc<Tasks>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Spawner {
    fn execute(&self, task: F) {
        self.0.spawn(task);
    }
}
