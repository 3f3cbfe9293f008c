//! What is asked of a store that was filled by hand.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::testing::{TestRun, TestStore, at, definition};
use super::{Filter, History};
use crate::error::StoreError;
use crate::id::RunId;
use crate::record::{Kept, Record};
use crate::run::{Status, Trigger};

/// All pages of so many, and how many pages there were.
fn all(history: &History, filter: &Filter, most: usize) -> (Vec<RunId>, usize) {
    let (mut found, mut pages, mut cursor) = (Vec::new(), 0, None);
    loop {
        let page = history.list(filter, cursor.as_deref(), most).unwrap();
        assert!(page.runs.len() <= most);
        found.extend(page.runs.iter().map(|run| run.id));
        pages += 1;
        cursor = page.next;
        if cursor.is_none() {
            return (found, pages);
        }
    }
}

/// Some runs of three flows in all statuses; some began at the same time, and some after others that have a later number.
fn filled() -> (TestStore, Vec<(RunId, TestRun<'static>)>) {
    let mut store = TestStore::new();
    let mut runs = Vec::new();
    for n in 0..84 {
        let status = Status::ALL[n % 7];
        let run = TestRun {
            flow: ["sign-up", "profile", "rare"][if n == 40 { 2 } else { n % 2 }],
            status,
            at: [n / 2, 50 - n / 2][usize::from(n % 5 == 0)].try_into().unwrap(),
            input: json!({ "email": format!("person-{n}@Example.com"), "quote": "a \"quoted\" Ärger\nand more" }),
            output: (status == Status::Succeeded).then(|| json!({ "user_id": format!("auth0|{n:03}") })),
            error: (status == Status::Failed)
                .then(|| json!({ "code": "user_exists", "message": "the user is there", "status": 409, "step": "user" })),
            ..TestRun::default()
        };
        runs.push((store.put(&run), run));
    }
    // The order of lists, told by what was put in.
    let mut order: Vec<_> = runs.into_iter().enumerate().collect();
    order.sort_by_key(|(seq, (_, run))| std::cmp::Reverse((run.at, *seq)));
    (store, order.into_iter().map(|(_, run)| run).collect())
}

#[test]
fn lists_have_what_fits_newest_first() {
    let (store, runs) = filled();
    let history = store.history();
    let text = |text: &str| Some(text.to_owned());
    let mut filters = vec![Filter::default()];
    for flow in [None, text("sign-up"), text("rare"), text("unknown")] {
        for statuses in [
            vec![],
            vec![Status::Failed],
            vec![Status::Succeeded],
            vec![Status::InDoubt, Status::Failed, Status::InDoubt],
            vec![Status::Succeeded, Status::Queued],
            Status::ALL.to_vec(),
        ] {
            for (since, until) in [
                (None, None),
                (Some(10), None),
                (None, Some(30)),
                (Some(15), Some(16)),
                (Some(30), Some(10)),
            ] {
                for text in [
                    None,
                    text("PERSON-1"),
                    text("\"Quoted\" ärger\nAND"),
                    text("user_exists"),
                    text("nowhere"),
                ] {
                    filters.push(Filter {
                        flow: flow.clone(),
                        statuses: statuses.clone(),
                        since: since.map(at),
                        until: until.map(at),
                        text,
                    });
                }
            }
        }
    }
    let mut hits = 0;
    for filter in filters {
        let expected: Vec<RunId> = runs
            .iter()
            .filter(|(_, run)| {
                filter.flow.as_deref().is_none_or(|flow| flow == run.flow)
                    && (filter.statuses.is_empty() || filter.statuses.contains(&run.status))
                    && filter.since.is_none_or(|since| at(run.at) >= since)
                    && filter.until.is_none_or(|until| at(run.at) < until)
                    && match filter.text.as_deref() {
                        Some("PERSON-1") => run.input.to_string().contains("person-1"),
                        Some("user_exists") => run.error.is_some(),
                        Some("nowhere") => false,
                        _ => true,
                    }
            })
            .map(|(id, _)| *id)
            .collect();
        hits += expected.len();
        for most in [1, 7, 1000] {
            let (found, pages) = all(&history, &filter, most);
            assert_eq!(found, expected, "{filter:?}, {most} a page");
            assert_eq!(
                pages,
                expected.len().div_ceil(most).max(1),
                "{filter:?}, {most} a page"
            );
        }
    }
    assert!(hits > 1000, "the filters find something: {hits}");
}

#[test]
fn a_text_is_found_in_an_id() {
    let (store, runs) = filled();
    let id = runs[3].0;
    let text = id.to_string()[20..].to_uppercase();
    let filter = Filter {
        text: Some(text),
        ..Filter::default()
    };
    assert_eq!(all(&store.history(), &filter, 10).0, [id]);
}

#[test]
fn a_search_is_bounded_and_goes_on() {
    let mut store = TestStore::new();
    store.owner.execute_batch("BEGIN").unwrap();
    let oldest = store.put(&TestRun {
        input: json!({ "email": "needle@example.com" }),
        ..TestRun::default()
    });
    for n in 1..9000 {
        store.put(&TestRun {
            at: n / 1000,
            ..TestRun::default()
        });
    }
    store.owner.execute_batch("COMMIT").unwrap();
    let filter = Filter {
        text: Some("needle".to_owned()),
        ..Filter::default()
    };
    let history = store.history();
    let first = history.list(&filter, None, 10).unwrap();
    assert!(first.runs.is_empty());
    assert!(first.next.is_some());
    let (found, pages) = all(&history, &filter, 10);
    assert_eq!(found, [oldest]);
    assert!((2..5).contains(&pages), "{pages}");
}

#[test]
fn a_cursor_stays_where_it_is_while_runs_are_added() {
    let (mut store, runs) = filled();
    let history = store.history();
    let first = history.list(&Filter::default(), None, 10).unwrap();
    store.put(&TestRun {
        at: 1000,
        ..TestRun::default()
    });
    let second = history
        .list(&Filter::default(), first.next.as_deref(), 10)
        .unwrap();
    let found: Vec<RunId> = first.runs.iter().chain(&second.runs).map(|run| run.id).collect();
    let expected: Vec<RunId> = runs.iter().take(20).map(|(id, _)| *id).collect();
    assert_eq!(found, expected);
    let error = history
        .list(&Filter::default(), Some("no cursor"), 10)
        .unwrap_err();
    assert!(matches!(error, StoreError::Query { .. }), "{error}");
}

#[test]
fn a_run_has_everything_but_what_is_sealed() {
    let mut store = TestStore::new();
    let finished = |key: &str, seconds| Record::Finished {
        key: key.to_owned(),
        attempt: 1,
        at: at(seconds),
        verb: "set".to_owned(),
        outcome: Ok(Kept {
            shown: json!({ "value": "••••" }),
            sealed: Some("c2VhbGVk".to_owned()),
        }),
    };
    // The records of another run, with the numbers before and after.
    let records = |keys: &[&str]| keys.iter().map(|key| vec![finished(key, 1)]).collect::<Vec<_>>();
    let other = TestRun {
        records: records(&["steps/8", "steps/9"]),
        ..TestRun::default()
    };
    store.put(&other);
    let id = store.put(&TestRun {
        status: Status::Failed,
        input: json!({ "email": "ann@example.com", "password": "••••" }),
        output: Some(json!(1.5)),
        error: Some(json!({ "code": "refused", "message": "no", "status": 403, "step": "user" })),
        records: records(&["steps/0", "steps/1", "steps/2"]),
        ..TestRun::default()
    });
    store.put(&other);
    let history = store.history();
    let digest = definition().digest();
    let run = history.run(id).unwrap().unwrap();
    assert_eq!(
        (
            run.summary.id,
            &*run.summary.flow,
            run.summary.status,
            run.summary.trigger
        ),
        (id, "sign-up", Status::Failed, Trigger::Http)
    );
    assert_eq!(
        (run.summary.started_at, run.summary.active.as_micros()),
        (at(0), 1500)
    );
    assert_eq!(run.summary.error.as_deref(), Some("refused"));
    assert_eq!(
        (run.definition.as_str(), &run.output),
        (digest.as_str(), &Some(json!(1.5)))
    );
    let keys: Vec<&str> = run
        .records
        .iter()
        .map(|record| match record {
            Record::Finished {
                key,
                outcome: Ok(Kept { sealed: None, .. }),
                ..
            } => &**key,
            record => panic!("{record:?}"),
        })
        .collect();
    assert_eq!(keys, ["steps/0", "steps/1", "steps/2"]);
    assert_eq!(history.run(RunId::new()).unwrap(), None);
    assert_eq!(
        history.definition(&digest).unwrap().unwrap().files["sign-up"].path,
        "flows/sign-up.yaml"
    );
    assert_eq!(history.definition("d2").unwrap(), None);

    let export = serde_json::to_value(history.export(id).unwrap().unwrap()).unwrap();
    assert_eq!(export["format"], 1);
    assert_eq!(export["run"]["id"], json!(id));
    assert_eq!(export["run"]["active_ms"], json!(1.5));
    assert_eq!(
        export["definition"]["content"]["files"]["sign-up"]["text"],
        "steps: []"
    );
    assert_eq!(export["records"].as_array().map(Vec::len), Some(3));
    assert_eq!(export["timeline"]["steps"].as_array().map(Vec::len), Some(3));
    assert!(!export.to_string().contains("c2VhbGVk"));
}

#[test]
fn runs_are_found_by_how_their_ids_begin() {
    let (store, runs) = filled();
    let history = store.history();
    let mut ids: Vec<RunId> = runs.iter().map(|(id, _)| *id).collect();
    ids.sort_unstable();
    for id in &ids {
        let text = id.to_string();
        for length in [4, 5, 8, 9, 10, 13, 14, 35, 36] {
            let prefix = &text[..length];
            let mut expected: Vec<RunId> = ids
                .iter()
                .copied()
                .filter(|id| id.to_string().starts_with(prefix))
                .collect();
            expected.reverse();
            expected.truncate(10);
            assert_eq!(history.find(prefix).unwrap(), expected, "{prefix}");
            assert_eq!(
                history.find(&prefix.replace('-', "").to_uppercase()).unwrap(),
                expected
            );
        }
    }
    assert_eq!(history.find("ffff").unwrap(), []);
    for wrong in [
        "",
        "019",
        "01-9",
        "wxyz",
        "0199c5d4-2f6e-7c31-9a52-0f6f8f3f2a11-1",
    ] {
        assert!(
            matches!(history.find(wrong), Err(StoreError::Query { .. })),
            "{wrong}"
        );
    }
}

#[test]
fn counts_are_those_of_the_rows() {
    let (store, runs) = filled();
    let counted = store.history().counts().unwrap();
    let statuses: BTreeSet<&str> = counted.iter().map(|(status, _)| status.name()).collect();
    assert_eq!(statuses.len(), 7);
    for (status, count) in counted {
        let expected = runs.iter().filter(|(_, run)| run.status == status).count();
        assert_eq!(count, expected as u64, "{status:?}");
    }
    let empty = TestStore::new().history().counts().unwrap();
    assert!(empty.iter().all(|(_, count)| *count == 0));
}

#[test]
fn a_version_changes_with_every_commit_of_another() {
    let mut store = TestStore::new();
    let history = store.history();
    let before = history.version().unwrap();
    // Reading changes nothing.
    history.list(&Filter::default(), None, 10).unwrap();
    assert_eq!(history.version().unwrap(), before);
    store.put(&TestRun::default());
    assert_ne!(history.version().unwrap(), before);
}

/// Every question that meets the run must say which one is damaged.
#[test]
fn a_damaged_row_names_its_run() {
    for damage in [
        "UPDATE runs SET status = 9",
        "UPDATE runs SET trigger = -1",
        "UPDATE runs SET attempt = -1",
        "UPDATE runs SET started_at = 9000000000000000000",
        "UPDATE runs SET active = -5",
        "UPDATE runs SET error = '{'",
        "UPDATE runs SET flow = 77",
    ] {
        let (store, id) = damaged(damage);
        let history = store.history();
        for answer in [
            history.list(&Filter::default(), None, 10).map(|_| ()),
            history.run(id).map(|_| ()),
        ] {
            assert_names(answer, &id.to_string(), damage);
        }
    }
    for damage in [
        "UPDATE runs SET input = '[1'",
        "UPDATE runs SET output = 'yes'",
        "UPDATE runs SET definition = 9",
        "UPDATE journal SET records = '[{\"record\":\"unheard_of\"}]'",
        "UPDATE journal SET records = substr(records, 1, 20)",
        "UPDATE journal SET records = CAST(x'ff' AS TEXT)",
        "UPDATE journal SET id = id + 1",
        // What only a checksum tells.
        "UPDATE runs SET input = replace(input, '{', '[')",
        "UPDATE runs SET attempt = 2",
        "UPDATE journal SET records = replace(records, 'resumed', 'reszmed')",
    ] {
        let (store, id) = damaged(damage);
        assert_names(store.history().run(id).map(|_| ()), &id.to_string(), damage);
    }
    let (store, _) = damaged("UPDATE runs SET id = x'01'");
    assert_names(
        store.history().list(&Filter::default(), None, 10).map(|_| ()),
        "number 1",
        "its id",
    );
    let (store, id) = damaged("UPDATE definitions SET body = '{}'");
    assert_names(
        store.history().export(id).map(|_| ()),
        &definition().digest(),
        "its definition",
    );
}

fn damaged(how: &str) -> (TestStore, RunId) {
    let mut store = TestStore::new();
    let id = store.put(&TestRun {
        records: vec![vec![Record::Resumed {
            at: at(0),
            attempt: 1,
        }]],
        ..TestRun::default()
    });
    store.damage(how);
    (store, id)
}

#[track_caller]
fn assert_names(answer: Result<(), StoreError>, name: &str, what: &str) {
    let error = answer.expect_err(what);
    assert!(matches!(error, StoreError::Corrupt { .. }), "{what}: {error}");
    assert!(error.to_string().contains(name), "{what}: {error}");
    assert!(error.to_string().contains("runs.db"), "{what}: {error}");
}

#[test]
fn what_is_no_store_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.db");
    assert!(matches!(History::open(&path), Err(StoreError::Absent { .. })));
    assert!(!path.exists(), "reading makes nothing");
    std::fs::write(
        &path,
        "a text that is longer than the header of a database, and is none".repeat(20),
    )
    .unwrap();
    assert!(matches!(History::open(&path), Err(StoreError::Corrupt { .. })));
    let other = folder.path().join("other.db");
    Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    assert!(matches!(History::open(&other), Err(StoreError::Corrupt { .. })));
    assert!(matches!(
        History::open(folder.path()),
        Err(StoreError::Io { .. } | StoreError::Corrupt { .. })
    ));
}

fn copy(store: &TestStore, to: &Path, endings: &[&str]) {
    for ending in endings {
        let from = format!("{}{ending}", store.path.display());
        std::fs::copy(from, format!("{}{ending}", to.display())).unwrap();
    }
}

/// The owner was killed: its log and its shared memory are there, and nobody holds them.
#[test]
fn what_a_killed_owner_left_is_read() {
    let mut store = TestStore::new();
    let id = store.put(&TestRun::default());
    let folder = tempfile::tempdir().unwrap();
    for (name, endings) in [
        ("all.db", &["", "-wal", "-shm"][..]),
        ("without-memory.db", &["", "-wal"]),
    ] {
        let path = folder.path().join(name);
        copy(&store, &path, endings);
        let log = std::fs::read(folder.path().join(format!("{name}-wal"))).unwrap();
        assert!(!log.is_empty(), "the run is in the log");
        let history = History::open(&path).unwrap();
        assert_eq!(history.list(&Filter::default(), None, 10).unwrap().runs[0].id, id);
        drop(history);
        assert_eq!(
            std::fs::read(folder.path().join(format!("{name}-wal"))).unwrap(),
            log
        );
    }
}

#[cfg(unix)]
#[test]
fn a_store_is_read_where_nothing_may_be_written() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;

    let mut store = TestStore::new();
    let id = store.put(&TestRun::default());
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // Killed, with and without its shared memory; and closed well.
    copy(&store, &path("all.db"), &["", "-wal", "-shm"]);
    copy(&store, &path("log.db"), &["", "-wal"]);
    store
        .owner
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    copy(&store, &path("closed.db"), &[""]);
    let set = |mode: u32| {
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            set_permissions(entry.unwrap().path(), Permissions::from_mode(mode & 0o444)).unwrap();
        }
        set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
    };
    set(0o555);
    let read = |name: &str| -> Result<Vec<RunId>, StoreError> {
        let page = History::open(&path(name))?.list(&Filter::default(), None, 10)?;
        Ok(page.runs.iter().map(|run| run.id).collect())
    };
    let answers = [read("all.db"), read("closed.db"), read("log.db")];
    set(0o755);
    assert_eq!(answers[0].as_ref().unwrap(), &[id]);
    assert_eq!(answers[1].as_ref().unwrap(), &[id]);
    // A log without its shared memory can be read only where that can be made; never is it left out.
    match &answers[2] {
        Ok(found) => assert_eq!(found, &[id]),
        Err(error) => assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}"),
    }
}

#[test]
fn readers_and_the_owner_do_not_wait_for_each_other() {
    let mut store = TestStore::new();
    let id = store.put(&TestRun::default());
    let history = store.history();
    store.owner.execute_batch("BEGIN IMMEDIATE").unwrap();
    store.put(&TestRun::default());
    // What is not committed is not seen, and keeps nobody from reading.
    assert_eq!(all(&history, &Filter::default(), 10).0, [id]);
    store.owner.execute_batch("COMMIT").unwrap();
    assert_eq!(all(&history, &Filter::default(), 10).0.len(), 2);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                assert_eq!(
                    history.run(id).unwrap().unwrap().input,
                    Value::from(serde_json::Map::new())
                );
            });
        }
    });
}
