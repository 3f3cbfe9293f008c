use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use proptest::prelude::*;

use super::super::compact::Compact;
use super::super::testing::{BEGAN, step};
use super::super::vectors::{A2_KEY, A3_KEY, P384_KEY, SECRET, pem};
use super::*;

fn hs256() -> Value {
    json!({ "algorithm": "HS256", "secret": SECRET })
}

async fn sign(settings: &Value, input: Value) -> Result<(Value, Value), ActionError> {
    let (step, _) = step(settings);
    let output = step.call(&JwtSign, input).await.inspect_err(|error| {
        assert!(SPEC.error(&error.code).is_some(), "{error}");
    })?;
    let token = Compact::parse(output["token"].as_str().unwrap()).unwrap();
    Ok((Value::Object(token.header), Value::Object(token.payload)))
}

#[tokio::test]
async fn arguments_become_claims() {
    let input = json!({
        "payload": { "plan": "pro", "n": [1, null, { "a": 1.5 }] },
        "subject": "auth0|1", "issuer": "https://acme.eu.auth0.com/", "audience": ["a", "b"],
        "expires_in": "15s", "not_before": 5, "id": "one",
    });
    let (header, payload) = sign(&hs256(), input).await.unwrap();
    assert_eq!(header, json!({ "alg": "HS256", "typ": "JWT" }));
    assert_eq!(
        payload,
        json!({
            "plan": "pro", "n": [1, null, { "a": 1.5 }],
            "sub": "auth0|1", "iss": "https://acme.eu.auth0.com/", "aud": ["a", "b"],
            "exp": BEGAN + 15, "nbf": BEGAN + 5, "iat": BEGAN, "jti": "one",
        })
    );
    let (_, payload) = sign(&hs256(), json!({})).await.unwrap();
    assert_eq!(payload, json!({ "iat": BEGAN }));
    let (_, payload) = sign(&hs256(), json!({ "payload": { "iat": 5, "exp": 6 } }))
        .await
        .unwrap();
    assert_eq!(payload, json!({ "iat": 5, "exp": 6 }));
}

#[tokio::test]
async fn the_connection_gives_what_the_step_leaves_out() {
    let settings = json!({ "algorithm": "HS256", "secret": SECRET, "issuer": "acme", "key_id": "k1" });
    let (header, payload) = sign(&settings, json!({})).await.unwrap();
    assert_eq!((&header["kid"], &payload["iss"]), (&json!("k1"), &json!("acme")));
    let input = json!({ "issuer": "other", "key_id": "k2", "headers": { "typ": "at+jwt", "x": 1 } });
    let (header, payload) = sign(&settings, input).await.unwrap();
    assert_eq!(
        header,
        json!({ "alg": "HS256", "typ": "at+jwt", "kid": "k2", "x": 1 })
    );
    assert_eq!(payload["iss"], "other");
    let (_, payload) = sign(&settings, json!({ "payload": { "iss": "third" } }))
        .await
        .unwrap();
    assert_eq!(payload["iss"], "third");
    // A JSON Web Key names itself.
    let mut key: Value = serde_json::from_str(A3_KEY).unwrap();
    key["kid"] = json!("own");
    let settings = json!({ "algorithm": "ES256", "private_key": key.to_string() });
    assert_eq!(sign(&settings, json!({})).await.unwrap().0["kid"], "own");
}

#[tokio::test]
async fn what_cannot_be_signed_is_told() {
    for (input, problem) in [
        (
            json!({ "subject": "a", "payload": { "sub": "b" } }),
            "`subject` and the payload's `sub` say the same",
        ),
        (
            json!({ "expires_in": "1s", "payload": { "exp": 5 } }),
            "`expires_in` and the payload's `exp`",
        ),
        (json!({ "expires_in": "soon" }), "`expires_in`:"),
        (json!({ "not_before": "5" }), "`not_before`:"),
        (json!({ "headers": { "alg": "none" } }), "`alg`"),
        (json!({ "headers": { "jwk": {} } }), "`jwk`"),
        (json!({ "payload": { "a": "x".repeat(20_000) } }), "bytes"),
    ] {
        let error = sign(&hs256(), input).await.unwrap_err();
        assert_eq!(error.code, "invalid_claims");
        assert!(error.message.contains(problem), "{error}");
    }
    let settings = json!({ "algorithm": "RS256", "public_key": pem!("rsa.spki") });
    assert_eq!(
        sign(&settings, json!({})).await.unwrap_err().code,
        "no_signing_key"
    );
    let settings = json!({ "algorithm": "RS256", "jwks_url": "https://example.com/" });
    assert_eq!(
        sign(&settings, json!({})).await.unwrap_err().code,
        "no_signing_key"
    );
}

#[test]
fn mistakes_are_found_before_it_runs() {
    let found = |value: Value, unknown: &[&str]| {
        let known = KnownInput {
            value,
            unknown: unknown.iter().map(|pointer| (*pointer).to_owned()).collect(),
        };
        check(&known)
            .into_iter()
            .map(|problem| problem.pointer)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        found(json!({ "subject": "a", "payload": { "sub": "b" } }), &[]),
        ["/payload/sub"]
    );
    assert_eq!(
        found(json!({ "expires_in": "soon", "not_before": -1 }), &[]),
        ["/expires_in", "/not_before"]
    );
    assert_eq!(
        found(json!({ "headers": { "kid": "a", "typ": "b" } }), &[]),
        ["/headers/kid"]
    );
    assert_eq!(found(json!({ "expires_in": null }), &["/expires_in"]), [""; 0]);
    assert_eq!(
        found(json!({ "expires_in": "5m", "payload": { "plan": "pro" } }), &[]),
        [""; 0]
    );
}

/// Another library takes what is signed here, in every algorithm that it knows.
#[tokio::test]
async fn another_library_takes_it() {
    let secret = DecodingKey::from_secret(SECRET.as_bytes());
    let rsa = DecodingKey::from_rsa_pem(pem!("rsa.spki").as_bytes()).unwrap();
    let p256 = DecodingKey::from_ec_pem(pem!("p256.spki").as_bytes()).unwrap();
    let p384 = DecodingKey::from_ec_pem(pem!("p384.spki").as_bytes()).unwrap();
    for (algorithm, name, setting, key, other) in [
        (Algorithm::HS256, "HS256", "secret", SECRET, &secret),
        (Algorithm::HS384, "HS384", "secret", SECRET, &secret),
        (Algorithm::HS512, "HS512", "secret", SECRET, &secret),
        (Algorithm::RS256, "RS256", "private_key", A2_KEY, &rsa),
        (Algorithm::RS384, "RS384", "private_key", A2_KEY, &rsa),
        (Algorithm::RS512, "RS512", "private_key", A2_KEY, &rsa),
        (Algorithm::PS256, "PS256", "private_key", A2_KEY, &rsa),
        (Algorithm::PS384, "PS384", "private_key", A2_KEY, &rsa),
        (Algorithm::PS512, "PS512", "private_key", A2_KEY, &rsa),
        (Algorithm::ES256, "ES256", "private_key", A3_KEY, &p256),
        (Algorithm::ES384, "ES384", "private_key", P384_KEY, &p384),
    ] {
        let (step, _) = step(&json!({ "algorithm": name, setting: key }));
        let input = json!({ "payload": { "plan": "pro", "é": "ß" }, "subject": "ada" });
        let output = step.call(&JwtSign, input).await.unwrap();
        let mut validation = Validation::new(algorithm);
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        let read =
            jsonwebtoken::decode::<Value>(output["token"].as_str().unwrap(), other, &validation).unwrap();
        assert_eq!(
            read.claims,
            json!({ "plan": "pro", "é": "ß", "sub": "ada", "iat": BEGAN }),
            "{name}"
        );
    }
}

proptest! {
    /// Whatever the payload holds comes through as it was, in its order.
    #[test]
    fn claims_come_through(names in proptest::collection::vec("[a-z]{4,12}|\\PC{4,8}", 0..8), text: String, number: i64) {
        let payload: Map<String, Value> = names
            .into_iter()
            .enumerate()
            .map(|(index, name)| (name, if index % 2 == 0 { json!(text) } else { json!([number, { "a": null }]) }))
            .collect();
        let claims = claims(&json!({ "payload": payload, "expires_in": 15 }), None, 100).unwrap();
        let mut expected = payload;
        expected.insert("exp".to_owned(), json!(115));
        expected.insert("iat".to_owned(), json!(100));
        prop_assert_eq!(Value::Object(claims).to_string(), Value::Object(expected).to_string());
    }
}
