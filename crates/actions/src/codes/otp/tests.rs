//! `otp.generate` and `otp.verify` together, as runs call them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use lockgate_engine::action::{Action, ActionError, Retry};
use lockgate_engine::state::{Entry, MemoryState, SharedState, StateError};
use lockgate_engine::testing::{LoneStep, TestClock};
use lockgate_flow::catalog::KnownInput;
use lockgate_flow::schema::{compile, problems};
use serde_json::{Value, json};
use tokio::time::advance;

use super::{Generate, Verify};

/// Runs that share a state.
struct Runs {
    clock: Arc<TestClock>,
    state: Arc<dyn SharedState>,
}

const ADA: &str = "ada@example.com";

impl Runs {
    fn new() -> Self {
        Self::on(MemoryState::new([7; 32]))
    }

    fn on(state: impl SharedState + 'static) -> Self {
        Self {
            clock: Arc::default(),
            state: Arc::new(state),
        }
    }

    async fn call(&self, run: &str, action: &impl Action, input: Value) -> Result<Value, ActionError> {
        let fits = |schema: &lockgate_flow::schema::Schema, value: &Value| {
            let found = problems(&compile(schema.as_value()).unwrap(), value);
            assert!(found.is_empty(), "{value}: {found:?}");
        };
        fits(&action.spec().input, &input);
        let step = LoneStep {
            run_id: run.to_owned(),
            clock: Arc::clone(&self.clock) as _,
            state: Arc::clone(&self.state),
            ..LoneStep::on(TestClock::default())
        };
        let result = step.call(action, input).await;
        match &result {
            Ok(output) => fits(&action.spec().output, output),
            Err(error) => assert!(
                action.spec().error(&error.code).is_some(),
                "{} is not declared",
                error.code
            ),
        }
        result
    }

    /// The code that a run is given.
    async fn code(&self, run: &str, input: Value) -> String {
        let given = self.call(run, &Generate, input).await.unwrap();
        given["code"].as_str().unwrap().to_owned()
    }

    /// Why a run is given none.
    async fn refused(&self, run: &str, input: Value) -> String {
        let error = self.call(run, &Generate, input).await.unwrap_err();
        format!("{}: {}", error.code, error.message)
    }

    /// What becomes of a guess.
    async fn guess(&self, run: &str, reference: &str, code: impl Into<Value>) -> (String, u64) {
        let input = json!({ "reference": reference, "code": code.into() });
        let told = self.call(run, &Verify, input).await.unwrap();
        let result = told["result"].as_str().unwrap().to_owned();
        assert_eq!(told["valid"], json!(result == "VALID"));
        (result, told["attempts_left"].as_u64().unwrap())
    }
}

fn told(result: &str, left: u64) -> (String, u64) {
    (result.to_owned(), left)
}

/// Another code of the same length.
fn other(code: &str) -> String {
    let last = if code.ends_with('1') { '2' } else { '1' };
    format!("{}{last}", &code[..code.len() - 1])
}

#[tokio::test(start_paused = true)]
async fn a_code_is_good_once() {
    let runs = Runs::new();
    let given = runs
        .call("g", &Generate, json!({ "reference": ADA }))
        .await
        .unwrap();
    assert_eq!(given["expires_at"], "2030-01-01T00:05:00Z");
    let code = given["code"].as_str().unwrap();
    assert_eq!(
        (code.len(), code.bytes().all(|byte| byte.is_ascii_digit())),
        (6, true)
    );
    assert_eq!(
        runs.guess("v1", "bob@example.com", code).await,
        told("MISSING", 0)
    );
    assert_eq!(runs.guess("v2", ADA, code).await, told("VALID", 0));
    assert_eq!(runs.guess("v3", ADA, code).await, told("MISSING", 0));
    // The step that has used it is done again: after a crash its answer may not have been recorded.
    assert_eq!(runs.guess("v2", ADA, code).await, told("VALID", 0));
    assert_eq!(runs.guess("v2", ADA, other(code)).await, told("MISSING", 0));
}

#[tokio::test(start_paused = true)]
async fn codes_are_taken_as_they_are_typed() {
    let runs = Runs::new();
    // One with zeros in front.
    let mut number = 0;
    let code = loop {
        let code = runs.code("g", json!({ "reference": format!("{number}") })).await;
        if code.starts_with('0') {
            break code;
        }
        number += 1;
    };
    let reference = number.to_string();
    let as_number: u64 = code.parse().unwrap();
    let (half, rest) = code.split_at(3);
    let forms = [
        json!(code),
        json!(as_number),
        json!(format!(" {half} {rest}\n")),
        json!(format!("{half}-{rest}")),
    ];
    for form in forms {
        let runs = Runs::new();
        assert_eq!(runs.code("g", json!({ "reference": reference })).await, code);
        assert_eq!(
            runs.guess("v", &reference, form.clone()).await,
            told("VALID", 0),
            "{form}"
        );
    }
    for form in [json!(as_number.to_string()), json!(""), json!(format!("{code}0"))] {
        let runs = Runs::new();
        runs.code("g", json!({ "reference": reference })).await;
        assert_eq!(
            runs.guess("v", &reference, form.clone()).await,
            told("UNEQUAL", 4),
            "{form}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn each_alphabet_and_length_goes_round() {
    for alphabet in ["digits", "letters", "alphanumeric"] {
        for length in 4..=10 {
            let runs = Runs::new();
            let code = runs
                .code(
                    "g",
                    json!({ "reference": ADA, "alphabet": alphabet, "length": length }),
                )
                .await;
            assert_eq!(code.len(), length, "{code}");
            assert_eq!(
                runs.guess("v", ADA, code.to_lowercase()).await,
                told("VALID", 0),
                "{code}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn guesses_are_limited() {
    let runs = Runs::new();
    let code = runs.code("g", json!({ "reference": ADA })).await;
    for left in (0..5).rev() {
        assert_eq!(
            runs.guess(&format!("v{left}"), ADA, other(&code)).await,
            told("UNEQUAL", left)
        );
    }
    assert_eq!(
        runs.guess("v6", ADA, other(&code)).await,
        told("TOO_MANY_ATTEMPTS", 0)
    );
    assert_eq!(
        runs.guess("v7", ADA, code.clone()).await,
        told("TOO_MANY_ATTEMPTS", 0),
        "also for whoever has it right"
    );
    assert_eq!(
        runs.refused("g2", json!({ "reference": ADA })).await,
        "too_many_attempts: the reference has no guess left before 2030-01-01T00:10:00Z"
    );
    // Others are not concerned.
    let bobs = runs.code("g3", json!({ "reference": "bob@example.com" })).await;
    assert_eq!(runs.guess("v8", "bob@example.com", bobs).await, told("VALID", 0));
    advance(Duration::from_mins(10)).await;
    let code = runs.code("g4", json!({ "reference": ADA })).await;
    assert_eq!(runs.guess("v9", ADA, code).await, told("VALID", 0));
}

#[tokio::test(start_paused = true)]
async fn new_codes_bring_no_new_guesses() {
    let runs = Runs::new();
    let ask = json!({ "reference": ADA, "attempts": 3, "codes": 100 });
    for left in (0..3).rev() {
        let code = runs.code(&format!("g{left}"), ask.clone()).await;
        assert_eq!(
            runs.guess(&format!("v{left}"), ADA, other(&code)).await,
            told("UNEQUAL", left)
        );
    }
    assert!(runs.refused("g", ask).await.starts_with("too_many_attempts"));
}

/// In a window of ten minutes that begins anywhere, no more wrong guesses than are allowed, however they are spread.
#[tokio::test(start_paused = true)]
async fn no_window_sees_more_guesses_than_are_allowed() {
    let runs = Runs::new();
    let mut wrong = Vec::new();
    for minute in 0..60_u64 {
        let ask = json!({ "reference": ADA, "codes": 100 });
        if let Ok(given) = runs.call(&format!("g{minute}"), &Generate, ask).await {
            for n in 0..3 {
                let code = other(given["code"].as_str().unwrap());
                if runs.guess(&format!("v{minute}-{n}"), ADA, code).await.0 == "UNEQUAL" {
                    wrong.push(minute);
                }
            }
        }
        advance(Duration::from_mins(1)).await;
    }
    for start in 0..60 {
        let seen = wrong
            .iter()
            .filter(|minute| (start..start + 10).contains(*minute))
            .count();
        assert!(seen <= 5, "{seen} from minute {start} on");
    }
    assert!(wrong.len() >= 25, "and they are borne again: {}", wrong.len());
}

#[tokio::test(start_paused = true)]
async fn the_right_code_wipes_wrong_guesses_away() {
    let runs = Runs::new();
    for n in 0..3 {
        let code = runs.code(&format!("g{n}"), json!({ "reference": ADA })).await;
        for left in [4, 3, 2, 1] {
            assert_eq!(
                runs.guess(&format!("{n}-{left}"), ADA, other(&code)).await,
                told("UNEQUAL", left)
            );
        }
        assert_eq!(runs.guess(&format!("{n}-r"), ADA, code).await, told("VALID", 0));
    }
}

#[tokio::test(start_paused = true)]
async fn codes_are_limited() {
    let runs = Runs::new();
    for n in 0..5 {
        let code = runs.code(&format!("g{n}"), json!({ "reference": ADA })).await;
        // Also where each of them is used.
        assert_eq!(runs.guess(&format!("v{n}"), ADA, code).await, told("VALID", 0));
        advance(Duration::from_mins(1)).await;
    }
    assert_eq!(
        runs.refused("g5", json!({ "reference": ADA })).await,
        "too_many_codes: the reference gets no further code before 2030-01-01T00:10:00Z"
    );
    assert_eq!(
        runs.code("g6", json!({ "reference": ADA, "codes": 6 }))
            .await
            .len(),
        6
    );
    advance(Duration::from_mins(5)).await;
    assert!(
        runs.refused("g7", json!({ "reference": ADA }))
            .await
            .contains("00:11:00Z")
    );
    advance(Duration::from_mins(1)).await;
    runs.code("g8", json!({ "reference": ADA })).await;
}

#[tokio::test(start_paused = true)]
async fn the_newest_code_counts() {
    let runs = Runs::new();
    let first = runs.code("g1", json!({ "reference": ADA })).await;
    let second = runs.code("g2", json!({ "reference": ADA })).await;
    assert_ne!(first, second);
    assert_eq!(runs.guess("v1", ADA, first).await, told("UNEQUAL", 4));
    assert_eq!(runs.guess("v2", ADA, second).await, told("VALID", 0));
}

#[tokio::test(start_paused = true)]
async fn time_goes_over() {
    let runs = Runs::new();
    let code = runs
        .code("g1", json!({ "reference": ADA, "validity": "90s" }))
        .await;
    advance(Duration::from_secs(90)).await;
    assert_eq!(runs.guess("v1", ADA, code.clone()).await, told("EXPIRED", 0));
    // The step is done again: so late that its code is to be good anew.
    assert_eq!(
        runs.code("g1", json!({ "reference": ADA, "validity": "90s" }))
            .await,
        code
    );
    advance(Duration::from_millis(89_999)).await;
    assert_eq!(runs.guess("v2", ADA, code.clone()).await, told("VALID", 0));
    let code = runs.code("g2", json!({ "reference": ADA })).await;
    advance(Duration::from_hours(1)).await;
    assert_eq!(runs.guess("v3", ADA, code.clone()).await, told("EXPIRED", 0));
    advance(Duration::from_mins(10)).await;
    assert_eq!(runs.guess("v4", ADA, code).await, told("MISSING", 0));
    // A long code bears as many guesses in all its life.
    let code = runs
        .code("g3", json!({ "reference": ADA, "validity": "24h" }))
        .await;
    for left in (0..5).rev() {
        assert_eq!(
            runs.guess(&format!("w{left}"), ADA, other(&code)).await,
            told("UNEQUAL", left)
        );
        advance(Duration::from_hours(4)).await;
    }
    assert_eq!(runs.guess("w", ADA, code).await, told("TOO_MANY_ATTEMPTS", 0));
}

#[tokio::test(start_paused = true)]
async fn a_step_that_is_done_again_counts_once() {
    let runs = Runs::new();
    let ask = json!({ "reference": ADA, "codes": 2 });
    let first = runs.call("g1", &Generate, ask.clone()).await.unwrap();
    advance(Duration::from_secs(10)).await;
    for _ in 0..10 {
        assert_eq!(runs.call("g1", &Generate, ask.clone()).await.as_ref(), Ok(&first));
    }
    let code = first["code"].as_str().unwrap();
    for _ in 0..10 {
        assert_eq!(runs.guess("v1", ADA, other(code)).await, told("UNEQUAL", 4));
    }
    // Not so where it guesses something else, which no step does by itself.
    assert_eq!(runs.guess("v1", ADA, "000").await, told("UNEQUAL", 3));
    assert_eq!(runs.guess("v2", ADA, code).await, told("VALID", 0));
    // Its code has been used: it is not good again because the step that gave it is done again.
    assert_eq!(runs.call("g1", &Generate, ask.clone()).await.as_ref(), Ok(&first));
    assert_eq!(runs.guess("v3", ADA, code).await, told("MISSING", 0));
    // Another step has asked meanwhile: the older one sends its code again, and that is the one that counts.
    let second = runs.code("g2", ask.clone()).await;
    assert!(runs.refused("g1", ask).await.starts_with("too_many_codes"));
    assert_eq!(runs.code("g1", json!({ "reference": ADA })).await, code);
    assert_eq!(runs.guess("v4", ADA, second).await, told("UNEQUAL", 4));
}

#[tokio::test(start_paused = true)]
async fn codes_go_by_run_reference_shape_and_key() {
    let ask = json!({ "reference": ADA });
    let code = Runs::new().code("g", ask.clone()).await;
    assert_eq!(Runs::new().code("g", ask.clone()).await, code);
    let others = [
        Runs::new().code("h", ask.clone()).await,
        Runs::new()
            .code("g", json!({ "reference": "ada@example.org" }))
            .await,
        Runs::new()
            .code("g", json!({ "reference": ADA, "length": 7 }))
            .await[..6]
            .to_owned(),
        Runs::on(MemoryState::new([8; 32])).code("g", ask).await,
    ];
    for other in others {
        assert_ne!(other, code);
    }
}

/// Writes down what is asked of a state.
struct Watched {
    state: MemoryState,
    asked: Arc<Mutex<Vec<String>>>,
    /// What it has seen of keys and values.
    seen: Arc<Mutex<String>>,
}

#[async_trait]
impl SharedState for Watched {
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Entry>, StateError> {
        self.asked.lock().unwrap().push("get".to_owned());
        self.state.get(key, now).await
    }

    async fn put(
        &self,
        key: &str,
        expected: Option<u64>,
        value: &Value,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StateError> {
        self.asked.lock().unwrap().push("put".to_owned());
        self.seen.lock().unwrap().extend([
            key,
            "
",
            &value.to_string(),
            "
",
        ]);
        self.state.put(key, expected, value, expires_at, now).await
    }

    fn derive_key(&self, purpose: &str) -> [u8; 32] {
        self.asked.lock().unwrap().push(format!("key {purpose}"));
        self.state.derive_key(purpose)
    }
}

fn watched(asked: &Arc<Mutex<Vec<String>>>, seen: &Arc<Mutex<String>>) -> Runs {
    Runs::on(Watched {
        state: MemoryState::new([7; 32]),
        asked: Arc::clone(asked),
        seen: Arc::clone(seen),
    })
}

/// What a reference has cannot be told by how long a guess takes: keys, hashes, reads and writes are the same, guess for guess.
#[tokio::test(start_paused = true)]
async fn guesses_cost_the_same_whatever_there_is() {
    let mut costs = Vec::new();
    for case in ["there", "missing", "expired", "used"] {
        let asked = Arc::default();
        let runs = watched(&asked, &Arc::default());
        if case != "missing" {
            let code = runs.code("g", json!({ "reference": ADA })).await;
            match case {
                "expired" => advance(Duration::from_mins(5)).await,
                "used" => assert_eq!(runs.guess("u", ADA, code).await.0, "VALID"),
                _ => {}
            }
        }
        asked.lock().unwrap().clear();
        for n in 0..7 {
            let (result, _) = runs.guess(&n.to_string(), ADA, "wrong").await;
            let expected = match case {
                "there" if n < 5 => "UNEQUAL",
                "there" => "TOO_MANY_ATTEMPTS",
                "expired" => "EXPIRED",
                _ => "MISSING",
            };
            assert_eq!(result, expected, "{case} {n}");
        }
        costs.push((case, std::mem::take(&mut *asked.lock().unwrap())));
    }
    let puts = costs[0].1.iter().filter(|asked| *asked == "put").count();
    assert_eq!(puts, 5);
    for (case, cost) in &costs {
        assert_eq!(*cost, costs[0].1, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_kept_can_be_read() {
    let seen = Arc::default();
    let runs = watched(&Arc::default(), &seen);
    let code = runs
        .code("run-canary", json!({ "reference": ADA, "length": 10 }))
        .await;
    runs.guess("run-canary", ADA, "1234567890").await;
    runs.guess("run-canary", ADA, code.clone()).await;
    let seen = seen.lock().unwrap();
    assert_eq!(seen.lines().count(), 6, "{seen}");
    for canary in [&code, "1234567890", "ada", "example", "canary"] {
        assert!(!seen.contains(canary), "{canary} in {seen}");
    }
}

/// A state that is not there, or that holds what nobody has written.
struct Broken(Option<Value>);

#[async_trait]
impl SharedState for Broken {
    async fn get(&self, _: &str, _: Timestamp) -> Result<Option<Entry>, StateError> {
        let reason = "the disk is full".to_owned();
        let value = self.0.clone().ok_or(StateError { reason })?;
        Ok(Some(Entry {
            value,
            version: 1,
            expires_at: Timestamp::MAX,
        }))
    }

    async fn put(
        &self,
        _: &str,
        _: Option<u64>,
        _: &Value,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<bool, StateError> {
        panic!("nothing is written")
    }

    fn derive_key(&self, _: &str) -> [u8; 32] {
        [0; 32]
    }
}

#[tokio::test]
async fn without_its_state_nobody_is_let_in() {
    for (value, message) in [
        (None, "the disk is full"),
        (Some(json!({ "code": 7 })), "is not what this version writes"),
    ] {
        let runs = Runs::on(Broken(value));
        let verified = runs
            .call("v", &Verify, json!({ "reference": ADA, "code": "1" }))
            .await;
        let generated = runs.call("g", &Generate, json!({ "reference": ADA })).await;
        for failed in [verified, generated] {
            let error = failed.unwrap_err();
            assert_eq!(
                (&*error.code, error.retry),
                ("state_unavailable", Retry::Transient)
            );
            assert!(error.message.contains(message), "{}", error.message);
        }
    }
}

#[tokio::test]
async fn a_validity_is_a_duration_of_at_most_a_day() {
    for (validity, found) in [
        ("1s", None),
        ("24h", None),
        ("PT5M", None),
        ("999ms", Some("a code is good for a second at least")),
        ("25h", Some("for a day at most")),
        ("5", Some("has no unit")),
        ("soon", Some("`soon` is no duration")),
    ] {
        let ask = json!({ "reference": ADA, "validity": validity });
        let known = KnownInput {
            value: ask.clone(),
            unknown: Vec::new(),
        };
        let problems = (Generate.spec().check.unwrap())(&known);
        let step = LoneStep::on(TestClock::default());
        let given = step.call(&Generate, ask).await;
        match found {
            None => assert!(problems.is_empty() && given.is_ok(), "{validity}: {problems:?}"),
            Some(found) => {
                assert!(problems[0].message.contains(found), "{validity}: {problems:?}");
                let error = given.unwrap_err();
                assert_eq!(
                    (&*error.code, error.message),
                    ("invalid_input", problems[0].message.clone())
                );
            }
        }
    }
}
