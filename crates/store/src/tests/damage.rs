//! Stores that are damaged: cut off anywhere in the last transaction, bits flipped anywhere. What is read is a beginning of what was
//! written, or an error; never something else.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lockgate_engine::state::SharedState as _;
use lockgate_engine::testing::TestClock;
use serde_json::{Value, json};

use super::bed::{Bed, LAZY, Pinned, fresh};
use super::laboratory::{Laboratory, compile};
use crate::sqlite::beside;
use crate::{Begun, IdempotencyKey, Record, RunId, Status, Store, StoreError, StoreSettings};

/// What is read of a run.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    status: Status,
    text: String,
    records: Vec<Record>,
}

/// What a store holds: the runs, and what they share.
#[derive(Clone, Debug, PartialEq)]
struct Sight {
    runs: Vec<(RunId, Option<Seen>)>,
    entry: Option<Value>,
}

/// The name of an entry that runs share.
const ENTRY: &str = "entry";

fn now() -> Timestamp {
    "2030-01-01T00:00:00Z".parse().unwrap()
}

/// Writes the entry, together with what has been handed in.
async fn share(store: &Store, value: Value) {
    let state = store.state();
    let seen = state.get(ENTRY, now()).await.unwrap().map(|entry| entry.version);
    let put = state.put(ENTRY, seen, &value, Timestamp::MAX, now()).await;
    assert_eq!(put, Ok(true));
}

async fn see(store: &Store, id: RunId) -> Result<Option<Seen>, StoreError> {
    let Some(run) = store.load(id).await? else {
        return Ok(None);
    };
    let text = format!(
        "{} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        run.flow,
        run.digest,
        run.input,
        run.request,
        run.output,
        run.error,
        run.started_at,
        run.wake_at,
        run.attempt,
        run.response
    );
    let read = move |connection: &rusqlite::Connection, path: &Path| {
        let row = crate::store::row_of(connection, path, id)?.unwrap();
        Ok(crate::store::records(connection, path, row.begun.seq, id)?.0)
    };
    Ok(Some(Seen {
        status: run.status,
        text,
        records: store.shared.read(read).await?,
    }))
}

async fn see_all(store: &Store, ids: &[RunId]) -> Result<Sight, StoreError> {
    let mut runs = Vec::new();
    for id in ids {
        runs.push((*id, see(store, *id).await?));
    }
    let entry = store.state().entry(ENTRY, now()).await?;
    Ok(Sight {
        runs,
        entry: entry.map(|entry| entry.value),
    })
}

const FLOW: &str = "name: damaged\ninput: { password: { type: string, secret: true }, n: { type: integer } }\nsteps: [{ action: test.once, with: { value: '{{input.password}}' } }, { respond: { body: '{{input.n}}' } }, { if: 'eq input.n 2', then: [{ wait: 1d }] }, { if: 'eq input.n 3', then: [{ fail: { code: mine, message: '{{input.password}}' } }] }, { return: ['{{input.n}}', '{{input.password}}'] }]";

/// A store with some runs, left without being closed: all that its files hold, and what is to be seen in it.
struct Left {
    folder: tempfile::TempDir,
    settings: StoreSettings,
    ids: Vec<RunId>,
    /// After each commit.
    states: Vec<Sight>,
    pinned: Pinned,
}

/// The key of the n-th run.
fn key(n: i32) -> String {
    format!("key number {n}")
}

async fn left() -> Left {
    let bed = Bed::new(LAZY);
    let store = bed.open();
    let flows = compile(&[FLOW]);
    let pinned = Pinned::of(&flows[0]);
    let laboratory = Laboratory::of(flows);
    let ids: Vec<RunId> = (0..4).map(|_| RunId::new()).collect();
    let mut states = vec![see_all(&store, &ids).await.unwrap()];
    for (n, id) in (1..).zip(&ids) {
        let input = json!({ "password": format!("canary-{n}"), "n": n });
        let name = key(n);
        let mut run = pinned.run(&input, "2030-01-01T00:00:00Z".parse().unwrap());
        run.id = *id;
        let request = json!({ "ip": "127.0.0.1" });
        run.request = Some(&request);
        run.key = Some(IdempotencyKey {
            key: &name,
            lives: Duration::from_hours(24),
        });
        let journal = fresh(store.begin(run).await.unwrap());
        share(&store, json!({ "begun": n })).await;
        states.push(see_all(&store, &ids).await.unwrap());
        laboratory.run_on(&journal, input).await;
        share(&store, json!({ "ended": n })).await;
        states.push(see_all(&store, &ids).await.unwrap());
    }
    let folder = tempfile::tempdir().unwrap();
    let mut settings = bed.settings.clone();
    settings.path = folder.path().join("runs.db");
    for suffix in ["", "-wal"] {
        fs::copy(beside(&bed.settings.path, suffix), beside(&settings.path, suffix)).unwrap();
    }
    Left {
        folder,
        settings,
        ids,
        states,
        pinned,
    }
}

impl Left {
    /// The store with other files: which state it shows, or what opening or reading it says.
    async fn read(&self, database: &[u8], log: &[u8]) -> Result<usize, StoreError> {
        for file in fs::read_dir(self.folder.path()).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
        fs::write(&self.settings.path, database).unwrap();
        fs::write(beside(&self.settings.path, "-wal"), log).unwrap();
        let store = Store::open(self.settings.clone(), Arc::new(TestClock::default()))?;
        let seen = see_all(&store, &self.ids).await?;
        let state = self.states.iter().rposition(|state| *state == seen);
        let state = state.unwrap_or_else(|| panic!("a state that never was: {seen:#?}"));
        self.check_lists(&store, &seen.runs).await?;
        Ok(state)
    }

    /// Lists and keys agree with the runs.
    async fn check_lists(&self, store: &Store, seen: &[(RunId, Option<Seen>)]) -> Result<(), StoreError> {
        let standing = |status: Status| {
            let runs = seen
                .iter()
                .filter(move |(_, run)| run.as_ref().is_some_and(|run| run.status == status));
            runs.map(|(id, _)| *id).collect::<Vec<_>>()
        };
        assert_eq!(store.unfinished(None, 10).await?, standing(Status::Running));
        assert_eq!(store.due(Timestamp::MAX, 10).await?, standing(Status::Sleeping));
        for status in Status::ALL {
            let count = store.count(status).await?;
            assert_eq!(count, standing(status).len() as u64, "{status:?}");
        }
        for (n, (id, run)) in (1..).zip(seen) {
            let input = json!({ "password": format!("canary-{n}"), "n": n });
            let name = key(n);
            let mut new = self.pinned.run(&input, "2030-01-01T00:00:00Z".parse().unwrap());
            new.key = Some(IdempotencyKey {
                key: &name,
                lives: Duration::from_hours(24),
            });
            match store.begin(new).await? {
                Begun::Known {
                    id: known,
                    same_input,
                } => {
                    assert_eq!((known, same_input), (*id, true), "the key of run {n}");
                    assert!(run.is_some());
                }
                Begun::Fresh(_) => assert!(run.is_none(), "the key of run {n} is lost"),
            }
        }
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_cut_off_within_its_last_transaction() {
    let left = left().await;
    let database = fs::read(&left.settings.path).unwrap();
    let log = fs::read(beside(&left.settings.path, "-wal")).unwrap();
    let last = left.states.len() - 1;
    assert_eq!(left.read(&database, &log).await.unwrap(), last);
    // Back to where the commit before ends: there the state before is seen whole.
    let mut at_frames = Vec::new();
    let mut length = log.len();
    let mut state = last;
    while state >= last - 1 {
        length -= FRAME;
        state = left.read(&database, &log[..length]).await.unwrap();
        at_frames.push((length, state));
    }
    let begins = at_frames
        .iter()
        .rev()
        .find(|(_, state)| *state == last - 1)
        .unwrap()
        .0;
    // Each byte at the edges of each frame of it, and some within: a frame counts whole or not at all.
    let mut lengths: Vec<usize> = (begins..log.len()).step_by(499).collect();
    for frame in (begins..=log.len()).step_by(FRAME) {
        lengths.extend(
            (frame.saturating_sub(2)..frame + 26).filter(|length| (begins..log.len()).contains(length)),
        );
    }
    for length in lengths {
        let state = left.read(&database, &log[..length]).await.unwrap();
        assert_eq!(state, last - 1, "after {length} of {} bytes", log.len());
    }
}

/// A page, with its header in the log (<https://www.sqlite.org/fileformat2.html#the_write_ahead_log>).
const FRAME: usize = 4096 + 24;

/// Numbers that look random, and are the same each time (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

/// Flips bits at places of one of the files. How many times it was refused, and how many times it opened.
async fn flip(left: &Left, seed: u64, times: usize, in_log: bool) -> (usize, usize) {
    let database = fs::read(&left.settings.path).unwrap();
    let log = fs::read(beside(&left.settings.path, "-wal")).unwrap();
    let mut dice = Dice(seed);
    let (mut refused, mut opened) = (0, 0);
    for _ in 0..times {
        let (mut database, mut log) = (database.clone(), log.clone());
        let file = if in_log { &mut log } else { &mut database };
        // Most of a file is the empty space of its pages, where nothing can be damaged.
        let at = loop {
            let at = dice.below(file.len());
            if file[at] != 0 {
                break at;
            }
        };
        file[at] ^= 1 << dice.below(8);
        match left.read(&database, &log).await {
            Ok(_) => opened += 1,
            Err(error) => {
                let text = error.to_string();
                assert!(
                    matches!(
                        error,
                        StoreError::Corrupt { .. }
                            | StoreError::Newer { .. }
                            | StoreError::Key { .. }
                            | StoreError::Io { .. }
                    ),
                    "byte {at}: {error:?}"
                );
                assert!(text.contains("runs.db"), "byte {at}: {text}");
                refused += 1;
            }
        }
    }
    (refused, opened)
}

#[tokio::test(start_paused = true)]
async fn bits_flip_in_its_log() {
    let left = left().await;
    let (refused, opened) = flip(&left, 0x1234_5678_9abc_def1, 80, true).await;
    // The log has checksums of its own: what stands behind the flipped bit is lost, and nothing else.
    assert_eq!((refused, opened), (0, 80));
}

#[tokio::test(start_paused = true)]
async fn bits_flip_in_its_file() {
    let left = left().await;
    // All of it in the file.
    let connection = rusqlite::Connection::open(&left.settings.path).unwrap();
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    connection
        .set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .unwrap();
    drop(connection);
    fs::write(beside(&left.settings.path, "-wal"), "").unwrap();
    let last = left.states.len() - 1;
    let database = fs::read(&left.settings.path).unwrap();
    assert_eq!(left.read(&database, b"").await.unwrap(), last);
    fs::write(&left.settings.path, &database).unwrap();
    fs::write(beside(&left.settings.path, "-wal"), "").unwrap();
    let (refused, opened) = flip(&left, 0x0fed_cba9_8765_4321, 250, false).await;
    // Much of what stands there counts no more: rows that were changed, numbers that only make things faster.
    assert!(refused > 100, "{refused} refused, {opened} opened");
}

/// Each byte of each row, one bit of it: what stands in rows is checked, also where a store is too large to be checked as a whole.
#[tokio::test(start_paused = true)]
async fn what_stands_in_rows_is_checked() {
    let left = left().await;
    let connection = crate::sqlite::open_writer(&left.settings.path).unwrap();
    let mut checked = 0;
    for (table, key) in [("runs", "seq"), ("journal", "id"), ("state", "key")] {
        let columns: Vec<String> = connection
            .prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        for column in &columns {
            // Its text with a space more, its bytes all zero, its number with a bit more.
            let change = format!(
                "UPDATE {table} SET {column} = CASE typeof({column}) WHEN 'integer' THEN {column} + 4194304 \
                 WHEN 'text' THEN {column} || ' ' WHEN 'blob' THEN zeroblob(length({column})) END \
                 WHERE {key} = (SELECT max({key}) FROM {table} WHERE {column} IS NOT NULL)"
            );
            connection.execute_batch("BEGIN").unwrap();
            connection.execute_batch(&change).unwrap();
            let sound = crate::store::check_all(&connection, &left.settings.path);
            connection.execute_batch("ROLLBACK").unwrap();
            assert!(
                matches!(sound, Err(StoreError::Corrupt { .. })),
                "{table}.{column}: {sound:?}"
            );
            checked += 1;
        }
    }
    assert_eq!(checked, 20 + 3 + 5);
    crate::store::check_all(&connection, &left.settings.path).unwrap();
}
