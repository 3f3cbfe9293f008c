//! How close the emulated tenant is to real ones: recorded exchanges are replayed against it over HTTP, script by
//! script, and every answer is compared. Prints a table and asserts floors.
//!
//! The recordings are not part of the repository. Where they are absent the test says so and replays a small
//! sample of invented users instead, which proves the replay, not the fidelity.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]
#![allow(clippy::disallowed_methods)] // answers come from our own loopback server

#[path = "fidelity/mapping.rs"]
mod mapping;
#[path = "fidelity/recording.rs"]
mod recording;
#[path = "fidelity/replay.rs"]
mod replay;
#[path = "fidelity/table.rs"]
mod table;

use std::path::{Path, PathBuf};

use recording::scripts;
use replay::replay;
use table::Table;

const SAMPLE: &str = include_str!("data/sample.jsonl");

fn recordings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/auth0/recordings.jsonl")
}

async fn replayed(text: &str) -> Table {
    let mut table = Table::default();
    let http = reqwest::Client::new();
    for script in scripts(text) {
        replay(&script, &http, &mut table).await;
    }
    table
}

fn assert_floors(table: &Table) {
    let creates = table.total(|row| row.method == "POST" && row.path == "/api/v2/users" && row.status == 201);
    for miss in &table.misses {
        println!("differs: {miss}");
    }
    assert!(creates.compared > 0, "no create was compared");
    assert!(creates.share() >= 0.97, "creates under 97 %");
    for (what, method) in [("updates", "PATCH"), ("reads", "GET"), ("deletes", "DELETE")] {
        let total = table.total(|row| row.method == method);
        assert!(total.compared > 0, "no {what} were compared");
        assert_eq!(total.equal, total.compared, "{what} differ");
        assert_eq!(total.seeded_equal, total.seeded, "{what} of seeded users differ");
    }
}

#[tokio::test]
async fn recorded_exchanges_are_answered_as_recorded() {
    let path = recordings();
    let table = match std::fs::read_to_string(&path) {
        Ok(text) => replayed(&text).await,
        Err(error) => {
            println!("the recordings are absent ({error}): replaying the sample, which measures nothing");
            replayed(SAMPLE).await
        }
    };
    println!("{table}");
    assert_floors(&table);
}

#[tokio::test]
async fn the_sample_is_answered_as_written() {
    let table = replayed(SAMPLE).await;
    println!("{table}");
    assert_floors(&table);
    assert!(table.misses.is_empty());
    let all = table.total(|_| true);
    assert_eq!(all.same_order, all.equal + all.seeded_equal, "key order");
}

/// The measure must be able to fail: one changed value in an answer is one miss.
#[tokio::test]
async fn a_changed_answer_is_a_miss() {
    for (from, to) in [
        (r#""nickname":"mira""#, r#""nickname":"other""#),
        (r#""email_verified":false,"#, ""),
        (r#""total":1"#, r#""total":2"#),
        (r#""status":404"#, r#""status":200"#),
    ] {
        assert!(SAMPLE.contains(from), "{from}");
        let table = replayed(&SAMPLE.replacen(from, to, 1)).await;
        assert_eq!(table.misses.len(), 1, "{from} -> {to}: {:?}", table.misses);
    }
}
