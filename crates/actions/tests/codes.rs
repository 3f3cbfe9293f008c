//! Codes that people type, under attack: thousands guess at the same time, in memory and on a real store, in one thread and in
//! several; processes die in between.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use lockgate_actions::register;
use lockgate_engine::action::{Action, Actions};
use lockgate_engine::state::{MemoryState, SharedState};
use lockgate_engine::step_key::StepKey;
use lockgate_engine::testing::{LoneStep, TestClock};
use lockgate_flow::catalog::Catalog;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;
use lockgate_http::HttpPolicy;
use lockgate_store::{Durability, Retention, Store, StoreSettings};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const REFERENCE: &str = "ada@example.com";

/// Runs that share a state.
#[derive(Clone)]
struct Runs {
    actions: Actions,
    clock: Arc<TestClock>,
    state: Arc<dyn SharedState>,
}

impl Runs {
    fn on(state: Arc<dyn SharedState>) -> Self {
        let mut actions = Actions::new();
        register(&mut actions, HttpPolicy::default());
        Self {
            actions,
            clock: Arc::default(),
            state,
        }
    }

    async fn call(&self, run: String, action: &str, input: Value) -> Result<Value, String> {
        const KEY: StepKey<'static> = StepKey {
            parent: None,
            path: "steps/0",
            indices: &[],
            part: "",
        };
        let step = LoneStep {
            run_id: run,
            clock: Arc::clone(&self.clock) as _,
            state: Arc::clone(&self.state),
            ..LoneStep::on(TestClock::default())
        };
        let action: &Arc<dyn Action> = self.actions.get(action).unwrap();
        let called = action.call(&step.context(&KEY), input).await;
        called.map_err(|error| error.code.into_owned())
    }

    async fn generate(&self, run: &str, input: Value) -> String {
        let given = self.call(run.to_owned(), "otp.generate", input).await.unwrap();
        given["code"].as_str().unwrap().to_owned()
    }

    async fn verify(&self, run: String, code: String) -> String {
        let input = json!({ "reference": REFERENCE, "code": code });
        let told = self.call(run, "otp.verify", input).await.unwrap();
        told["result"].as_str().unwrap().to_owned()
    }

    /// Many runs at once: how often each answer was given.
    async fn storm(&self, steps: impl Iterator<Item = (Asked, Value)>) -> Answers {
        let mut tasks = JoinSet::new();
        for (number, (Asked { action, field }, input)) in steps.enumerate() {
            let runs = self.clone();
            tasks.spawn(async move {
                let told = runs.call(number.to_string(), action, input).await;
                told.map_or_else(|code| code, |told| told[field].as_str().unwrap_or("-").to_owned())
            });
        }
        let mut answers = Answers::new();
        while let Some(answer) = tasks.join_next().await {
            *answers.entry(answer.unwrap()).or_default() += 1;
        }
        answers
    }
}

/// What a run of a storm calls, and the field of the result that counts.
#[derive(Clone, Copy)]
struct Asked {
    action: &'static str,
    field: &'static str,
}

const CHECK: Asked = Asked {
    action: "otp.verify",
    field: "result",
};

const ASK: Asked = Asked {
    action: "otp.generate",
    field: "none",
};

const CHECK_APP: Asked = Asked {
    action: "totp.verify",
    field: "cause",
};

type Answers = BTreeMap<String, u32>;

fn count(answers: &Answers, answer: &str) -> u32 {
    answers.get(answer).copied().unwrap_or(0)
}

fn store(path: &Path, durability: Durability) -> Store {
    let settings = StoreSettings {
        path: path.join("runs.db"),
        durability,
        retention: Retention {
            age: None,
            count: None,
        },
        key: Some("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=".into()),
    };
    Store::open(settings, Arc::new(TestClock::default())).unwrap()
}

/// In memory, and on a store.
async fn everywhere(attack: impl AsyncFn(Runs)) {
    attack(Runs::on(Arc::new(MemoryState::random()))).await;
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), Durability::Full);
    attack(Runs::on(Arc::new(store.state()))).await;
    store.close().await.unwrap();
    lockgate_store::check(&folder.path().join("runs.db")).unwrap();
}

const GUESSES: u32 = 10_000;

/// Every code that there is, at once: the odds are five in ten thousand, whoever comes first.
async fn guess_all_codes(runs: Runs) {
    let code = runs
        .generate("g", json!({ "reference": REFERENCE, "length": 4 }))
        .await;
    let all = (0..GUESSES).map(|code| (CHECK, json!({ "reference": REFERENCE, "code": code })));
    let answers = runs.storm(all).await;
    let (valid, wrong) = (count(&answers, "VALID"), count(&answers, "UNEQUAL"));
    assert_eq!(answers.values().sum::<u32>(), GUESSES, "{answers:?}");
    if valid == 0 {
        assert_eq!(wrong, 5, "{answers:?}");
        assert_eq!(count(&answers, "TOO_MANY_ATTEMPTS"), GUESSES - 5, "{answers:?}");
        assert_eq!(runs.verify("late".to_owned(), code).await, "TOO_MANY_ATTEMPTS");
    } else {
        assert!(valid == 1 && wrong <= 5, "{answers:?}");
        assert_eq!(runs.verify("late".to_owned(), code).await, "MISSING");
    }
}

/// New codes are asked for all the time meanwhile.
async fn guess_while_codes_are_asked_for(runs: Runs) {
    const ASKED: u32 = GUESSES / 3 + 1;
    let steps = (0..GUESSES).flat_map(|number| {
        let guess = (CHECK, json!({ "reference": REFERENCE, "code": "wrong" }));
        let ask = (ASK, json!({ "reference": REFERENCE, "codes": 100 }));
        let ask = (number % 3 == 0).then_some(ask);
        ask.into_iter().chain([guess])
    });
    runs.generate("g", json!({ "reference": REFERENCE, "codes": 100 }))
        .await;
    let answers = runs.storm(steps).await;
    assert_eq!(count(&answers, "UNEQUAL"), 5, "{answers:?}");
    assert_eq!(count(&answers, "TOO_MANY_ATTEMPTS"), GUESSES - 5, "{answers:?}");
    let (given, refused) = (count(&answers, "-"), count(&answers, "too_many_attempts"));
    assert_eq!(
        given + refused + count(&answers, "too_many_codes"),
        ASKED,
        "{answers:?}"
    );
    assert!(given < 100, "{answers:?}");
}

/// All of them have it right.
async fn use_at_the_same_time(runs: Runs) {
    let code = runs.generate("g", json!({ "reference": REFERENCE })).await;
    let right = (0..GUESSES).map(|_| (CHECK, json!({ "reference": REFERENCE, "code": code })));
    let answers = runs.storm(right).await;
    assert_eq!(
        answers,
        BTreeMap::from([("VALID".to_owned(), 1), ("MISSING".to_owned(), GUESSES - 1)])
    );
}

/// The same with an authenticator app.
async fn guess_codes_of_an_app(runs: Runs) {
    // RFC 4226, appendix D: the code of the time step in which the clock begins.
    let (secret, right) = ("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "287082");
    let runs = Runs {
        clock: Arc::new(TestClock::at(Timestamp::from_second(45).unwrap())),
        ..runs
    };
    let ask = |code: &str, reference: &str| {
        let input = json!({ "secret": secret, "code": code, "reference": reference, "window": 3 });
        (CHECK_APP, input)
    };
    let answers = runs.storm((0..GUESSES).map(|_| ask(right, "ada"))).await;
    let expected = [("-".to_owned(), 1), ("REPLAYED".to_owned(), GUESSES - 1)];
    assert_eq!(answers, BTreeMap::from(expected));
    let answers = runs.storm((0..GUESSES).map(|_| ask("wrong", "bob"))).await;
    let expected = [
        ("UNEQUAL".to_owned(), 5),
        ("TOO_MANY_ATTEMPTS".to_owned(), GUESSES - 5),
    ];
    assert_eq!(answers, BTreeMap::from(expected));
}

#[tokio::test]
async fn all_codes_are_guessed_in_one_thread() {
    everywhere(guess_all_codes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_codes_are_guessed_in_several_threads() {
    everywhere(guess_all_codes).await;
}

#[tokio::test]
async fn codes_are_asked_for_meanwhile_in_one_thread() {
    everywhere(guess_while_codes_are_asked_for).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn codes_are_asked_for_meanwhile_in_several_threads() {
    everywhere(guess_while_codes_are_asked_for).await;
}

#[tokio::test]
async fn of_all_who_have_it_right_one_is_let_in_in_one_thread() {
    everywhere(use_at_the_same_time).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_all_who_have_it_right_one_is_let_in_in_several_threads() {
    everywhere(use_at_the_same_time).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn codes_of_an_app_are_guessed() {
    everywhere(guess_codes_of_an_app).await;
}

/// The files as a crash would leave them now, and the runs that find them.
fn after_a_crash(files: &Path, durability: Durability) -> (tempfile::TempDir, Store, Runs) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["runs.db", "runs.db-wal"] {
        std::fs::copy(files.join(name), folder.path().join(name)).unwrap();
    }
    let store = store(folder.path(), durability);
    let runs = Runs::on(Arc::new(store.state()));
    (folder, store, runs)
}

/// What was answered counts after a crash, whatever the durability; and a step that is done again is told what it was told.
#[tokio::test]
async fn a_crash_gives_nothing_back() {
    let lazy = Durability::Batched {
        every: std::time::Duration::from_hours(1),
    };
    for durability in [Durability::Full, lazy] {
        let ask = json!({ "reference": REFERENCE });
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), durability);
        let runs = Runs::on(Arc::new(store.state()));
        let code = runs.generate("g", ask.clone()).await;
        for guess in ["w1", "w2", "w3", "w4"] {
            assert_eq!(runs.verify(guess.to_owned(), guess.to_owned()).await, "UNEQUAL");
        }
        let (_folder, _store, crashed) = after_a_crash(folder.path(), durability);
        assert_eq!(crashed.generate("g", ask.clone()).await, code);
        assert_eq!(
            crashed.verify("w4".to_owned(), "w4".to_owned()).await,
            "UNEQUAL",
            "it counts once"
        );
        assert_eq!(crashed.verify("w5".to_owned(), "w5".to_owned()).await, "UNEQUAL");
        assert_eq!(
            crashed.verify("w6".to_owned(), code.clone()).await,
            "TOO_MANY_ATTEMPTS"
        );

        assert_eq!(runs.verify("v".to_owned(), code.clone()).await, "VALID");
        let (_folder, _store, crashed) = after_a_crash(folder.path(), durability);
        assert_eq!(crashed.verify("other".to_owned(), code.clone()).await, "MISSING");
        assert_eq!(
            crashed.verify("v".to_owned(), code.clone()).await,
            "VALID",
            "it was this one"
        );
        assert_eq!(crashed.generate("g", ask).await, code);
        assert_eq!(crashed.verify("another".to_owned(), code).await, "MISSING");
    }
}

#[test]
fn each_example_is_a_step() {
    let mut actions = Actions::new();
    register(&mut actions, HttpPolicy::default());
    let mut catalog = Catalog::new();
    actions.declare(&mut catalog);
    for name in [
        "otp.generate",
        "otp.verify",
        "totp.generate_secret",
        "totp.verify",
    ] {
        let example = &catalog.action(name).unwrap().example;
        let fields: BTreeSet<&str> = example
            .split("input.")
            .skip(1)
            .map(|rest| rest.split('}').next().unwrap())
            .collect();
        let mut text = "name: example\ninput:\n".to_owned();
        for field in fields {
            let _ = writeln!(text, "  {field}: {{ type: string, secret: true }}");
        }
        text += "steps:\n";
        for (line, example) in example.lines().enumerate() {
            let _ = writeln!(text, "  {} {example}", if line == 0 { "-" } else { " " });
        }
        let source = Source::new("flows/example.yaml", text.as_str());
        let found = Workspace::check(None, &[source], &catalog).diagnostics;
        assert!(found.is_empty(), "{text}\n{found:#?}");
    }
}
