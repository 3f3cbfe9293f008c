//! `totp.generate_secret` and `totp.verify`, as runs call them; the vectors of the RFCs.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lockgate_engine::action::{Action, ActionError};
use lockgate_engine::state::{MemoryState, SharedState};
use lockgate_engine::testing::{LoneStep, TestClock};
use lockgate_flow::schema::{Schema, compile, problems};
use serde_json::{Value, json};
use tokio::time::advance;
use totp_rs::{Secret, Totp};

use super::{GenerateSecret, Verify};

/// Runs that share a state, from a second on.
struct Runs {
    clock: Arc<TestClock>,
    state: Arc<dyn SharedState>,
}

impl Runs {
    fn at(second: i64) -> Self {
        Self {
            clock: Arc::new(TestClock::at(Timestamp::from_second(second).unwrap())),
            state: Arc::new(MemoryState::new([7; 32])),
        }
    }

    async fn call(&self, run: &str, action: &impl Action, input: Value) -> Result<Value, ActionError> {
        let fits = |schema: &Schema, value: &Value| {
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

    /// What becomes of a code of Ada's.
    async fn guess(&self, run: &str, secret: &str, code: &str) -> Value {
        let input = json!({ "secret": secret, "code": code, "reference": "ada" });
        self.call(run, &Verify, input).await.unwrap()
    }
}

fn base32(bytes: &[u8]) -> String {
    Secret::new(bytes.into()).to_base32()
}

/// The secret of the RFCs' vectors: digits over and over.
fn seed(length: usize) -> Vec<u8> {
    (b'1'..=b'9').chain([b'0']).cycle().take(length).collect()
}

fn valid(drift: i64) -> Value {
    json!({ "valid": true, "cause": null, "drift": drift, "attempts_left": 5 })
}

fn refused(cause: &str, left: u32) -> Value {
    json!({ "valid": false, "cause": cause, "drift": null, "attempts_left": left })
}

/// RFC 6238, appendix B.
const APPENDIX_B: [(i64, [&str; 3]); 6] = [
    (59, ["94287082", "46119246", "90693936"]),
    (1_111_111_109, ["07081804", "68084774", "25091201"]),
    (1_111_111_111, ["14050471", "67062674", "99943326"]),
    (1_234_567_890, ["89005924", "91819424", "93441116"]),
    (2_000_000_000, ["69279037", "90698825", "38618901"]),
    (20_000_000_000, ["65353130", "77737706", "47863826"]),
];

#[tokio::test]
async fn the_vectors_of_rfc_6238_are_valid() {
    for (second, codes) in APPENDIX_B {
        let runs = Runs::at(second);
        for ((algorithm, length), code) in [("SHA1", 20), ("SHA256", 32), ("SHA512", 64)]
            .into_iter()
            .zip(codes)
        {
            let last = if code.ends_with('9') { "0" } else { "9" };
            let wrong = format!("{}{last}", &code[..7]);
            for (typed, is_valid) in [
                (json!(code), true),
                (json!(code.parse::<u64>().unwrap()), true),
                (json!(wrong), false),
            ] {
                let input = json!({ "secret": base32(&seed(length)), "code": typed, "algorithm": algorithm, "digits": 8, "window": 0 });
                let told = runs.call("v", &Verify, input).await.unwrap();
                assert_eq!(told["valid"], is_valid, "{second} {algorithm} {typed}");
                assert_eq!(told["attempts_left"], Value::Null);
            }
        }
    }
}

/// RFC 4226, appendix D: the counter is the time step.
#[tokio::test]
async fn the_vectors_of_rfc_4226_are_valid() {
    let codes = [
        "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
    ];
    for (counter, right) in (0..).zip(codes) {
        let runs = Runs::at(counter * 30);
        for code in codes {
            let input = json!({ "secret": base32(&seed(20)), "code": code, "window": 0 });
            let told = runs.call("v", &Verify, input).await.unwrap();
            assert_eq!(told["valid"], code == right, "{counter} {code}");
        }
    }
}

/// Codes of the first ten time steps: the vectors of RFC 4226.
const CODES: [&str; 10] = [
    "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
];

#[tokio::test]
async fn clocks_may_be_off_by_the_window() {
    for window in 0..4_i64 {
        for (step, code) in (0..).zip(CODES) {
            let drift: i64 = step - 4;
            let runs = Runs::at(4 * 30 + 29);
            let input = json!({ "secret": base32(&seed(20)), "code": code, "window": window });
            let told = runs.call("v", &Verify, input).await.unwrap();
            let expected = if drift.abs() <= window {
                json!({ "valid": true, "cause": null, "drift": drift, "attempts_left": null })
            } else {
                json!({ "valid": false, "cause": "UNEQUAL", "drift": null, "attempts_left": null })
            };
            assert_eq!(told, expected, "{window} {step}");
        }
    }
    // The window is one if nothing is said, and ends where time began.
    let secret = base32(&seed(20));
    let runs = Runs::at(4 * 30);
    for (step, drift) in [(3, json!(-1)), (5, json!(1)), (6, json!(null))] {
        let told = runs
            .call("v", &Verify, json!({ "secret": secret, "code": CODES[step] }))
            .await;
        assert_eq!(told.unwrap()["drift"], drift);
    }
    let input = json!({ "secret": secret, "code": CODES[0], "window": 10 });
    assert_eq!(Runs::at(0).call("v", &Verify, input).await.unwrap()["drift"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_code_is_taken_once() {
    let secret = base32(&seed(20));
    let runs = Runs::at(4 * 30);
    assert_eq!(runs.guess("v1", &secret, CODES[4]).await, valid(0));
    assert_eq!(runs.guess("v2", &secret, CODES[4]).await, refused("REPLAYED", 5));
    assert_eq!(
        runs.guess("v3", &secret, CODES[3]).await,
        refused("REPLAYED", 5),
        "nor an earlier one"
    );
    // The step whose code was taken is done again: after a crash its answer may not have been recorded.
    assert_eq!(runs.guess("v1", &secret, CODES[4]).await, valid(0));
    // A clock that is ahead is a step ahead, also of what may be used next.
    assert_eq!(runs.guess("v4", &secret, CODES[5]).await, valid(1));
    advance(Duration::from_secs(30)).await;
    assert_eq!(runs.guess("v5", &secret, CODES[5]).await, refused("REPLAYED", 5));
    assert_eq!(runs.guess("v6", &secret, CODES[6]).await, valid(1));
    // Another person, or another secret, is another matter.
    let bobs = json!({ "secret": secret, "code": CODES[6], "reference": "bob" });
    assert_eq!(runs.call("v7", &Verify, bobs).await.unwrap(), valid(1));
    let anew = base32(b"another secret of hers");
    let totp = Totp::from_url_unchecked(format!("otpauth://totp/x?secret={anew}")).unwrap();
    assert_eq!(
        runs.guess("v8", &anew, &totp.generate(5 * 30).to_string()).await,
        valid(0)
    );
}

/// As long as a code could be taken in any window, it is known that it was.
#[tokio::test(start_paused = true)]
async fn what_was_taken_is_known_as_long_as_it_matters() {
    let secret = base32(&seed(20));
    let ask = json!({ "secret": secret, "code": CODES[9], "reference": "ada", "window": 10 });
    let runs = Runs::at(0);
    assert_eq!(runs.call("v", &Verify, ask.clone()).await.unwrap(), valid(9));
    for step in 1..=19 {
        advance(Duration::from_secs(30)).await;
        let told = runs.call(&step.to_string(), &Verify, ask.clone()).await.unwrap();
        assert_eq!(told, refused("REPLAYED", 5), "{step}");
    }
    advance(Duration::from_secs(30)).await;
    assert_eq!(runs.call("w", &Verify, ask).await.unwrap(), refused("UNEQUAL", 4));
}

#[tokio::test(start_paused = true)]
async fn guesses_are_limited() {
    let secret = base32(&seed(20));
    let runs = Runs::at(4 * 30);
    for left in (0..5).rev() {
        assert_eq!(
            runs.guess(&format!("v{left}"), &secret, "000000").await,
            refused("UNEQUAL", left)
        );
        // A step that is done again counts once.
        assert_eq!(
            runs.guess(&format!("v{left}"), &secret, "000000").await,
            refused("UNEQUAL", left)
        );
    }
    assert_eq!(
        runs.guess("v", &secret, CODES[4]).await,
        refused("TOO_MANY_ATTEMPTS", 0)
    );
    // Another secret brings no new guesses: it is the person that is guessed at.
    assert_eq!(
        runs.guess("w", &base32(&seed(32)), "000000").await,
        refused("TOO_MANY_ATTEMPTS", 0)
    );
    advance(Duration::from_mins(10)).await;
    assert_eq!(runs.guess("v", &secret, "000000").await, refused("UNEQUAL", 4));
}

#[tokio::test(start_paused = true)]
async fn a_code_that_is_taken_wipes_wrong_guesses_away() {
    let secret = base32(&seed(20));
    let runs = Runs::at(0);
    for (step, code) in CODES.iter().take(3).enumerate() {
        for left in [4, 3, 2, 1] {
            assert_eq!(
                runs.guess(&format!("{step}-{left}"), &secret, "000000").await,
                refused("UNEQUAL", left)
            );
        }
        assert_eq!(runs.guess(&format!("{step}"), &secret, code).await, valid(0));
        advance(Duration::from_secs(30)).await;
    }
}

#[tokio::test]
async fn secrets_are_taken_as_people_copy_them() {
    let runs = Runs::at(0);
    let right = base32(&seed(20));
    let spaced = right
        .as_bytes()
        .chunks(4)
        .map(|part| std::str::from_utf8(part).unwrap())
        .collect::<Vec<_>>();
    for secret in [
        right.clone(),
        right.to_lowercase(),
        spaced.join(" "),
        spaced.join("-"),
        format!("{right}===="),
    ] {
        let told = runs
            .call("v", &Verify, json!({ "secret": secret, "code": CODES[0] }))
            .await;
        assert_eq!(told.unwrap()["valid"], true, "{secret}");
    }
    let short = base32(&seed(10));
    let told = runs
        .call("v", &Verify, json!({ "secret": short, "code": "000000" }))
        .await;
    assert_eq!(
        told.unwrap()["cause"],
        "UNEQUAL",
        "80 bits are what older services give"
    );
    for (secret, problem) in [
        ("!", "the secret is not base32"),
        ("01189998819991197253", "the secret is not base32"),
        (
            " ",
            "the secret has 0 bytes; it needs 10 at least, and 128 at most",
        ),
        (
            &base32(&seed(9)),
            "the secret has 9 bytes; it needs 10 at least, and 128 at most",
        ),
        (
            &base32(&seed(129)),
            "the secret has 129 bytes; it needs 10 at least, and 128 at most",
        ),
    ] {
        let told = runs
            .call("v", &Verify, json!({ "secret": secret, "code": "000000" }))
            .await;
        let error = told.unwrap_err();
        assert_eq!((&*error.code, &*error.message), ("invalid_secret", problem));
    }
}

#[tokio::test]
async fn a_new_secret_is_what_an_app_can_read() {
    for (algorithm, digits, period, bytes) in
        [("SHA1", 6, 30, 20), ("SHA256", 7, 60, 32), ("SHA512", 8, 15, 64)]
    {
        let runs = Runs::at(1_234_567_890);
        let input = json!({
            "issuer": "Ümläut & Co", "account": "ada+totp@example.com",
            "algorithm": algorithm, "digits": digits, "period": period
        });
        let given = runs.call("g", &GenerateSecret, input.clone()).await.unwrap();
        assert_eq!(
            (&given["algorithm"], &given["digits"], &given["period"]),
            (&json!(algorithm), &json!(digits), &json!(period))
        );
        let uri = given["uri"].as_str().unwrap();
        let read = Totp::from_url(uri).unwrap();
        assert_eq!(read.issuer(), Some("Ümläut & Co"));
        assert_eq!(read.account_name(), "ada+totp@example.com");
        assert_eq!(read.algorithm().as_str(), algorithm);
        assert_eq!((u64::from(read.digits()), read.step()), (digits, period));
        assert_eq!(read.secret().as_bytes().len(), bytes);
        assert_eq!(given["secret"], read.secret().to_base32());
        let code = read.generate(1_234_567_890).to_string();
        let ask = json!({
            "secret": given["secret"], "code": code, "algorithm": algorithm, "digits": digits, "period": period,
            "reference": "ada"
        });
        assert_eq!(runs.call("v", &Verify, ask).await.unwrap(), valid(0), "{uri}");
        // Nobody can work it out: a second one, of the same step, is another.
        let again = runs.call("g", &GenerateSecret, input).await.unwrap();
        assert_ne!(again["secret"], given["secret"]);
    }
}

#[tokio::test]
async fn a_secret_is_what_the_source_of_randomness_gives() {
    let mut step = LoneStep::on(TestClock::default());
    step.entropy = |buffer| buffer.fill(0xa5);
    let given = step
        .call(&GenerateSecret, json!({ "issuer": "Example", "account": "ada" }))
        .await
        .unwrap();
    assert_eq!(
        given,
        json!({
            "secret": base32(&[0xa5; 20]),
            "uri": format!("otpauth://totp/Example:ada?secret={}&issuer=Example", base32(&[0xa5; 20])),
            "algorithm": "SHA1",
            "digits": 6,
            "period": 30,
        })
    );
}

#[tokio::test]
async fn names_that_a_uri_cannot_hold_are_refused() {
    let schema = compile(GenerateSecret.spec().input.as_value()).unwrap();
    for (issuer, account) in [("a:b", "ada"), ("Example", "ada:b"), ("", "ada"), ("Example", "")] {
        let input = json!({ "issuer": issuer, "account": account });
        assert!(!problems(&schema, &input).is_empty(), "{input}");
    }
    let step = LoneStep::on(TestClock::default());
    let refused = step
        .call(&GenerateSecret, json!({ "issuer": "a:b", "account": "ada" }))
        .await;
    assert_eq!(refused.unwrap_err().code, "invalid_input");
}
