//! A server is killed a hundred times, at every named point among others, and nobody loses anything. `cargo xtask crash` does
//! the same for longer.
#![cfg(unix)]

use std::time::Duration;

use lockgate_crash::{CrashOptions, crash};

use crate::binary::{binary, is_ours};

/// The same lives each time, as far as that is up to the test.
const SEED: u64 = 20_261_123;

#[test]
fn nobody_loses_anything_by_a_hundred_kills() {
    let points = if is_ours() {
        lockgate_store::CRASH_POINTS
            .iter()
            .map(|point| (*point).to_owned())
            .collect()
    } else {
        // A binary from elsewhere has none.
        Vec::new()
    };
    let options = CrashOptions {
        binary: binary("lockgate"),
        kills: 100,
        requests: 600,
        seed: SEED,
        limit: Duration::from_secs(100),
        at_once: 8,
        points,
        progress: |_| {},
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let verdict = runtime.block_on(crash(&options)).unwrap();
    let shown = format!("{}\n{}", verdict.json(), verdict.findings.join("\n"));
    assert!(verdict.is_good(), "{shown}");
    assert!(verdict.kills > 20, "the machine is too slow for this: {shown}");
    if verdict.kills >= options.kills {
        assert!(verdict.points_missed().is_empty(), "{shown}");
    }
}
