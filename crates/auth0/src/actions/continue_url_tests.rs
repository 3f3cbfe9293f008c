use std::collections::BTreeMap;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};

use super::super::verify_session_token::tests::{SECRET, settings, step};
use super::super::{VerifySessionToken, register};
use super::*;

/// What Auth0's `validateToken` does: signature, time, state.
fn validate(token: &str, state: &str, now: i64) -> Value {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    let key = DecodingKey::from_secret(SECRET.as_bytes());
    let claims = jsonwebtoken::decode::<Value>(token, &key, &validation)
        .unwrap()
        .claims;
    assert_eq!(claims["state"], state);
    assert!(claims["exp"].as_i64().unwrap() > now);
    claims
}

#[tokio::test]
async fn the_answer_is_what_auth0_expects() {
    let (step, clock) = step(&settings());
    clock.advance(std::time::Duration::from_secs(1000));
    let state = "hKFo2SA&x=1#? +é";
    let input = json!({
        "state": state, "user_id": "auth0|1", "other": { "company": "Acme" }, "claims": { "color": "red" },
    });
    let output = step.call(&ContinueUrl, input).await.unwrap();
    let token = output["token"].as_str().unwrap();
    let mut claims = validate(token, state, 1000);
    let id = claims.as_object_mut().unwrap().remove("jti").unwrap();
    assert_eq!(id.as_str().unwrap().strip_prefix("answer-").unwrap().len(), 36);
    assert_eq!(
        claims,
        json!({
            "color": "red", "other": { "company": "Acme" }, "sub": "auth0|1", "iss": "https://login.acme.com/",
            "iat": 1000, "exp": 1015, "state": state,
        })
    );
    let url = Url::parse(output["url"].as_str().unwrap()).unwrap();
    assert_eq!(
        (url.scheme(), url.host_str(), url.path()),
        ("https", Some("login.acme.com"), "/continue")
    );
    let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(
        query,
        BTreeMap::from([
            ("state".to_owned(), state.to_owned()),
            ("session_token".to_owned(), token.to_owned())
        ])
    );
    let action = Url::parse(output["form"]["action"].as_str().unwrap()).unwrap();
    let query: Vec<_> = action.query_pairs().into_owned().collect();
    assert_eq!(
        (action.path(), query),
        ("/continue", vec![("state".to_owned(), state.to_owned())])
    );
    assert_eq!(output["form"]["fields"], json!({ "session_token": token }));
}

#[tokio::test]
async fn arguments_change_what_is_usual() {
    let (step, _) = step(&settings());
    let input = json!({
        "state": "s", "user_id": "u", "domain": "ACME.eu.auth0.com", "expires_in": "2m", "token_parameter": "my_token",
    });
    let output = step.call(&ContinueUrl, input).await.unwrap();
    let claims = validate(output["token"].as_str().unwrap(), "s", 0);
    assert_eq!(
        (&claims["iss"], &claims["exp"], claims.get("other")),
        (&json!("https://acme.eu.auth0.com/"), &json!(120), None)
    );
    assert!(
        output["url"]
            .as_str()
            .unwrap()
            .starts_with("https://acme.eu.auth0.com/continue?state=s&my_token=ey")
    );
    assert_eq!(output["form"]["fields"], json!({ "my_token": output["token"] }));

    let emulated = json!({
        "base_url": "http://127.0.0.1:4010/", "client_id": "a", "client_secret": "b", "session_token_secret": SECRET,
    });
    let (step, _) = super::super::verify_session_token::tests::step(&emulated);
    let output = step
        .call(&ContinueUrl, json!({ "state": "s", "user_id": "u" }))
        .await
        .unwrap();
    assert_eq!(output["form"]["action"], "http://127.0.0.1:4010/continue?state=s");
}

#[tokio::test]
async fn each_answer_has_an_id_of_its_own() {
    let (step, _) = step(&settings());
    let mut ids = Vec::new();
    for _ in 0..2 {
        let output = step
            .call(&ContinueUrl, json!({ "state": "s", "user_id": "u" }))
            .await
            .unwrap();
        ids.push(validate(output["token"].as_str().unwrap(), "s", 0)["jti"].clone());
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn what_cannot_be_signed_is_told() {
    let (step, _) = step(&settings());
    for (name, value, code) in [
        ("domain", json!("evil.example"), "unknown_domain"),
        ("domain", json!("login.acme.com.evil.example"), "unknown_domain"),
        ("domain", json!("login.acme.com/"), "unknown_domain"),
        ("domain", json!(""), "unknown_domain"),
        ("claims", json!({ "sub": "auth0|2" }), "invalid_claims"),
        ("claims", json!({ "state": "t" }), "invalid_claims"),
        ("claims", json!({ "a": "x".repeat(20_000) }), "invalid_claims"),
        ("expires_in", json!("soon"), "invalid_claims"),
        ("token_parameter", json!("state"), "invalid_claims"),
    ] {
        let mut input = json!({ "state": "s", "user_id": "u" });
        input[name] = value;
        let error = step.call(&ContinueUrl, input).await.unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(SPEC.error(&error.code).is_some());
    }
}

#[test]
fn mistakes_are_found_before_it_runs() {
    let known = KnownInput {
        value: json!({ "claims": { "sub": "a", "plan": "b" }, "expires_in": "soon", "token_parameter": "state" }),
        unknown: Vec::new(),
    };
    let found: Vec<_> = check(&known).into_iter().map(|problem| problem.pointer).collect();
    assert_eq!(found, ["/claims/sub", "/expires_in", "/token_parameter"]);
    let known = KnownInput {
        value: json!({ "claims": null, "expires_in": null, "token_parameter": null }),
        unknown: vec![
            "/claims".to_owned(),
            "/expires_in".to_owned(),
            "/token_parameter".to_owned(),
        ],
    };
    assert_eq!(check(&known), []);
}

#[tokio::test]
async fn both_are_registered_and_go_together() {
    let mut actions = lockgate_engine::action::Actions::new();
    register(&mut actions);
    assert!(
        actions.get("auth0.continue_url").is_some() && actions.get("auth0.verify_session_token").is_some()
    );
    let (step, _) = step(&settings());
    let input = json!({ "token": jsonwebtoken::encode(
        &jsonwebtoken::Header::default(),
        &json!({ "iss": "login.acme.com", "sub": "auth0|1", "exp": 60 }),
        &jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes()),
    ).unwrap() });
    let session = step.call(&VerifySessionToken, input).await.unwrap();
    let input = json!({ "state": "s", "user_id": session["user_id"], "domain": session["domain"] });
    let output = step.call(&ContinueUrl, input).await.unwrap();
    assert_eq!(
        validate(output["token"].as_str().unwrap(), "s", 0)["sub"],
        "auth0|1"
    );
    // Nobody comes in with an answer.
    let again = step
        .call(&VerifySessionToken, json!({ "token": output["token"] }))
        .await
        .unwrap();
    assert_eq!(again["cause"], "OWN_ANSWER");
}
