use lockgate_engine::testing::LoneStep;

use super::super::sign::JwtSign;
use super::super::testing::{HandClock, try_connection};
use super::super::vectors::{
    A1_KEY, A2_KEY, A3_KEY, A4_KEY, COOKBOOK_EC, COOKBOOK_RSA, P384_KEY, SECRET, SHORT_RSA_KEY, pem,
};
use super::super::verify::JwtVerify;
use super::*;

fn refused(settings: &Value) -> SettingsError {
    try_connection(settings, &HandClock::default()).unwrap_err()
}

/// Signs with the one and verifies with the other.
async fn passes(signing: &Value, verifying: &Value) -> Value {
    let clock = HandClock::default();
    let step =
        |settings| LoneStep::on(clock.clone()).with_connection(try_connection(settings, &clock).unwrap());
    let signed = step(signing)
        .call(&JwtSign, json!({ "expires_in": 10 }))
        .await
        .unwrap();
    let verify = JwtVerify::new(lockgate_http::HttpPolicy::default());
    step(verifying).call(&verify, signed).await.unwrap()["cause"].clone()
}

#[tokio::test]
async fn each_form_of_a_key_is_read() {
    let rsa = [A2_KEY, pem!("rsa.pkcs8"), pem!("rsa.pkcs1")];
    let rsa_public = [A2_KEY_PUBLIC, pem!("rsa.spki"), pem!("rsa.pkcs1-public")];
    let of = |keys: [&'static str; 3]| keys;
    for (algorithms, private, public) in [
        (
            &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"][..],
            rsa,
            rsa_public,
        ),
        (
            &["ES256"],
            of([A3_KEY, pem!("p256.pkcs8"), pem!("p256.sec1")]),
            of([A3_KEY_PUBLIC, pem!("p256.spki"), A3_SET]),
        ),
        (
            &["ES384"],
            of([P384_KEY, pem!("p384.pkcs8"), pem!("p384.sec1")]),
            [pem!("p384.spki"); 3],
        ),
        (
            &["ES512"],
            of([A4_KEY, pem!("p521.pkcs8"), pem!("p521.sec1")]),
            [pem!("p521.spki"); 3],
        ),
    ] {
        for (algorithm, (private, public)) in algorithms
            .iter()
            .flat_map(|name| private.iter().zip(public).map(move |pair| (*name, pair)))
        {
            let signing = json!({ "algorithm": algorithm, "private_key": private });
            let verifying = json!({ "algorithm": algorithm, "public_key": public });
            assert_eq!(passes(&signing, &verifying).await, Value::Null, "{algorithm}");
            // The private key's own other half.
            assert_eq!(passes(&signing, &signing).await, Value::Null, "{algorithm}");
        }
    }
    // Line breaks as variables of the environment have them.
    let written = pem!("rsa.pkcs8").replace('\n', "\\n");
    let signing = json!({ "algorithm": "RS256", "private_key": written });
    assert_eq!(passes(&signing, &signing).await, Value::Null);
    for algorithm in ["HS256", "HS384", "HS512"] {
        let text = json!({ "algorithm": algorithm, "secret": SECRET });
        let encoded = json!({ "algorithm": algorithm, "secret_encoding": "base64url", "secret": URL_SAFE_NO_PAD.encode(SECRET) });
        let padded =
            json!({ "algorithm": algorithm, "secret_encoding": "base64", "secret": STANDARD.encode(SECRET) });
        assert_eq!(passes(&text, &encoded).await, Value::Null);
        assert_eq!(passes(&encoded, &padded).await, Value::Null);
    }
}

const A2_KEY_PUBLIC: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;

const A3_KEY_PUBLIC: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

/// A set with a key for something else, one that is broken, and the one.
const A3_SET: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"},{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;

#[test]
fn a_short_secret_is_refused() {
    for (algorithm, least) in [("HS256", 32), ("HS384", 48), ("HS512", 64)] {
        let settings = |bytes: usize| json!({ "algorithm": algorithm, "secret": "s".repeat(bytes) });
        assert!(try_connection(&settings(least), &HandClock::default()).is_ok());
        for bytes in [1, least - 1] {
            let error = refused(&settings(bytes));
            assert_eq!(
                (error.setting.as_str(), error.problem.as_str()),
                (
                    "secret",
                    format!("`secret`: the secret has {bytes} bytes, and {algorithm} needs {least} (RFC 7518 §3.2)").as_str()
                )
            );
            assert!(error.help.is_some());
        }
    }
    // What counts is the bytes, not how long their text is.
    let text = URL_SAFE_NO_PAD.encode([7; 24]);
    assert_eq!(text.len(), 32);
    let error = refused(&json!({ "algorithm": "HS256", "secret": text, "secret_encoding": "base64url" }));
    assert!(error.problem.contains("24 bytes"), "{error}");
    assert!(
        try_connection(
            &json!({ "algorithm": "HS256", "secret": A1_KEY, "secret_encoding": "base64url" }),
            &HandClock::default()
        )
        .is_ok()
    );
    let empty = refused(&json!({ "algorithm": "HS256", "secret": "" }));
    assert!(empty.problem.contains("0 bytes"), "{empty}");
}

#[test]
fn what_is_no_key_for_the_algorithm_gets_its_own_word() {
    let not_meant = |member: &str, value: &str| {
        let mut key: Value = serde_json::from_str(A3_KEY_PUBLIC).unwrap();
        key[member] = serde_json::from_str(value).unwrap();
        key.to_string()
    };
    for (algorithm, setting, key, problem) in [
        ("RS256", "private_key", "", "neither PEM nor a JSON Web Key"),
        ("RS256", "private_key", "secret", "neither PEM nor a JSON Web Key"),
        ("RS256", "private_key", pem!("rsa.spki"), "it is a public key"),
        ("RS256", "private_key", A2_KEY_PUBLIC, "it is a public key"),
        ("RS256", "public_key", pem!("rsa.pkcs8"), "it is a private key"),
        ("RS256", "public_key", A2_KEY, "it is a private key"),
        ("ES256", "private_key", A3_KEY_PUBLIC, "it is a public key"),
        ("ES256", "private_key", pem!("p256.encrypted"), "it is encrypted"),
        (
            "RS256",
            "private_key",
            pem!("rsa.encrypted-pkcs1"),
            "it is encrypted",
        ),
        (
            "ES256",
            "public_key",
            pem!("p256.certificate"),
            "it is a certificate",
        ),
        (
            "ES256",
            "private_key",
            pem!("rsa.pkcs8"),
            "it is no private key for ES256",
        ),
        (
            "ES256",
            "private_key",
            pem!("p384.pkcs8"),
            "it is no private key for ES256",
        ),
        (
            "ES256",
            "private_key",
            pem!("p384.sec1"),
            "it is no private key for ES256",
        ),
        ("ES384", "private_key", A3_KEY, "it is no key for ES384"),
        (
            "RS256",
            "private_key",
            pem!("p256.pkcs8"),
            "it is no private key for RS256",
        ),
        ("RS256", "private_key", A3_KEY, "it is no key for RS256"),
        (
            "PS256",
            "public_key",
            pem!("p256.spki"),
            "it is no public key for PS256",
        ),
        (
            "ES512",
            "public_key",
            pem!("p256.spki"),
            "it is no public key for ES512",
        ),
        (
            "ES512",
            "public_key",
            pem!("rsa.spki"),
            "it is no public key for ES512",
        ),
        (
            "RS256",
            "public_key",
            pem!("rsa-1024.spki"),
            "it has 1024 bits, and RS256 needs 2048",
        ),
        (
            "PS256",
            "public_key",
            SHORT_RSA_KEY,
            "it has 1024 bits, and PS256 needs 2048",
        ),
        (
            "RS256",
            "private_key",
            pem!("rsa-1024.pkcs8"),
            "it is no private key for RS256",
        ),
        (
            "ES256",
            "public_key",
            &not_meant("use", "\"enc\""),
            "its `use` says that it is not for signatures",
        ),
        (
            "ES256",
            "public_key",
            &not_meant("key_ops", "[\"sign\"]"),
            "its `key_ops` says that it is not for verify",
        ),
        (
            "ES256",
            "public_key",
            &not_meant("alg", "\"ES384\""),
            "its `alg` says that it is not for ES256",
        ),
        (
            "ES256",
            "public_key",
            &not_meant("x", "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVE\""),
            "its `x` is missing or not base64url",
        ),
        // A point that is not on the curve.
        (
            "ES256",
            "public_key",
            &not_meant("x", "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEV\""),
            "base64url",
        ),
        (
            "ES256",
            "public_key",
            &not_meant("x", "\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEQ\""),
            "it is no public key for ES256",
        ),
        (
            "ES256",
            "public_key",
            r#"{"kty":"oct","k":"AAAA"}"#,
            "it is no key for ES256",
        ),
        (
            "ES256",
            "public_key",
            r#"{"keys":[]}"#,
            "it is no set with a key for ES256",
        ),
        ("ES512", "public_key", A3_SET, "it is no set with a key for ES512"),
    ] {
        let error = refused(&json!({ "algorithm": algorithm, setting: key }));
        assert_eq!(error.setting, setting);
        assert!(
            error.problem.contains(problem),
            "{algorithm}: {} (not: {problem})",
            error.problem
        );
        assert!(
            !error.problem.contains("BEGIN") && !error.problem.contains("jpsQ"),
            "{}",
            error.problem
        );
    }
    // A private key whose halves do not belong together.
    let mut key: Value = serde_json::from_str(A3_KEY).unwrap();
    key["d"] = json!("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LM");
    let error = refused(&json!({ "algorithm": "ES256", "private_key": key.to_string() }));
    assert!(error.problem.contains("no private key"), "{error}");
    let mut key: Value = serde_json::from_str(A2_KEY).unwrap();
    key["d"] = json!("AQAB");
    let error = refused(&json!({ "algorithm": "RS256", "private_key": key.to_string() }));
    assert!(error.problem.contains("no private key"), "{error}");
}

#[test]
fn settings_that_do_not_belong_together_are_found() {
    let https = "https://keys.example.com/jwks.json";
    for (settings, pointer, problem) in [
        (json!({}), "algorithm", "none that is known"),
        (
            json!({ "algorithm": "none", "secret": SECRET }),
            "algorithm",
            "none that is known",
        ),
        (
            json!({ "algorithm": "EdDSA", "public_key": COOKBOOK_EC }),
            "algorithm",
            "none that is known",
        ),
        (json!({ "algorithm": "HS256" }), "", "no `secret`"),
        (
            json!({ "algorithm": "HS256", "secret": SECRET, "public_key": COOKBOOK_RSA }),
            "public_key",
            "no use",
        ),
        // A published secret is no secret.
        (
            json!({ "algorithm": "HS256", "secret": SECRET, "jwks_url": https }),
            "jwks_url",
            "no use",
        ),
        (
            json!({ "algorithm": "HS256", "secret": "é", "secret_encoding": "base64" }),
            "secret",
            "not base64",
        ),
        (json!({ "algorithm": "RS256" }), "", "no key"),
        (
            json!({ "algorithm": "RS256", "secret": SECRET, "jwks_url": https }),
            "secret",
            "no use",
        ),
        (
            json!({ "algorithm": "RS256", "public_key": COOKBOOK_RSA, "jwks_url": https }),
            "public_key",
            "both",
        ),
        (
            json!({ "algorithm": "RS256", "jwks_url": https, "key_id": "1" }),
            "key_id",
            "no key that",
        ),
        (
            json!({ "algorithm": "RS256", "jwks_url": "http://keys.example.com/" }),
            "jwks_url",
            "not https",
        ),
        (
            json!({ "algorithm": "RS256", "jwks_url": "http://10.0.0.1/" }),
            "jwks_url",
            "not https",
        ),
        (
            json!({ "algorithm": "RS256", "jwks_url": "http://localhost.example.com/" }),
            "jwks_url",
            "not https",
        ),
        (
            json!({ "algorithm": "RS256", "jwks_url": "file:///etc/keys" }),
            "jwks_url",
            "no host",
        ),
        (
            json!({ "algorithm": "RS256", "jwks_url": "keys.json" }),
            "jwks_url",
            "no URL",
        ),
        (
            json!({ "algorithm": "RS256", "jwks_url": "https://a:b@keys.example.com/" }),
            "jwks_url",
            "credentials",
        ),
        (
            json!({ "algorithm": "RS256", "issuer": "acme" }),
            "issuer",
            "no URL",
        ),
        (
            json!({ "algorithm": "RS256", "issuer": "http://acme.example.com/" }),
            "issuer",
            "not https",
        ),
        (
            json!({ "algorithm": "RS256", "issuer": "https://acme.example.com/?a" }),
            "issuer",
            "query",
        ),
    ] {
        let error = refused(&settings);
        assert_eq!(error.setting, pointer, "{settings}: {error}");
        assert!(error.problem.contains(problem), "{settings}: {error}");
    }
    for settings in [
        json!({ "algorithm": "RS256", "jwks_url": https }),
        json!({ "algorithm": "RS256", "jwks_url": "http://127.0.0.1:1/a", "issuer": "acme" }),
        json!({ "algorithm": "RS256", "jwks_url": "http://[::1]:1/a" }),
        json!({ "algorithm": "RS256", "issuer": "http://localhost:1/" }),
        json!({ "algorithm": "HS256", "secret": SECRET, "issuer": "acme", "key_id": "1" }),
        json!({ "algorithm": "RS256", "private_key": A2_KEY, "jwks_url": https }),
    ] {
        assert!(
            try_connection(&settings, &HandClock::default()).is_ok(),
            "{settings}"
        );
    }
}

#[test]
fn what_variables_will_give_is_no_mistake_yet() {
    let known = |value: Value, unknown: &[&str]| {
        check(&KnownInput {
            value,
            unknown: unknown.iter().map(|pointer| (*pointer).to_owned()).collect(),
        })
    };
    for (settings, unknown) in [
        (json!({ "algorithm": "HS256", "secret": null }), &["/secret"][..]),
        (
            json!({ "algorithm": null, "secret": null }),
            &["/algorithm", "/secret"],
        ),
        (json!({ "algorithm": "RS256", "issuer": null }), &["/issuer"]),
        (
            json!({ "algorithm": "HS256", "secret": "short", "secret_encoding": null }),
            &["/secret_encoding"],
        ),
    ] {
        assert_eq!(known(settings, unknown), []);
    }
    let found = known(
        json!({ "algorithm": "HS256", "secret": null, "public_key": null }),
        &["/secret", "/public_key"],
    );
    assert_eq!(found[0].pointer, "/public_key");
}

#[test]
fn nothing_of_a_key_is_shown() {
    let connection = try_connection(
        &json!({ "algorithm": "HS256", "secret": SECRET }),
        &HandClock::default(),
    )
    .unwrap();
    assert!(!format!("{connection:?}").contains("0123"));
    let connection = try_connection(
        &json!({ "algorithm": "RS256", "private_key": A2_KEY }),
        &HandClock::default(),
    )
    .unwrap();
    let shown = format!("{connection:?}");
    assert!(shown.len() < 300, "{shown}");
}

#[test]
fn the_configuration_is_beside_the_issuer() {
    for (issuer, url) in [
        (
            "https://acme.eu.auth0.com/",
            "https://acme.eu.auth0.com/.well-known/openid-configuration",
        ),
        (
            "https://acme.eu.auth0.com",
            "https://acme.eu.auth0.com/.well-known/openid-configuration",
        ),
        (
            "https://id.example.com/realms/acme",
            "https://id.example.com/realms/acme/.well-known/openid-configuration",
        ),
    ] {
        assert_eq!(configuration_url(issuer).unwrap().as_str(), url);
    }
}
