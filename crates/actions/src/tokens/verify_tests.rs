use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use proptest::prelude::*;

use super::super::testing::{BEGAN, HandClock, step, try_connection};
use super::super::vectors::*;
use super::*;

fn action() -> JwtVerify {
    JwtVerify::new(HttpPolicy::default())
}

async fn verify(settings: &Value, input: Value) -> Value {
    let (step, _) = step(settings);
    step.call(&action(), input).await.unwrap()
}

#[track_caller]
fn is_refused(output: &Value, cause: &str) {
    assert_eq!(
        (&output["valid"], &output["cause"]),
        (&json!(false), &json!(cause)),
        "{output}"
    );
    // Nothing of a token that nobody vouches for.
    let names: Vec<_> = output.as_object().unwrap().keys().collect();
    assert_eq!(names, ["valid", "cause", "detail"]);
    assert!(
        SPEC.output.view().as_value()["properties"]["cause"]["enum"]
            .as_array()
            .unwrap()
            .contains(&json!(cause))
    );
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token of this header and payload, signed with HS256 and a secret.
fn hs256(header: &Value, payload: &Value, secret: &[u8]) -> String {
    let signed = format!("{}.{}", part(header), part(payload));
    let signature = jsonwebtoken::crypto::sign(
        signed.as_bytes(),
        &EncodingKey::from_secret(secret),
        Algorithm::HS256,
    );
    format!("{signed}.{}", signature.unwrap())
}

fn secret_settings() -> Value {
    json!({ "algorithm": "HS256", "secret": SECRET })
}

fn claims() -> Value {
    json!({ "sub": "ada", "exp": BEGAN + 60 })
}

/// RFC 7515 A.1 to A.3, and RFC 7519 §3.1.
#[tokio::test]
async fn the_tokens_of_the_documents_are_valid() {
    for (algorithm, setting, key, token, header) in [
        (
            "HS256",
            "secret",
            A1_KEY,
            A1_TOKEN,
            json!({ "typ": "JWT", "alg": "HS256" }),
        ),
        (
            "RS256",
            "private_key",
            A2_KEY,
            A2_TOKEN,
            json!({ "alg": "RS256" }),
        ),
        (
            "RS256",
            "public_key",
            pem!("rsa.spki"),
            A2_TOKEN,
            json!({ "alg": "RS256" }),
        ),
        (
            "ES256",
            "private_key",
            A3_KEY,
            A3_TOKEN,
            json!({ "alg": "ES256" }),
        ),
        (
            "ES256",
            "public_key",
            pem!("p256.spki"),
            A3_TOKEN,
            json!({ "alg": "ES256" }),
        ),
    ] {
        let mut settings = json!({ "algorithm": algorithm, setting: key });
        if setting == "secret" {
            settings["secret_encoding"] = json!("base64url");
        }
        let (step, clock) = step(&settings);
        let output = step
            .call(&action(), json!({ "token": token, "issuer": "joe" }))
            .await
            .unwrap();
        assert_eq!(
            output,
            json!({
                "valid": true,
                "cause": null,
                "header": header,
                "payload": { "iss": "joe", "exp": 1_300_819_380, "http://example.com/is_root": true },
                "signature": token.rsplit('.').next().unwrap(),
            })
        );
        clock.advance(380);
        is_refused(
            &step.call(&action(), json!({ "token": token })).await.unwrap(),
            "TOKEN_EXPIRED",
        );
        let tolerant = json!({ "token": token, "clock_tolerance": "1s" });
        assert_eq!(step.call(&action(), tolerant).await.unwrap()["valid"], true);
    }
}

/// RFC 7515 A.4 and RFC 7520 §4.2 and §4.3: signatures of texts, which are no claims.
#[test]
fn the_signatures_of_the_documents_hold() {
    for (algorithm, key, token) in [
        ("ES512", pem!("p521.spki"), A4_TOKEN),
        ("PS384", COOKBOOK_RSA, COOKBOOK_PS384),
        ("ES512", COOKBOOK_EC, COOKBOOK_ES512),
    ] {
        let settings = json!({ "algorithm": algorithm, "public_key": key });
        let connection = try_connection(&settings, &HandClock::default()).unwrap();
        let Verifying::Fixed(keys) = &connection.verifying else {
            panic!()
        };
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let holds = |message: &str, signature: &[u8]| {
            keys.candidates(None)
                .any(|key| key.verifies(message.as_bytes(), signature))
        };
        assert!(holds(signed, &signature), "{algorithm}");
        assert!(!holds(&signed[1..], &signature));
        *signature.last_mut().unwrap() ^= 1;
        assert!(!holds(signed, &signature));
        assert_eq!(Compact::parse(token).unwrap_err().cause, Cause::Malformed);
    }
}

#[tokio::test]
async fn a_changed_token_is_refused() {
    let settings = secret_settings();
    let token = hs256(&json!({ "alg": "HS256" }), &claims(), SECRET.as_bytes());
    assert_eq!(verify(&settings, json!({ "token": token })).await["valid"], true);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let other = part(&json!({ "sub": "eve", "exp": BEGAN + 60 }));
    let whole = URL_SAFE_NO_PAD.decode(signature).unwrap();
    for token in [
        format!("{header}.{other}.{signature}"),
        format!("{signed}."),
        // A part of the right signature is none.
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&whole[..16])),
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode([0; 32])),
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode([&whole[..], &[0]].concat())),
        hs256(
            &json!({ "alg": "HS256" }),
            &claims(),
            b"another secret that is long enough",
        ),
        hs256(&json!({ "alg": "HS256" }), &claims(), b""),
    ] {
        is_refused(
            &verify(&settings, json!({ "token": token })).await,
            "INVALID_SIGNATURE",
        );
    }
}

#[tokio::test]
async fn an_unsigned_token_is_refused() {
    for alg in ["none", "None", "NONE", "nOnE", "", "hs256"] {
        for signature in ["", "AAAA"] {
            let token = format!("{}.{}.{signature}", part(&json!({ "alg": alg })), part(&claims()));
            is_refused(
                &verify(&secret_settings(), json!({ "token": token })).await,
                "ALGORITHM_MISMATCH",
            );
        }
    }
    is_refused(
        &verify(&secret_settings(), json!({ "token": UNSECURED_TOKEN })).await,
        "ALGORITHM_MISMATCH",
    );
    for header in [
        json!({}),
        json!({ "alg": null }),
        json!({ "alg": ["HS256"] }),
        json!({ "alg": 0 }),
    ] {
        let token = hs256(&header, &claims(), SECRET.as_bytes());
        is_refused(
            &verify(&secret_settings(), json!({ "token": token })).await,
            "MALFORMED",
        );
    }
}

/// RFC 8725 §2.1: the public key is no secret, and an HMAC with it proves nothing.
#[tokio::test]
async fn a_public_key_is_never_taken_for_a_secret() {
    for (algorithm, public) in [
        ("RS256", pem!("rsa.spki")),
        ("PS512", pem!("rsa.spki")),
        ("ES256", pem!("p256.spki")),
    ] {
        let settings = json!({ "algorithm": algorithm, "public_key": public });
        for secret in [
            public.as_bytes(),
            public.trim().as_bytes(),
            pem::parse(public).unwrap().contents(),
        ] {
            for alg in ["HS256", algorithm] {
                let token = hs256(&json!({ "alg": alg }), &claims(), secret);
                let cause = if alg == "HS256" {
                    "ALGORITHM_MISMATCH"
                } else {
                    "INVALID_SIGNATURE"
                };
                is_refused(&verify(&settings, json!({ "token": token })).await, cause);
            }
        }
    }
    // Nor is one signature of a pair taken for the other, with or without a false name.
    let rs = EncodingKey::from_rsa_pem(pem!("rsa.pkcs8").as_bytes()).unwrap();
    let signed = format!("{}.{}", part(&json!({ "alg": "RS256" })), part(&claims()));
    for (made_with, accepts, cause) in [
        (Algorithm::RS256, "PS256", "ALGORITHM_MISMATCH"),
        (Algorithm::RS256, "RS512", "ALGORITHM_MISMATCH"),
        (Algorithm::PS256, "RS256", "INVALID_SIGNATURE"),
        (Algorithm::RS512, "RS256", "INVALID_SIGNATURE"),
    ] {
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &rs, made_with).unwrap();
        let settings = json!({ "algorithm": accepts, "public_key": pem!("rsa.spki") });
        is_refused(
            &verify(&settings, json!({ "token": format!("{signed}.{signature}") })).await,
            cause,
        );
    }
}

#[tokio::test]
async fn a_signature_of_noughts_is_none() {
    for (algorithm, public, bytes) in [
        ("ES256", pem!("p256.spki"), 64),
        ("ES384", pem!("p384.spki"), 96),
        ("ES512", pem!("p521.spki"), 132),
    ] {
        let settings = json!({ "algorithm": algorithm, "public_key": public });
        let signed = format!("{}.{}", part(&json!({ "alg": algorithm })), part(&claims()));
        for signature in [vec![0; bytes], vec![255; bytes], vec![0; bytes + 1], Vec::new()] {
            let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
            is_refused(
                &verify(&settings, json!({ "token": token })).await,
                "INVALID_SIGNATURE",
            );
        }
    }
    // The right signature in the other form (DER) is not that of RFC 7518 §3.4.
    let (signed, signature) = A3_TOKEN.rsplit_once('.').unwrap();
    let raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let mut der = vec![0x30, 69, 2, 32];
    der.extend(&raw[..32]);
    der.extend([2, 33, 0]);
    der.extend(&raw[32..]);
    let settings = json!({ "algorithm": "ES256", "public_key": pem!("p256.spki") });
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(der));
    is_refused(
        &verify(&settings, json!({ "token": token })).await,
        "INVALID_SIGNATURE",
    );
}

/// A token does not choose the key that it is verified with.
#[tokio::test]
async fn keys_in_the_header_are_refused() {
    let own = EncodingKey::from_ec_pem(pem!("p256.pkcs8").as_bytes()).unwrap();
    let public: Value = serde_json::from_str(A3_KEY).unwrap();
    for (name, value) in [
        ("jwk", public),
        ("jku", json!("https://evil.example/jwks.json")),
        ("jku", json!(7)),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("x5c", json!(["AAAA"])),
    ] {
        let signed = format!(
            "{}.{}",
            part(&json!({ "alg": "ES256", name: value })),
            part(&claims())
        );
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &own, Algorithm::ES256).unwrap();
        let token = json!({ "token": format!("{signed}.{signature}") });
        // Whether or not the connection knows the key.
        for public in [pem!("p256.spki"), COOKBOOK_OTHER_P256] {
            let settings = json!({ "algorithm": "ES256", "public_key": public });
            is_refused(&verify(&settings, token.clone()).await, "KEY_IN_HEADER");
        }
    }
}

/// RFC 7517 A.1.
const COOKBOOK_OTHER_P256: &str = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}"#;

#[tokio::test]
async fn what_is_critical_and_unknown_is_refused() {
    for crit in [json!(["exp"]), json!(["b64"]), json!([]), json!(null)] {
        let token = hs256(
            &json!({ "alg": "HS256", "b64": false, "crit": crit }),
            &claims(),
            SECRET.as_bytes(),
        );
        is_refused(
            &verify(&secret_settings(), json!({ "token": token })).await,
            "UNSUPPORTED_HEADER",
        );
    }
    let token = hs256(
        &json!({ "alg": "HS256", "typ": "at+jwt", "x": { "y": 1 } }),
        &claims(),
        SECRET.as_bytes(),
    );
    assert_eq!(
        verify(&secret_settings(), json!({ "token": token })).await["valid"],
        true
    );
}

#[tokio::test]
async fn a_key_that_has_an_id_answers_to_it_alone() {
    let settings = json!({ "algorithm": "HS256", "secret": SECRET, "key_id": "k1" });
    for (header, cause) in [
        (json!({ "alg": "HS256", "kid": "k1" }), Value::Null),
        (json!({ "alg": "HS256" }), Value::Null),
        (json!({ "alg": "HS256", "kid": "k2" }), json!("UNKNOWN_KEY")),
        (
            json!({ "alg": "HS256", "kid": "../../etc/passwd" }),
            json!("UNKNOWN_KEY"),
        ),
        (json!({ "alg": "HS256", "kid": 1 }), json!("MALFORMED")),
    ] {
        let token = hs256(&header, &claims(), SECRET.as_bytes());
        assert_eq!(
            verify(&settings, json!({ "token": token })).await["cause"],
            cause,
            "{header}"
        );
        // A key without one answers to all.
        if cause != "MALFORMED" {
            assert_eq!(
                verify(&secret_settings(), json!({ "token": token })).await["valid"],
                true
            );
        }
    }
}

#[tokio::test]
async fn what_the_step_asks_is_looked_at() {
    let good =
        json!({ "iss": "acme", "aud": ["api", "web"], "sub": "ada", "exp": BEGAN + 60, "plan": "pro" });
    let token = hs256(&json!({ "alg": "HS256" }), &good, SECRET.as_bytes());
    for (input, cause) in [
        (json!({}), None),
        (
            json!({ "issuer": "acme", "audience": "web", "subject": "ada", "required_claims": ["exp", "plan"] }),
            None,
        ),
        (
            json!({ "issuer": ["other", "acme"], "audience": ["x", "api"] }),
            None,
        ),
        (json!({ "issuer": "Acme" }), Some("INVALID_ISSUER")),
        (json!({ "issuer": ["other"] }), Some("INVALID_ISSUER")),
        (json!({ "audience": "ap" }), Some("INVALID_AUDIENCE")),
        (json!({ "subject": "eve" }), Some("INVALID_SUBJECT")),
        (json!({ "required_claims": ["jti"] }), Some("MISSING_CLAIM")),
    ] {
        let mut input = input;
        input["token"] = json!(token);
        let output = verify(&secret_settings(), input).await;
        match cause {
            Some(cause) => is_refused(&output, cause),
            None => assert_eq!(output["valid"], true, "{output}"),
        }
    }
    // The connection's issuer counts where the step names none.
    let settings = json!({ "algorithm": "HS256", "secret": SECRET, "issuer": "other" });
    is_refused(
        &verify(&settings, json!({ "token": token })).await,
        "INVALID_ISSUER",
    );
    assert_eq!(
        verify(&settings, json!({ "token": token, "issuer": "acme" })).await["valid"],
        true
    );
    // A token must end, unless the step says otherwise.
    let token = hs256(
        &json!({ "alg": "HS256" }),
        &json!({ "sub": "ada" }),
        SECRET.as_bytes(),
    );
    is_refused(
        &verify(&secret_settings(), json!({ "token": token })).await,
        "MISSING_CLAIM",
    );
    let input = json!({ "token": token, "required_claims": [] });
    assert_eq!(verify(&secret_settings(), input).await["valid"], true);
}

#[tokio::test]
async fn a_bad_tolerance_is_a_mistake_of_the_flow() {
    let (step, _) = step(&secret_settings());
    for tolerance in [json!("11m"), json!("soon"), json!(601)] {
        let error = step
            .call(&action(), json!({ "token": "a", "clock_tolerance": tolerance }))
            .await
            .unwrap_err();
        assert_eq!(error.code, "invalid_input");
        let known = KnownInput {
            value: json!({ "token": null, "clock_tolerance": tolerance }),
            unknown: vec!["/token".to_owned()],
        };
        assert_eq!(check(&known)[0].pointer, "/clock_tolerance");
    }
    let known = KnownInput {
        value: json!({ "clock_tolerance": null }),
        unknown: vec!["/clock_tolerance".to_owned()],
    };
    assert_eq!(check(&known), []);
}

#[tokio::test]
async fn long_tokens_and_other_rubbish_are_answered() {
    let settings = secret_settings();
    let long = hs256(
        &json!({ "alg": "HS256" }),
        &json!({ "exp": BEGAN + 60, "a": "x".repeat(20_000) }),
        SECRET.as_bytes(),
    );
    is_refused(
        &verify(&settings, json!({ "token": long })).await,
        "TOKEN_TOO_LARGE",
    );
    for token in ["", ".", "..", "a.b.c", "Bearer a.b.c", "null", A4_TOKEN] {
        is_refused(&verify(&settings, json!({ "token": token })).await, "MALFORMED");
    }
}

/// What another library signs is taken here, in every algorithm that it knows.
#[tokio::test]
async fn another_librarys_tokens_are_taken() {
    let secret = EncodingKey::from_secret(SECRET.as_bytes());
    let rsa = EncodingKey::from_rsa_pem(pem!("rsa.pkcs8").as_bytes()).unwrap();
    let p256 = EncodingKey::from_ec_pem(pem!("p256.pkcs8").as_bytes()).unwrap();
    let p384 = EncodingKey::from_ec_pem(pem!("p384.pkcs8").as_bytes()).unwrap();
    for (algorithm, name, setting, key, other) in [
        (Algorithm::HS256, "HS256", "secret", SECRET, &secret),
        (Algorithm::HS384, "HS384", "secret", SECRET, &secret),
        (Algorithm::HS512, "HS512", "secret", SECRET, &secret),
        (Algorithm::RS256, "RS256", "public_key", pem!("rsa.spki"), &rsa),
        (Algorithm::RS384, "RS384", "public_key", pem!("rsa.spki"), &rsa),
        (Algorithm::RS512, "RS512", "public_key", pem!("rsa.spki"), &rsa),
        (Algorithm::PS256, "PS256", "public_key", pem!("rsa.spki"), &rsa),
        (Algorithm::PS384, "PS384", "public_key", pem!("rsa.spki"), &rsa),
        (Algorithm::PS512, "PS512", "public_key", pem!("rsa.spki"), &rsa),
        (Algorithm::ES256, "ES256", "public_key", pem!("p256.spki"), &p256),
        (Algorithm::ES384, "ES384", "public_key", pem!("p384.spki"), &p384),
    ] {
        let token = jsonwebtoken::encode(&Header::new(algorithm), &claims(), other).unwrap();
        let settings = json!({ "algorithm": name, setting: key });
        let output = verify(&settings, json!({ "token": token })).await;
        assert_eq!(
            (&output["valid"], &output["payload"]),
            (&json!(true), &claims()),
            "{name}: {output}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// No single changed character leaves a token valid.
    #[test]
    fn every_character_counts(at in 0usize..200, to in "[A-Za-z0-9_.=-]") {
        let settings = json!({ "algorithm": "ES256", "public_key": pem!("p256.spki") });
        let connection = try_connection(&settings, &HandClock::default()).unwrap();
        let at = at % A3_TOKEN.len();
        let mut changed = A3_TOKEN.to_owned();
        changed.replace_range(at..=at, &to);
        let outcome = read(&connection, &changed).and_then(|token| {
            let Verifying::Fixed(keys) = &connection.verifying else { panic!() };
            verify_with(keys, &token)
        });
        prop_assert_eq!(outcome.is_ok(), changed == A3_TOKEN);
    }
}
