use std::sync::Arc;

use lockgate_engine::testing::LoneStep;
use lockgate_http::HttpPolicy;
use lockgate_http::testing::{Server, json as answer, reply};
use serde_json::json;

use super::super::sign::JwtSign;
use super::super::testing::{HandClock, try_connection};
use super::super::vectors::{A3_KEY, P384_KEY};
use super::super::verify::JwtVerify;
use super::*;

/// A server of keys, a connection to it, and a clock.
struct House {
    server: Server,
    step: LoneStep,
    clock: HandClock,
    action: JwtVerify,
}

impl House {
    async fn new(settings: impl FnOnce(&Server) -> Value) -> Self {
        let server = Server::start([]).await;
        let clock = HandClock::default();
        let connection = try_connection(&settings(&server), &clock).unwrap();
        Self {
            step: LoneStep::on(clock.clone()).with_connection(connection),
            server,
            clock,
            action: JwtVerify::new(HttpPolicy::parse(["127.0.0.1"]).unwrap()),
        }
    }

    async fn with_keys() -> Self {
        Self::new(|server| json!({ "algorithm": "ES256", "jwks_url": server.url("/jwks.json") })).await
    }

    /// What becomes of a token that names this key.
    async fn cause(&self, id: Option<&str>) -> Result<Value, ActionError> {
        self.cause_with(id, &json!({})).await
    }

    async fn cause_with(&self, id: Option<&str>, headers: &Value) -> Result<Value, ActionError> {
        let token = token(&self.clock, id, headers).await;
        let output = self.step.call(&self.action, json!({ "token": token })).await?;
        Ok(output["cause"].clone())
    }

    fn requests(&self) -> usize {
        self.server.seen().len()
    }
}

async fn token(clock: &HandClock, id: Option<&str>, headers: &Value) -> String {
    let mut settings = json!({ "algorithm": "ES256", "private_key": A3_KEY });
    if let Some(id) = id {
        settings["key_id"] = json!(id);
    }
    let connection = try_connection(&settings, clock).unwrap();
    let step = LoneStep::on(clock.clone()).with_connection(connection);
    // The headers that are not an author's to write are signed by hand.
    let key = super::super::keys::SigningKey::from_text(Algorithm::Es256, A3_KEY)
        .unwrap()
        .0;
    let signed = step.call(&JwtSign, json!({ "expires_in": "30d" })).await.unwrap();
    let signed = super::super::compact::Compact::parse(signed["token"].as_str().unwrap()).unwrap();
    let mut header = signed.header;
    header.extend(headers.as_object().unwrap().clone());
    let text = super::super::compact::to_be_signed(header, signed.payload);
    let signature = key.sign(text.as_bytes()).unwrap();
    super::super::compact::join(text, &signature)
}

/// The public half of the key, with an id.
fn key(id: Option<&str>) -> Value {
    let mut key: Value = serde_json::from_str(A3_KEY).unwrap();
    key.as_object_mut().unwrap().remove("d");
    key["kid"] = json!(id);
    if id.is_none() {
        key.as_object_mut().unwrap().remove("kid");
    }
    key
}

/// A set with other keys beside these.
fn set(ids: &[&str]) -> Value {
    let mut keys = vec![
        serde_json::from_str::<Value>(P384_KEY).unwrap(),
        json!({ "kty": "oct", "k": "AAAA", "kid": "secret" }),
        json!("rubbish"),
    ];
    keys.extend(ids.iter().map(|id| key(Some(id))));
    json!({ "keys": keys })
}

const VALID: Value = Value::Null;

#[tokio::test]
async fn a_set_is_fetched_when_it_is_needed_and_kept_as_long_as_it_counts() {
    let house = House::with_keys().await;
    house.server.add(reply(
        200,
        &[("cache-control", "max-age=300")],
        &set(&["a", "b"]).to_string(),
    ));
    assert_eq!(house.requests(), 0);
    for id in ["a", "b", "a"] {
        assert_eq!(house.cause(Some(id)).await, Ok(VALID));
    }
    house.clock.advance(299);
    assert_eq!(house.cause(Some("a")).await, Ok(VALID));
    let seen = house.server.seen();
    assert_eq!(
        (seen.len(), seen[0].uri.path(), seen[0].method.as_str()),
        (1, "/jwks.json", "GET")
    );
    assert_eq!(
        seen[0].headers["accept"],
        "application/jwk-set+json, application/json"
    );

    // A key that is withdrawn counts no longer.
    house.clock.advance(1);
    house.server.add(answer(200, &set(&["b"])));
    assert_eq!(house.cause(Some("a")).await, Ok(json!("UNKNOWN_KEY")));
    assert_eq!(house.cause(Some("b")).await, Ok(VALID));
    assert_eq!(house.requests(), 2);
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_at_most_once_in_a_while() {
    let house = House::with_keys().await;
    house.server.add(answer(200, &set(&["a"])));
    assert_eq!(house.cause(Some("a")).await, Ok(VALID));
    // Just fetched: whoever names keys at will gets no further requests out of it.
    for id in ["x", "y", "z"] {
        assert_eq!(house.cause(Some(id)).await, Ok(json!("UNKNOWN_KEY")));
    }
    assert_eq!(house.requests(), 1);
    house.clock.advance(30);
    house.server.add(answer(200, &set(&["a", "b"])));
    assert_eq!(house.cause(Some("b")).await, Ok(VALID));
    assert_eq!(house.cause(Some("a")).await, Ok(VALID));
    assert_eq!(house.cause(Some("c")).await, Ok(json!("UNKNOWN_KEY")));
    assert_eq!(house.requests(), 2);
    house.clock.advance(30);
    house.server.add(answer(200, &set(&["b"])));
    assert_eq!(house.cause(Some("c")).await, Ok(json!("UNKNOWN_KEY")));
    assert_eq!(house.requests(), 3);
}

#[tokio::test]
async fn a_token_without_a_key_id_is_tried_with_all_and_then_with_newer_ones() {
    let house = House::with_keys().await;
    let mut other = key(None);
    // RFC 7517 A.1: another key.
    other["x"] = json!("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4");
    other["y"] = json!("4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM");
    house.server.add(answer(200, &json!({ "keys": [other] })));
    assert_eq!(house.cause(None).await, Ok(json!("INVALID_SIGNATURE")));
    assert_eq!(house.requests(), 1);
    house.clock.advance(30);
    house
        .server
        .add(answer(200, &json!({ "keys": [other, key(None)] })));
    assert_eq!(house.cause(None).await, Ok(VALID));
    // Keys without an id answer to every id.
    assert_eq!(house.cause(Some("a")).await, Ok(VALID));
    assert_eq!(house.requests(), 2);
}

#[tokio::test]
async fn a_dead_server_leaves_the_known_keys_for_a_day() {
    let house = House::with_keys().await;
    house.server.add(reply(
        200,
        &[("cache-control", "max-age=3600")],
        &set(&["a"]).to_string(),
    ));
    assert_eq!(house.cause(Some("a")).await, Ok(VALID));
    house.clock.advance(3600);
    house.server.add(reply(503, &[], "down"));
    assert_eq!(house.cause(Some("a")).await, Ok(VALID));
    // It is left in peace for a while.
    assert_eq!(house.cause(Some("a")).await, Ok(VALID));
    assert_eq!(house.cause(Some("b")).await, Ok(json!("UNKNOWN_KEY")));
    assert_eq!(house.requests(), 2);
    for _ in 0..3 {
        house.clock.advance(30);
        house.server.add(reply(200, &[], "<html>"));
        assert_eq!(house.cause(Some("a")).await, Ok(VALID));
    }
    assert_eq!(house.requests(), 5);
    house.clock.advance(24 * 3600 - 3600 - 90 - 1);
    house.server.add(reply(503, &[], "down"));
    assert_eq!(house.cause(Some("a")).await, Ok(VALID));
    house.clock.advance(30);
    house.server.add(reply(503, &[], "down"));
    let error = house.cause(Some("a")).await.unwrap_err();
    assert_eq!(error.code, KEY_SET_UNAVAILABLE);
    assert!(error.message.contains("503"), "{error}");
    // It is back.
    house.clock.advance(5);
    house.server.add(answer(200, &set(&["a"])));
    assert_eq!(house.cause(Some("a")).await, Ok(VALID));
}

#[tokio::test]
async fn without_keys_the_step_fails_and_says_when_to_come_back() {
    let house = House::with_keys().await;
    house.server.add(reply(503, &[], "down"));
    for (wait, rest) in [(0, 5), (2, 3)] {
        house.clock.advance(wait);
        let error = house.cause(Some("a")).await.unwrap_err();
        assert_eq!(
            (error.code.as_ref(), error.retry),
            (
                KEY_SET_UNAVAILABLE,
                Retry::NothingHappened {
                    after: Some(Duration::from_secs(rest))
                }
            ),
            "{error}"
        );
    }
    assert_eq!(house.requests(), 1);
    house.clock.advance(3);
    house.server.add(answer(200, &set(&["a"])));
    assert_eq!(house.cause(Some("a")).await, Ok(VALID));

    for (status, body, problem) in [
        (200, "[]".to_owned(), "no JSON object"),
        (200, "{}".to_owned(), "no JSON Web Key Set"),
        (200, r#"{"keys":{}}"#.to_owned(), "no JSON Web Key Set"),
        (
            200,
            format!(r#"{{"keys":[],"x":"{}"}}"#, "x".repeat(MAX_DOCUMENT)),
            "bytes",
        ),
        (200, " ".repeat(2 << 20), "larger than"),
        (204, String::new(), "204"),
        (404, "{}".to_owned(), "404"),
    ] {
        let house = House::with_keys().await;
        house.server.add(reply(status, &[], &body));
        let error = house.cause(Some("a")).await.unwrap_err();
        assert_eq!(error.code, KEY_SET_UNAVAILABLE);
        assert!(error.message.contains(problem), "{error}");
    }
    // Where the policy does not allow it.
    let house = House {
        action: JwtVerify::new(HttpPolicy::default()),
        ..House::with_keys().await
    };
    let error = house.cause(Some("a")).await.unwrap_err();
    assert_eq!(
        (error.code.as_ref(), error.retry),
        (KEY_SET_UNAVAILABLE, Retry::Never)
    );
    assert!(error.message.contains("http: { allow"), "{error}");
}

#[tokio::test]
async fn an_empty_set_is_an_answer() {
    let house = House::with_keys().await;
    house.server.add(answer(200, &set(&[])));
    assert_eq!(house.cause(Some("a")).await, Ok(json!("UNKNOWN_KEY")));
    assert_eq!(house.cause(None).await, Ok(json!("UNKNOWN_KEY")));
    // The secret that somebody has published is not used, and neither is the key for another algorithm.
    assert_eq!(house.cause(Some("secret")).await, Ok(json!("UNKNOWN_KEY")));
    assert_eq!(house.requests(), 1);
}

#[tokio::test]
async fn of_many_one_asks() {
    let house = Arc::new(House::with_keys().await);
    // One answer is there; a second request would get 500, and some would fail.
    house.server.add(answer(200, &set(&["a"])));
    let token = token(&house.clock, Some("a"), &json!({})).await;
    let calls = (0..50).map(|_| house.step.call(&house.action, json!({ "token": token })));
    for output in futures_util::future::join_all(calls).await {
        assert_eq!(output.unwrap()["valid"], true);
    }
    assert_eq!(house.requests(), 1);
    // Nor do many ask at once when it is old, and those who know the key do not wait.
    house.clock.advance(600);
    house.server.add(answer(200, &set(&["a"])));
    let calls = (0..50).map(|_| house.step.call(&house.action, json!({ "token": token })));
    for output in futures_util::future::join_all(calls).await {
        assert_eq!(output.unwrap()["valid"], true);
    }
    assert_eq!(house.requests(), 2);
}

#[tokio::test]
async fn one_who_gives_up_leaves_the_question_to_the_next() {
    let house = House::with_keys().await;
    let token = token(&house.clock, Some("a"), &json!({})).await;
    {
        let call = house.step.call(&house.action, json!({ "token": token }));
        let mut call = Box::pin(call);
        assert!(futures_util::poll!(&mut call).is_pending());
    }
    house.server.add(answer(200, &set(&["a"])));
    house.server.add(answer(200, &set(&["a"])));
    assert_eq!(house.cause(Some("a")).await, Ok(VALID));
}

#[tokio::test]
async fn keys_are_found_by_their_issuer() {
    let house = House::new(|server| json!({ "algorithm": "ES256", "issuer": server.url("/acme/") })).await;
    let issuer = house.server.url("/acme/");
    let configuration = |issuer: &str| json!({ "issuer": issuer, "jwks_uri": house.server.url("/keys") });
    house.server.add(answer(200, &configuration(&issuer)));
    house.server.add(reply(
        200,
        &[("cache-control", "max-age=60")],
        &set(&["a"]).to_string(),
    ));
    // It is signed by the right key, and comes from nobody.
    assert_eq!(house.cause(Some("a")).await, Ok(json!("INVALID_ISSUER")));
    let paths = |house: &House| {
        house
            .server
            .seen()
            .iter()
            .map(|seen| seen.uri.path().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(paths(&house), ["/acme/.well-known/openid-configuration", "/keys"]);
    // The configuration is asked for once, until the keys are gone from where it says.
    house.clock.advance(60);
    house.server.add(reply(404, &[], ""));
    assert_eq!(house.cause(Some("a")).await, Ok(json!("INVALID_ISSUER")));
    house.clock.advance(30);
    house.server.add(answer(200, &configuration(&issuer)));
    house.server.add(answer(200, &set(&["b"])));
    assert_eq!(house.cause(Some("b")).await, Ok(json!("INVALID_ISSUER")));
    assert_eq!(
        paths(&house)[2..],
        ["/keys", "/acme/.well-known/openid-configuration", "/keys"]
    );

    for (document, problem) in [
        (configuration("https://evil.example/"), "another issuer"),
        (configuration(issuer.trim_end_matches('/')), "another issuer"),
        (json!({ "issuer": issuer }), "no `jwks_uri`"),
        (
            json!({ "issuer": issuer, "jwks_uri": "file:///keys" }),
            "not https",
        ),
    ] {
        let document: Value = serde_json::from_str(&document.to_string().replace(&issuer, "ISSUER")).unwrap();
        let house =
            House::new(|server| json!({ "algorithm": "ES256", "issuer": server.url("/acme/") })).await;
        let own = house.server.url("/acme/");
        let document: Value = serde_json::from_str(&document.to_string().replace("ISSUER", &own)).unwrap();
        house.server.add(answer(200, &document));
        let error = house.cause(Some("a")).await.unwrap_err();
        assert!(error.message.contains(problem), "{error}");
    }
}

#[tokio::test]
async fn a_key_url_in_a_token_is_accepted_where_it_says_nothing_new() {
    let house = House::with_keys().await;
    house.server.add(answer(200, &set(&["a"])));
    let own = house.server.url("/jwks.json");
    assert_eq!(
        house.cause_with(Some("a"), &json!({ "jku": own })).await,
        Ok(VALID)
    );
    for jku in [
        house.server.url("/other.json"),
        "https://evil.example/jwks.json".to_owned(),
        format!("{own}#x"),
    ] {
        let cause = house.cause_with(Some("a"), &json!({ "jku": jku })).await;
        assert_eq!(cause, Ok(json!("KEY_IN_HEADER")), "{jku}");
        let cause = house.cause_with(None, &json!({ "jku": jku })).await;
        assert_eq!(cause, Ok(json!("KEY_IN_HEADER")), "{jku}");
    }
    // Nobody was asked on a token's word.
    assert_eq!(house.requests(), 1);
}
