//! Ended runs that go on from the step where they stopped.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockgate_engine::RunOptions;
use lockgate_engine::outcome::{RunOutcome, RunStatus};
use serde_json::{Value, json};

use super::bed::{Bed, Pinned};
use super::laboratory::{Book, Laboratory, compile};
use crate::{Durability, Record, Reopen, RunId, Settled, Status, Store};

/// A run of these flows that has ended.
struct Ended {
    bed: Bed,
    store: Store,
    flows: Vec<Arc<lockgate_flow::graph::Flow>>,
    pinned: Pinned,
    id: RunId,
    outcome: RunOutcome,
    book: Arc<Book>,
}

impl Ended {
    async fn of(texts: &[&str]) -> Self {
        let bed = Bed::new(Durability::Full);
        let store = bed.open();
        let flows = compile(texts);
        let pinned = Pinned::of(&flows[0]);
        let journal = pinned.begin(&store).await;
        let laboratory = laboratory(&bed, &flows, None);
        let outcome = laboratory.run_on(&journal, json!({})).await;
        Self {
            store,
            id: journal.id(),
            outcome,
            book: laboratory.book,
            bed,
            flows,
            pinned,
        }
    }

    fn effects(&self) -> BTreeMap<String, u32> {
        self.book.effects.lock().unwrap().clone()
    }

    /// Reopens it, and runs it again. `None` where it cannot be reopened.
    async fn again(&self, doubt: Option<Settled>) -> Option<RunOutcome> {
        let how = Reopen {
            definition: None,
            doubt,
        };
        let run = self.store.reopen(self.id, how).await.unwrap()?;
        assert_eq!(run.status, Status::Running);
        assert_eq!((&run.error, &run.output), (&None, &None));
        let mut options = RunOptions::new("run-1");
        options.attempt = run.attempt;
        options.active_before = run.active;
        let laboratory = laboratory(&self.bed, &self.flows, Some(&self.book));
        Some(laboratory.run_with(&run.journal, run.input, options).await)
    }
}

fn laboratory(bed: &Bed, flows: &[Arc<lockgate_flow::graph::Flow>], book: Option<&Arc<Book>>) -> Laboratory {
    let laboratory = Laboratory::of(flows.to_vec());
    let book = book.unwrap_or(&laboratory.book);
    let executor = lockgate_engine::Executor::new(super::laboratory::actions(book))
        .with_clock(bed.clock())
        .with_flows(flows.to_vec());
    Laboratory {
        book: Arc::clone(book),
        clock: Arc::clone(&bed.clock),
        executor,
        ..laboratory
    }
}

/// How often an action was called that fails the first time: `test.once` notes itself, this one by its lines.
fn failures(ended: &Ended) -> usize {
    let lines = ended.book.lines();
    lines.iter().filter(|line| line.starts_with("fail")).count()
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_from_the_step_that_failed() {
    let (once, fail) = (
        "{ action: test.once }",
        "{ action: test.fail, with: { code: refused } }",
    );
    // A flow, the keys of `once` steps that are not done again, those that are, and how often something fails in all.
    let table: &[(&str, &[&str], &[&str], usize)] = &[
        ("steps: [ONCE, FAIL, ONCE]", &["steps/0"], &[], 2),
        // The flow's own handler runs again, since it runs because of the step.
        (
            "steps: [ONCE, FAIL]\non_error: [ONCE, { set: { x: '{{uuid}}' } }]",
            &["steps/0"],
            &["on_error/0"],
            2,
        ),
        (
            "steps: [ONCE, { action: test.fail, with: { code: '{{replace (uuid) (uuid) \"\"}}' } }]",
            &["steps/0"],
            &[],
            2,
        ),
        // What is around the step ended because of it; what its siblings have done stays.
        (
            "steps: [{ parallel: { x: [ONCE, { action: test.sleep, with: { ms: 5, name: s } }, FAIL], y: [ONCE] } }]",
            &["steps/0/parallel/x/0", "steps/0/parallel/y/0"],
            &[],
            2,
        ),
        (
            "steps: [{ for_each: 'split \"a,b\" \",\"', steps: [ONCE, { parallel: { x: [FAIL] } }] }]",
            &["steps/0/each/0/steps/0"],
            &[],
            2,
        ),
        // A handler that ends the run with an error of its own: what it handled is what failed.
        (
            "steps: [ONCE, { action: test.fail, with: { code: refused }, on_error: [ONCE, { fail: { code: mine, message: m } }] }]",
            &["steps/0"],
            &["steps/1/on_error/0"],
            2,
        ),
        (
            "steps: [ONCE, { if: true, then: [FAIL], on_error: { refused: [ONCE, { fail: { code: mine, message: m } }] } }]",
            &["steps/0"],
            &["steps/1/on_error/refused/0"],
            2,
        ),
        // An error that was taken earlier is not what failed.
        (
            "steps: [{ action: test.fail, with: { code: busy }, on_error: continue }, ONCE, FAIL]",
            &["steps/1"],
            &[],
            3,
        ),
        // A branch that is called so is no handler.
        (
            "steps: [{ parallel: { on_error: [{ action: test.sleep, with: { ms: 9, name: s } }, ONCE], x: [FAIL], }, on_error: continue }, { parallel: { on_error: [{ action: test.sleep, with: { ms: 5, name: s } }, ONCE, { action: test.sleep, with: { ms: 5000, name: s } }], x: [{ action: test.fail, with: { code: busy }, on_error: [{ wait: 100ms }, { fail: { code: mine, message: m } }] }] } }]",
            &["steps/1/parallel/on_error/1"],
            &[],
            2,
        ),
        // All attempts of the step are done again.
        (
            "steps: [ONCE, { action: test.fail, with: { code: busy, retry: transient }, retry: { attempts: 3, delay: 10ms } }]",
            &["steps/0"],
            &[],
            6,
        ),
        // The time limit of the step, and that of the run.
        (
            "steps: [ONCE, { action: test.sleep, timeout: 1s, with: { ms: 5000, name: fail } }]",
            &["steps/0"],
            &[],
            0,
        ),
        (
            "timeout: 5s\nsteps: [ONCE, { action: test.sleep, with: { ms: 9000, name: fail } }]",
            &["steps/0"],
            &[],
            0,
        ),
    ];
    for (flow, kept, again, failed) in table {
        let flow = flow.replace("ONCE", once).replace("FAIL", fail);
        let ended = Ended::of(&[&flow]).await;
        assert_eq!(ended.outcome.status, RunStatus::Failed, "{flow}");
        let once = |count: &dyn Fn(&str) -> u32| -> BTreeMap<String, u32> {
            let keys = kept.iter().chain(*again);
            keys.map(|key| ((*key).to_owned(), count(key))).collect()
        };
        assert_eq!(ended.effects(), once(&|_| 1), "{flow}");
        let outcome = ended.again(None).await.unwrap();
        assert_eq!(outcome.status, RunStatus::Failed, "{flow}");
        assert_eq!(
            ended.effects(),
            once(&|key| if again.contains(&key) { 2 } else { 1 }),
            "{flow}"
        );
        assert_eq!(failures(&ended), *failed, "{flow}");
        if *failed == 0 {
            let lines = ended.book.lines();
            assert_eq!(
                lines.iter().filter(|line| *line == "begin fail").count(),
                2,
                "{flow}"
            );
        }
        // And once more.
        ended.again(None).await.unwrap();
        let run = ended.store.load(ended.id).await.unwrap().unwrap();
        assert_eq!((run.status, run.attempt), (Status::Failed, 3), "{flow}");
        crate::check(&ended.bed.settings.path).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_within_a_called_flow() {
    let ended = Ended::of(&[
        "steps: [{ action: test.once }, { parallel: { x: [{ call: called }] } }]\non_error: [{ action: test.once }]",
        "name: called\nsteps: [{ action: test.once }, { action: test.fail, with: { code: refused } }]\non_error: [{ action: test.once }]",
    ])
    .await;
    let call = "steps/1/parallel/x/0/call";
    let expected = |handlers: u32| -> BTreeMap<String, u32> {
        [
            ("steps/0".to_owned(), 1),
            (format!("{call}/steps/0"), 1),
            (format!("{call}/on_error/0"), handlers),
            ("on_error/0".to_owned(), handlers),
        ]
        .into()
    };
    assert_eq!(ended.effects(), expected(1));
    ended.again(None).await.unwrap();
    assert_eq!(ended.effects(), expected(2));
    assert_eq!(failures(&ended), 2);
}

/// With the flow as it is now: mended, it comes to its end.
#[tokio::test(start_paused = true)]
async fn it_goes_on_with_another_definition() {
    let ended = Ended::of(&["name: f\nsteps: [{ id: a, action: test.once, with: { value: 1 } }, { action: test.fail, with: { code: refused } }]"]).await;
    let flows = compile(&[
        "name: f\nsteps: [{ id: a, action: test.once, with: { value: 1 } }, { action: test.echo, with: { x: 2 } }, { return: '{{steps.a.value}}' }]",
    ]);
    let mended = Pinned::of(&flows[0]);
    let how = Reopen {
        definition: Some((Arc::clone(&mended.definition), Arc::clone(&mended.digest))),
        doubt: None,
    };
    let run = ended.store.reopen(ended.id, how).await.unwrap().unwrap();
    assert_eq!(run.digest, mended.digest);
    let outcome = laboratory(&ended.bed, &flows, Some(&ended.book))
        .run_on(&run.journal, json!({}))
        .await;
    assert_eq!(outcome.output, Some(json!(1)));
    assert_eq!(ended.effects(), [("steps/0".to_owned(), 1)].into());
    let run = ended.store.load(ended.id).await.unwrap().unwrap();
    assert_eq!((run.status, &run.digest), (Status::Succeeded, &mended.digest));
    assert_ne!(mended.digest, ended.pinned.digest);
    assert!(ended.again(None).await.is_none(), "it has come to its end");
}

/// A run whose process died within a step that cannot be reconciled.
async fn in_doubt() -> Ended {
    in_doubt_of("steps: [{ action: test.once }, { id: b, action: test.blind, with: { value: '{{uuid}}' } }, { return: '{{steps.b.value}}' }]").await
}

/// A run of this flow whose process died within all of its steps that cannot be reconciled.
async fn in_doubt_of(text: &str) -> Ended {
    let mut ended = Ended::of(&[text]).await;
    assert_eq!(ended.outcome.status, RunStatus::Succeeded);
    // The ends of the steps are taken away again.
    let (id, path) = (ended.id, Arc::clone(&ended.store.shared.path));
    let cut = move |connection: &rusqlite::Connection| {
        let row = crate::store::row_of(connection, &path, id)?.unwrap();
        let seq = row.begun.seq;
        let (mut records, chunks) = crate::store::records(connection, &path, seq, id)?;
        let open: Vec<String> = records
            .iter()
            .filter_map(|record| match record {
                Record::Started { action, key, .. } if action == "test.blind" => Some(key.clone()),
                _ => None,
            })
            .collect();
        assert!(!open.is_empty());
        records.retain(|record| !matches!(record, Record::Finished { key, .. } if open.contains(key)));
        let first = seq * crate::rows::CHUNKS_OF_A_RUN;
        connection
            .execute(
                "DELETE FROM journal WHERE id >= ?1 AND id < ?2",
                (first, first + chunks),
            )
            .unwrap();
        let text = crate::journal::kept::json(&records);
        connection
            .execute(
                crate::rows::INSERT_CHUNK,
                (first, &text, crate::rows::chunk_sum(first, &text)),
            )
            .unwrap();
        let state = crate::rows::StateRow::going(row.state.definition, Status::Running, 1);
        state
            .update(&mut connection.prepare(crate::rows::UPDATE_RUN).unwrap(), seq)
            .unwrap();
        Ok(())
    };
    ended.store.shared.transact(cut).await.unwrap();
    // It was lost before it happened.
    let is_once = |key: &String, _: &mut u32| key == "steps/0";
    ended.book.effects.lock().unwrap().retain(is_once);
    let run = ended.store.load(id).await.unwrap().unwrap();
    let laboratory = laboratory(&ended.bed, &ended.flows, Some(&ended.book));
    ended.outcome = laboratory.run_on(&run.journal, json!({})).await;
    assert_eq!(ended.outcome.status, RunStatus::InDoubt);
    assert_eq!(
        ended.store.load(id).await.unwrap().unwrap().status,
        Status::InDoubt
    );
    ended
}

#[tokio::test(start_paused = true)]
async fn an_operator_settles_a_doubt() {
    // Nothing is said: the action is asked once more, and does not know.
    let ended = in_doubt().await;
    let outcome = ended.again(None).await.unwrap();
    assert_eq!(outcome.status, RunStatus::InDoubt);
    assert_eq!(ended.effects().len(), 1);
    // It happened, with this result.
    let outcome = ended
        .again(Some(Settled::Happened(json!({ "value": "as told" }))))
        .await;
    assert_eq!(outcome.unwrap().output, Some(json!("as told")));
    assert_eq!(ended.effects().len(), 1, "it is not called");
    // It did not: it is called.
    let ended = in_doubt().await;
    let outcome = ended.again(Some(Settled::DidNotHappen)).await.unwrap();
    assert_eq!(outcome.status, RunStatus::Succeeded);
    assert!(
        outcome
            .output
            .is_some_and(|output| matches!(output, Value::String(_)))
    );
    assert_eq!(ended.effects().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_word_on_one_doubt_is_none_on_another() {
    let ended = in_doubt_of(
        "steps: [{ parallel: { a: [{ action: test.blind }], b: [{ action: test.blind }] } }, { return: 1 }]",
    )
    .await;
    let outcome = ended.again(Some(Settled::DidNotHappen)).await.unwrap();
    assert_eq!(
        outcome.status,
        RunStatus::InDoubt,
        "nobody said a word on the other"
    );
    assert_eq!(ended.effects().len(), 1);
    let outcome = ended
        .again(Some(Settled::Happened(json!({ "value": 1 }))))
        .await
        .unwrap();
    assert_eq!(outcome.output, Some(json!(1)));
    assert_eq!(ended.effects().len(), 1, "the other had happened");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_failed_is_none() {
    let ended = Ended::of(&[
        "input: { x: { type: string, required: false } }\nsteps: [{ respond: { status: '{{length (default input.x \"12345678\")}}' }, on_error: [{ respond: { body: sorry } }] }, { return: 1 }]",
    ])
    .await;
    assert_eq!(ended.outcome.status, RunStatus::Succeeded, "{:?}", ended.outcome);
    let given = ended.outcome.response.clone().unwrap();
    assert_eq!(given.body, Some(json!("sorry")));
    let stored = ended.store.load(ended.id).await.unwrap().unwrap();
    assert_eq!(
        stored.response,
        Some(given),
        "what is given again is what was given"
    );
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_goes_on() {
    let ended =
        Ended::of(&["steps: [{ action: test.once }, { wait: 2h }, { action: test.once }, { return: 1 }]"])
            .await;
    assert_eq!(ended.outcome.status, RunStatus::Suspended);
    let how = || Reopen {
        definition: None,
        doubt: None,
    };
    assert!(
        ended.store.reopen(ended.id, how()).await.unwrap().is_none(),
        "it has not ended"
    );
    assert!(ended.store.reopen(RunId::new(), how()).await.unwrap().is_none());
    ended.store.cancel(ended.id).await.unwrap();
    tokio::time::advance(std::time::Duration::from_hours(2)).await;
    let outcome = ended.again(None).await.unwrap();
    assert_eq!(outcome.output, Some(json!(1)));
    assert_eq!(ended.effects().len(), 2);
}
