//! What the studio needs of tests, connections, runs and scenarios.

use async_trait::async_trait;

/// Runs tests, asks connections, reads runs, adds scenarios.
#[async_trait]
pub trait Operations: Send + Sync {}
