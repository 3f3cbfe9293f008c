//! Opening: what is refused, and what the error says.

use std::fs;
use std::sync::Arc;

use lockgate_engine::state::SharedState as _;
use rusqlite::Connection;
use serde_json::json;

use super::bed::{Bed, LAZY, Pinned, fresh};
use crate::schema::{APPLICATION_ID, MIGRATIONS, Migration};
use crate::store::open_with;
use crate::{Durability, Owner, Status, Store, StoreError};

/// What opening says, with the help.
fn refused(bed: &Bed) -> (StoreError, String) {
    let error = Store::open(bed.settings.clone(), bed.clock()).unwrap_err();
    let text = format!("{error}; {}", error.help().unwrap_or("no help"));
    assert!(
        text.contains(&bed.folder.path().display().to_string()),
        "{text} names no file"
    );
    (error, text)
}

#[tokio::test]
async fn a_store_has_one_owner() {
    let bed = Bed::new(Durability::Full);
    let store = bed.open();
    store.announce("http://127.0.0.1:9090").unwrap();
    let (error, text) = refused(&bed);
    assert!(matches!(error, StoreError::InUse { .. }), "{text}");
    assert!(text.contains("admin port at http://127.0.0.1:9090"), "{text}");
    assert_eq!(
        Owner::of(&bed.settings.path).unwrap().unwrap().pid,
        std::process::id()
    );
    let other = store.clone();
    store.close().await.unwrap();
    assert_eq!(Owner::of(&bed.settings.path).unwrap(), None);
    // Whoever still has a handle is told.
    assert!(matches!(other.failing(), Some(StoreError::Closed)));
    assert!(matches!(other.flush().await, Err(StoreError::Closed)));
    assert!(matches!(other.next_due().await, Err(StoreError::Closed)));
    let (input, pinned) = (json!({}), Pinned::new("steps: [{ set: { x: 1 } }]"));
    let begun = other.begin(pinned.run(&input, bed.clock().now())).await;
    assert!(matches!(begun, Err(StoreError::Closed)));
    bed.open().close().await.unwrap();
}

#[tokio::test]
async fn dropping_a_store_writes_what_is_left() {
    let bed = Bed::new(LAZY);
    let store = bed.open();
    let pinned = Pinned::new("steps: [{ set: { x: 1 } }]");
    let journal = pinned.begin(&store).await;
    let id = journal.id();
    drop(store);
    drop(journal);
    let again = bed.open();
    assert_eq!(again.load(id).await.unwrap().unwrap().status, Status::Running);
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_their_owners() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut bed = Bed::new(Durability::Full);
    bed.settings.path = bed.path("inner/runs.db");
    bed.settings.key = None;
    let store = bed.open();
    Pinned::new("steps: [{ set: { x: 1 } }]").begin(&store).await;
    store.flush().await.unwrap();
    let mode = |name: &str| fs::metadata(bed.path(name)).unwrap().permissions().mode() & 0o777;
    for name in [
        "inner/runs.db",
        "inner/runs.db-wal",
        "inner/runs.db-shm",
        "inner/runs.db.key",
    ] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    assert_eq!(mode("inner"), 0o700);
}

#[tokio::test]
async fn the_key_must_be_the_stores() {
    let mut bed = Bed::new(Durability::Full);
    bed.open().close().await.unwrap();
    let given = bed.settings.key.take();
    let (error, text) = refused(&bed);
    assert!(matches!(error, StoreError::Key { .. }), "{text}");
    assert!(text.contains("runs.db.key does not exist"), "{text}");
    assert!(!bed.path("runs.db.key").exists(), "no other key is made for it");
    bed.settings.key = Some("CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=".into());
    let (error, text) = refused(&bed);
    assert!(matches!(error, StoreError::Key { .. }), "{text}");
    assert!(text.contains("another key"), "{text}");
    bed.settings.key = given;
    bed.open().close().await.unwrap();
}

#[tokio::test]
async fn what_is_no_store_is_refused_and_left_alone() {
    let bed = Bed::new(Durability::Full);
    let path = &bed.settings.path;
    fs::write(path, "this is a text, and not a database at all; ".repeat(100)).unwrap();
    let (error, text) = refused(&bed);
    assert!(matches!(error, StoreError::Corrupt { .. }), "{text}");
    fs::remove_file(path).unwrap();

    let other = Connection::open(path).unwrap();
    other.execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    drop(other);
    let before = fs::read(path).unwrap();
    let (error, text) = refused(&bed);
    assert!(matches!(error, StoreError::Corrupt { .. }), "{text}");
    assert!(text.contains("a database of something else"), "{text}");
    assert_eq!(fs::read(path).unwrap(), before);
    fs::remove_file(path).unwrap();

    bed.open().close().await.unwrap();
    let newer = Connection::open(path).unwrap();
    newer.pragma_update(None, "user_version", 1000).unwrap();
    drop(newer);
    let (error, text) = refused(&bed);
    assert!(matches!(error, StoreError::Newer { found: 1000, .. }), "{text}");
    assert!(text.contains("newer version"), "{text}");
    fs::remove_file(path).unwrap();

    bed.open().close().await.unwrap();
    let edited = Connection::open(path).unwrap();
    edited.execute_batch("DROP INDEX runs_by_wake").unwrap();
    drop(edited);
    let (error, text) = refused(&bed);
    assert!(matches!(error, StoreError::Corrupt { .. }), "{text}");
    assert!(text.contains("its tables are not those of its format"), "{text}");
}

#[tokio::test]
async fn a_log_without_its_file_is_not_thrown_away() {
    let bed = Bed::new(Durability::Full);
    let path = &bed.settings.path;
    let log = path.with_extension("db-wal");
    assert_eq!(path.extension().unwrap(), "db");
    for empty in [true, false] {
        fs::write(&log, "what is left of a store").unwrap();
        if empty {
            fs::write(path, "").unwrap();
        }
        let (error, text) = refused(&bed);
        assert!(matches!(error, StoreError::Corrupt { .. }), "{text}");
        assert!(log.metadata().unwrap().len() > 0);
        let _ = fs::remove_file(path);
    }
    fs::remove_file(&log).unwrap();
    bed.open();
}

#[cfg(unix)]
#[tokio::test]
async fn what_cannot_be_written_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let bed = Bed::new(Durability::Full);
    bed.open().close().await.unwrap();
    fs::set_permissions(&bed.settings.path, fs::Permissions::from_mode(0o400)).unwrap();
    if fs::OpenOptions::new()
        .write(true)
        .open(&bed.settings.path)
        .is_ok()
    {
        // Whoever runs the tests may write everything.
        return;
    }
    let (error, text) = refused(&bed);
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{text}");
    assert!(text.contains("let the user of this process write"), "{text}");
}

#[tokio::test]
async fn a_path_that_cannot_be_is_an_error() {
    let mut bed = Bed::new(Durability::Full);
    fs::write(bed.path("file"), "").unwrap();
    bed.settings.path = bed.path("file/runs.db");
    refused(&bed);
    bed.settings.path = bed.folder.path().to_owned();
    refused(&bed);
}

/// A format that is not there yet: what a later version may do.
const LATER: &[Migration] = &[
    MIGRATIONS[0],
    MIGRATIONS[1],
    |connection| {
        connection.execute_batch(
            "ALTER TABLE flows ADD COLUMN seen INTEGER NOT NULL DEFAULT 0; UPDATE flows SET seen = 1; \
             CREATE INDEX flows_by_sight ON flows (seen);",
        )
    },
    |connection| {
        connection.execute_batch("CREATE TABLE notes (run INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT")
    },
];

/// What runs share in a store of format 2.
async fn check_shared(store: &Store) {
    let entry = store
        .state()
        .get("fixture", "2030-01-01T00:00:00Z".parse().unwrap())
        .await;
    assert_eq!(entry.unwrap().unwrap().value, json!({ "seen": "canary-3" }));
}

/// The runs that a store of format 1 holds, with what a run that goes on needs.
async fn check_contents(store: &Store) {
    let sleeping = store.due(jiff::Timestamp::MAX, 10).await.unwrap();
    assert_eq!(sleeping.len(), 1);
    let run = store.load(sleeping[0]).await.unwrap().unwrap();
    assert_eq!(run.flow, "fixture");
    assert_eq!(run.input, json!({ "password": "canary-1", "name": "Ada" }));
    assert_eq!(run.status, Status::Sleeping);
    assert_eq!(run.wake_at.unwrap().to_string(), "2030-01-02T00:00:00Z");
    assert_eq!(run.response.unwrap().body, Some(json!("Ada")));
    assert_eq!(run.definition.files.len(), 1);
    assert_eq!(store.count(Status::Succeeded).await.unwrap(), 1);
    assert_eq!(
        store.last_due("fixture").await.unwrap().unwrap().to_string(),
        "2030-01-01T08:00:00Z"
    );
}

/// The flow of the fixture.
const FIXTURE: &str = "name: fixture\ninput: { password: { type: string, secret: true }, name: { type: string } }\nsteps: [{ id: a, action: test.once, with: { value: '{{input.password}}' } }, { respond: { body: '{{input.name}}' } }, { if: 'eq input.name \"Ada\"', then: [{ wait: 1d }] }, { return: '{{steps.a.value}}' }]";

/// Fills a store: a run that sleeps, one that has ended, a key, a schedule, an entry that runs share.
async fn fill(bed: &Bed, store: &Store) {
    let flows = super::laboratory::compile(&[FIXTURE]);
    let pinned = Pinned::of(&flows[0]);
    for (number, name) in [(1, "Ada"), (2, "Bob")] {
        let laboratory = super::laboratory::Laboratory::of(flows.clone());
        let input = json!({ "password": format!("canary-{number}"), "name": name });
        let mut run = pinned.run(&input, bed.clock().now());
        let key = format!("key-{number}");
        run.key = Some(crate::IdempotencyKey {
            key: &key,
            lives: std::time::Duration::from_hours(24),
        });
        let journal = fresh(store.begin(run).await.unwrap());
        laboratory.run_on(&journal, input).await;
    }
    let due = "2030-01-01T08:00:00Z".parse().unwrap();
    store.set_last_due("fixture", due).await.unwrap();
    let (value, expires_at) = (
        json!({ "seen": "canary-3" }),
        "2100-01-01T00:00:00Z".parse().unwrap(),
    );
    let state = store.state();
    let put = state.put("fixture", None, &value, expires_at, bed.clock().now());
    assert_eq!(put.await, Ok(true));
}

#[tokio::test(start_paused = true)]
async fn an_older_format_is_brought_up_to_date() {
    let bed = Bed::new(Durability::Full);
    let store = bed.open();
    fill(&bed, &store).await;
    check_contents(&store).await;
    check_shared(&store).await;
    store.close().await.unwrap();
    let later = open_with(&bed.settings, bed.clock(), LATER).unwrap();
    check_contents(&later).await;
    check_shared(&later).await;
    later.close().await.unwrap();
    let connection = Connection::open(&bed.settings.path).unwrap();
    let seen: i64 = connection
        .query_row("SELECT min(seen) FROM flows", [], |row| row.get(0))
        .unwrap();
    assert_eq!(seen, 1);
    drop(connection);
    let (error, text) = refused(&bed);
    assert!(
        matches!(
            error,
            StoreError::Newer {
                found: 4,
                known: 2,
                ..
            }
        ),
        "{text}"
    );
    // Nothing is done twice.
    let again = open_with(&bed.settings, bed.clock(), LATER).unwrap();
    check_contents(&again).await;
}

/// The process dies while a migration is under way: what is on the disk then is copied away.
#[tokio::test(start_paused = true)]
async fn a_migration_that_is_cut_off_leaves_the_format_before() {
    let crashing: &[Migration] = &[MIGRATIONS[0], MIGRATIONS[1], |connection| {
        LATER[2](connection)?;
        // So much that SQLite has to write some of it before the commit.
        connection.pragma_update(None, "cache_size", 10)?;
        connection.execute_batch(
            "CREATE TABLE bulk (x BLOB); \
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) \
             INSERT INTO bulk SELECT randomblob(2000) FROM n;",
        )?;
        let Some(path) = connection
            .path()
            .map(std::path::PathBuf::from)
            .filter(|path| path.exists())
        else {
            return Ok(());
        };
        for suffix in ["", "-wal"] {
            let (from, to) = (
                crate::sqlite::beside(&path, suffix),
                path.with_file_name("crashed.db"),
            );
            fs::copy(from, crate::sqlite::beside(&to, suffix)).unwrap();
        }
        Err(rusqlite::Error::InvalidQuery)
    }];
    let mut bed = Bed::new(Durability::Full);
    let store = bed.open();
    fill(&bed, &store).await;
    store.close().await.unwrap();
    let failed = open_with(&bed.settings, bed.clock(), crashing).unwrap_err();
    assert!(matches!(failed, StoreError::Io { .. }), "{failed}");
    assert!(
        fs::metadata(bed.path("crashed.db-wal")).unwrap().len() > 500_000,
        "some of it was on the disk"
    );
    for name in ["runs.db", "crashed.db"] {
        bed.settings.path = bed.path(name);
        let store = bed.open();
        check_contents(&store).await;
        store.close().await.unwrap();
        let later = open_with(&bed.settings, bed.clock(), LATER).unwrap();
        check_contents(&later).await;
    }
}

/// Stores that were written when their format was released. They are never written again: what they hold is what others have.
#[tokio::test(start_paused = true)]
async fn stores_of_all_formats_are_read() {
    for format in 1..=MIGRATIONS.len() {
        a_store_is_read(i32::try_from(format).unwrap()).await;
    }
}

async fn a_store_is_read(format: i32) {
    let bed = Bed::new(Durability::Full);
    let fixture = format!("{}/tests/fixtures/format-{format}.db", env!("CARGO_MANIFEST_DIR"));
    fs::copy(fixture, &bed.settings.path).unwrap();
    let connection = Connection::open(&bed.settings.path).unwrap();
    let pragma = |name| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i32>(0))
            .unwrap()
    };
    assert_eq!(
        (pragma("application_id"), pragma("user_version")),
        (APPLICATION_ID, format)
    );
    drop(connection);
    let store = bed.open();
    check_contents(&store).await;
    if format >= 2 {
        check_shared(&store).await;
    }
    // And the run goes on to its end.
    let id = store.due(jiff::Timestamp::MAX, 1).await.unwrap()[0];
    let run = store.load(id).await.unwrap().unwrap();
    tokio::time::advance(std::time::Duration::from_hours(48)).await;
    let laboratory = super::laboratory::Laboratory::new(FIXTURE);
    let laboratory = super::laboratory::Laboratory {
        clock: Arc::clone(&bed.clock),
        executor: laboratory.executor.clone().with_clock(bed.clock()),
        ..laboratory
    };
    let outcome = laboratory.run_on(&run.journal, run.input).await;
    assert_eq!(outcome.output, Some(json!("canary-1")));
    assert!(laboratory.book.effects.lock().unwrap().is_empty());
}

/// Writes the fixture: once for each format, by hand, when it is released.
#[tokio::test(start_paused = true)]
#[ignore = "writes a file of the repository"]
async fn write_the_fixture() {
    let bed = Bed::new(Durability::Full);
    let store = bed.open();
    fill(&bed, &store).await;
    store.close().await.unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    fs::create_dir_all(folder).unwrap();
    let name = format!("{folder}/format-{}.db", MIGRATIONS.len());
    assert!(
        !fs::exists(&name).unwrap(),
        "{name} is there: a released format does not change"
    );
    fs::copy(&bed.settings.path, name).unwrap();
}
