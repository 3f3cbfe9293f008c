use lockgate_engine::testing::LoneStep;
use proptest::prelude::*;
use secrecy::SecretString;

use super::super::ContinueUrl;
use super::*;
use crate::session_token::sign;
use crate::testing::TestClock;

pub(in super::super) const SECRET: &str = "0123456789abcdef0123456789abcdef";

pub(in super::super) fn settings() -> Value {
    json!({
        "domain": "acme.eu.auth0.com", "login_domain": "login.acme.com", "base_url": "http://127.0.0.1:1",
        "client_id": "client-1", "client_secret": "canary", "session_token_secret": SECRET,
    })
}

/// A step with a connection of these settings, on a clock that begins at 0.
pub(in super::super) fn step(settings: &Value) -> (LoneStep, TestClock) {
    let clock = TestClock::new();
    let connection =
        Auth0Connection::from_settings("auth0", settings.as_object().unwrap(), Arc::new(clock.clone()))
            .unwrap();
    let mut step = LoneStep::on(clock.clone());
    step.connection = Some(connection);
    (step, clock)
}

/// As `encodeToken` makes them (Auth0 docs, "Redirect with Actions").
fn claims() -> Value {
    json!({ "iat": 0, "iss": "acme.eu.auth0.com", "sub": "auth0|1", "exp": 60, "ip": "203.0.113.7", "email": "ada@example.com" })
}

fn token(claims: &Value) -> String {
    sign(&SecretString::from(SECRET), claims).unwrap()
}

async fn verify(step: &LoneStep, claims: &Value, input: Value) -> Value {
    let mut input = input;
    input["token"] = json!(token(claims));
    step.call(&VerifySessionToken, input).await.unwrap()
}

#[track_caller]
fn is_refused(output: &Value, cause: &str) {
    assert_eq!(
        (&output["valid"], &output["cause"]),
        (&json!(false), &json!(cause)),
        "{output}"
    );
    let names: Vec<_> = output.as_object().unwrap().keys().collect();
    assert_eq!(names, ["valid", "cause", "detail"]);
    assert!(CAUSES.iter().any(|(known, _)| *known == cause));
}

#[tokio::test]
async fn a_token_of_the_connections_issuer_is_valid() {
    for (issuer, domain) in [
        ("acme.eu.auth0.com", "acme.eu.auth0.com"),
        ("https://acme.eu.auth0.com/", "acme.eu.auth0.com"),
        ("login.acme.com", "login.acme.com"),
        ("https://login.acme.com/", "login.acme.com"),
    ] {
        let mut claims = claims();
        claims["iss"] = json!(issuer);
        let (step, _) = step(&settings());
        assert_eq!(
            verify(&step, &claims, json!({})).await,
            json!({ "valid": true, "cause": null, "user_id": "auth0|1", "domain": domain, "payload": claims })
        );
    }
    // Where there is no other domain, the one that is called.
    let emulated = json!({
        "base_url": "http://127.0.0.1:4010", "client_id": "a", "client_secret": "b", "session_token_secret": SECRET,
    });
    let (step, _) = step(&emulated);
    let mut claims = claims();
    claims["iss"] = json!("http://127.0.0.1:4010/");
    assert_eq!(
        verify(&step, &claims, json!({})).await["domain"],
        "127.0.0.1:4010"
    );
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    for (name, value, input, cause) in [
        (
            "iss",
            json!("https://acme.eu.auth0.com"),
            json!({}),
            "INVALID_ISSUER",
        ),
        (
            "iss",
            json!("http://acme.eu.auth0.com/"),
            json!({}),
            "INVALID_ISSUER",
        ),
        (
            "iss",
            json!("https://evil.eu.auth0.com/"),
            json!({}),
            "INVALID_ISSUER",
        ),
        (
            "iss",
            json!("acme.eu.auth0.com.evil.example"),
            json!({}),
            "INVALID_ISSUER",
        ),
        ("iss", json!(["acme.eu.auth0.com"]), json!({}), "MALFORMED"),
        ("iss", json!(null), json!({}), "MALFORMED"),
        ("sub", json!(""), json!({}), "MALFORMED"),
        ("sub", json!(1), json!({}), "MALFORMED"),
        (
            "sub",
            json!("auth0|2"),
            json!({ "user_id": "auth0|1" }),
            "INVALID_SUBJECT",
        ),
        ("exp", json!(0), json!({}), "TOKEN_EXPIRED"),
        ("exp", json!("60"), json!({}), "MALFORMED"),
        ("nbf", json!(1), json!({}), "TOKEN_NOT_ACTIVE"),
        ("nbf", json!("now"), json!({}), "MALFORMED"),
        (
            "ip",
            json!("203.0.113.8"),
            json!({ "ip": "203.0.113.7" }),
            "INVALID_IP",
        ),
        ("ip", json!(7), json!({ "ip": "203.0.113.7" }), "INVALID_IP"),
        ("ip", json!("here"), json!({ "ip": "here" }), "INVALID_IP"),
    ] {
        let mut claims = claims();
        claims[name] = value;
        let (step, _) = step(&settings());
        is_refused(&verify(&step, &claims, input).await, cause);
    }
    for (name, cause) in [
        ("iss", "MISSING_CLAIM"),
        ("sub", "MISSING_CLAIM"),
        ("exp", "MISSING_CLAIM"),
        ("ip", "INVALID_IP"),
    ] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        let (step, _) = step(&settings());
        is_refused(
            &verify(&step, &claims, json!({ "ip": "203.0.113.7" })).await,
            cause,
        );
    }
    let (step, _) = step(&settings());
    for (token, cause) in [
        ("a.b.c".to_owned(), "MALFORMED"),
        ("a".repeat(20_000), "TOKEN_TOO_LARGE"),
        (
            sign(
                &SecretString::from("another secret of thirty-two bytes"),
                &claims(),
            )
            .unwrap(),
            "INVALID_SIGNATURE",
        ),
        (
            "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhdXRoMHwxIn0.".to_owned(),
            "ALGORITHM_MISMATCH",
        ),
    ] {
        is_refused(
            &step
                .call(&VerifySessionToken, json!({ "token": token }))
                .await
                .unwrap(),
            cause,
        );
    }
}

#[tokio::test]
async fn an_address_is_the_same_in_each_form() {
    for (claimed, given) in [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7", "::ffff:203.0.113.7"),
        ("2001:db8::1", "2001:0db8:0000::0001"),
    ] {
        let mut claims = claims();
        claims["ip"] = json!(claimed);
        let (step, _) = step(&settings());
        assert_eq!(
            verify(&step, &claims, json!({ "ip": given })).await["valid"],
            true,
            "{given}"
        );
    }
}

#[tokio::test]
async fn a_token_is_good_once() {
    for jti in [None, Some("one")] {
        let mut claims = claims();
        if let Some(jti) = jti {
            claims["jti"] = json!(jti);
        }
        let (mut step, clock) = step(&settings());
        // To look at it uses nothing up.
        let look = json!({ "single_use": false });
        assert_eq!(verify(&step, &claims, look.clone()).await["valid"], true);
        assert_eq!(verify(&step, &claims, json!({})).await["valid"], true);
        // The same step again, after a crash or a lost answer.
        assert_eq!(verify(&step, &claims, json!({})).await["valid"], true);
        step.run_id = "run-2".to_owned();
        is_refused(&verify(&step, &claims, json!({})).await, "REPLAYED");
        is_refused(&verify(&step, &claims, json!({})).await, "REPLAYED");
        clock.advance(Duration::from_secs(59));
        is_refused(&verify(&step, &claims, json!({})).await, "REPLAYED");
        // Another token of the same id is the same; without an id it is another.
        let mut again = claims.clone();
        again["exp"] = json!(120);
        let output = verify(&step, &again, json!({})).await;
        assert_eq!(
            output["cause"],
            if jti.is_some() {
                json!("REPLAYED")
            } else {
                Value::Null
            }
        );
        // As long as a token is believed, it is remembered.
        clock.advance(Duration::from_secs(5));
        step.run_id = "run-3".to_owned();
        is_refused(&verify(&step, &claims, json!({})).await, "TOKEN_EXPIRED");
    }
}

#[tokio::test]
async fn a_tolerated_token_is_remembered_as_long_as_it_is_tolerated() {
    let (mut step, clock) = step(&settings());
    let tolerant = json!({ "clock_tolerance": "30s" });
    clock.advance(Duration::from_secs(70));
    assert_eq!(verify(&step, &claims(), tolerant.clone()).await["valid"], true);
    step.run_id = "run-2".to_owned();
    clock.advance(Duration::from_secs(19));
    is_refused(&verify(&step, &claims(), tolerant.clone()).await, "REPLAYED");
    clock.advance(Duration::from_secs(1));
    is_refused(&verify(&step, &claims(), tolerant).await, "TOKEN_EXPIRED");
}

#[tokio::test]
async fn a_refused_token_is_not_used_up() {
    let (mut step, _) = step(&settings());
    is_refused(
        &verify(&step, &claims(), json!({ "user_id": "auth0|2" })).await,
        "INVALID_SUBJECT",
    );
    is_refused(
        &verify(&step, &claims(), json!({ "ip": "203.0.113.8" })).await,
        "INVALID_IP",
    );
    step.run_id = "run-2".to_owned();
    assert_eq!(verify(&step, &claims(), json!({})).await["valid"], true);
}

#[tokio::test]
async fn of_many_who_show_it_at_once_one_gets_in() {
    let (first, _) = step(&settings());
    let steps: Vec<LoneStep> = (0..20)
        .map(|index| {
            let (mut other, _) = step(&settings());
            other.run_id = format!("run-{index}");
            other.state = Arc::clone(&first.state);
            other
        })
        .collect();
    let token = token(&claims());
    let calls = steps
        .iter()
        .map(|step| step.call(&VerifySessionToken, json!({ "token": token })));
    let outputs = futures_util::future::join_all(calls).await;
    let valid = outputs
        .iter()
        .filter(|output| output.as_ref().unwrap()["valid"] == true)
        .count();
    assert_eq!(valid, 1);
}

#[tokio::test]
async fn ids_are_their_issuers() {
    let (mut step, _) = step(&settings());
    for (run, issuer, id, valid) in [
        ("1", "acme.eu.auth0.com", json!("a"), true),
        ("2", "login.acme.com", json!("a"), true),
        // The same issuer in its other form.
        ("3", "https://login.acme.com/", json!("a"), false),
        ("4", "login.acme.com", json!("b"), true),
        ("5", "login.acme.com", json!(7), true),
        ("6", "login.acme.com", json!(7), false),
    ] {
        let mut claims = claims();
        claims["iss"] = json!(issuer);
        claims["jti"] = id;
        claims["exp"] = json!(60 + run.len());
        step.run_id = run.to_owned();
        assert_eq!(verify(&step, &claims, json!({})).await["valid"], valid, "{run}");
    }
}

#[tokio::test]
async fn without_a_secret_the_step_fails() {
    let mut settings = settings();
    settings.as_object_mut().unwrap().remove("session_token_secret");
    let (step, _) = step(&settings);
    let error = step
        .call(&VerifySessionToken, json!({ "token": token(&claims()) }))
        .await
        .unwrap_err();
    assert_eq!(error.code, "no_session_token_secret");
    assert!(SPEC.error(&error.code).is_some());
    let input = json!({ "state": "a", "user_id": "b" });
    assert_eq!(
        step.call(&ContinueUrl, input).await.unwrap_err().code,
        "no_session_token_secret"
    );
}

#[tokio::test]
async fn a_bad_tolerance_is_a_mistake_of_the_flow() {
    let (step, _) = step(&settings());
    for text in ["11m", "soon"] {
        let input = json!({ "token": token(&claims()), "clock_tolerance": text });
        let known = KnownInput {
            value: input.clone(),
            unknown: Vec::new(),
        };
        assert_eq!(check(&known)[0].pointer, "/clock_tolerance");
        assert_eq!(
            step.call(&VerifySessionToken, input).await.unwrap_err().code,
            "invalid_input"
        );
    }
}

proptest! {
    /// Whatever stands in claims that somebody has signed: an answer, and valid only where it should be.
    #[test]
    fn nothing_that_is_signed_panics(
        exp in prop_oneof![Just(json!(null)), any::<f64>().prop_map(|exp| json!(exp)), any::<i64>().prop_map(|exp| json!(exp)), Just(json!(1e300))],
        sub in prop_oneof![Just(json!("auth0|1")), Just(json!({})), "\\PC{0,10}".prop_map(|text| json!(text))],
        jti in prop_oneof![Just(json!(null)), Just(json!([1])), "\\PC{0,10}".prop_map(|text| json!(text))],
    ) {
        let (step, _) = step(&settings());
        let claims = json!({ "iss": "login.acme.com", "exp": exp, "sub": sub, "jti": jti });
        let input = json!({ "token": token(&claims) });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let output = runtime.block_on(step.call(&VerifySessionToken, input)).unwrap();
        let expected = exp.as_f64().is_some_and(|exp| exp > 0.0) && sub.as_str().is_some_and(|sub| !sub.is_empty());
        prop_assert_eq!(output["valid"].as_bool(), Some(expected), "{}", output);
    }
}
