//! What runs share, in memory: the suite for all places that keep it.

use std::sync::Arc;

use lockgate_engine::state::MemoryState;

use crate::states;

#[tokio::test]
async fn in_one_thread() {
    states::check(Arc::new(MemoryState::random())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_several_threads() {
    states::check(Arc::new(MemoryState::random())).await;
}
