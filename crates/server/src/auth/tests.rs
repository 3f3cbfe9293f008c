use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use lockgate_flow::catalog::KnownInput;
use lockgate_flow::syntax::AuthKind;
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::{Credentials, Scheme, connection_specs};
use crate::options::ServerOptions;
use crate::testing::{Read, Served, request};

/// When [`lockgate_engine::testing::TestClock`] begins.
const NOW: i64 = 1_893_456_000;

const TOKEN: &str = "a-token-of-32-characters-or-more";
const OTHER: &str = "another-token-that-is-on-its-way";

fn map(settings: Value) -> Map<String, Value> {
    match settings {
        Value::Object(map) => map,
        other => panic!("{other} is no map"),
    }
}

#[track_caller]
fn credentials(scheme: Scheme, settings: Value) -> Credentials {
    Credentials::from_settings("callers", scheme, &map(settings)).unwrap()
}

/// A flow behind these credentials.
fn served(credentials: Credentials) -> Served {
    let kind = credentials.kind().name();
    let flow = |method: &str| {
        format!(
            "name: {}
trigger: {{ http: {{ method: {method}, path: /invite, auth: {kind}, max_body: 100b }} }}
input:
  email: {{ type: string, required: false }}
  plan: {{ type: string, required: false }}
steps:
  - return: {{ headers: '{{{{request.headers}}}}' }}
",
            method.to_lowercase()
        )
    };
    let flows = ["GET", "POST"].map(flow);
    Served::with(
        &[&flows[0], &flows[1]],
        BTreeMap::from([("callers".to_owned(), Arc::new(credentials))]),
        ServerOptions::default(),
    )
}

async fn get(served: &Served, headers: &[(&str, &str)]) -> Read {
    served.send(request("GET /invite", headers, "")).await
}

/// Settings, and what comes of them: the setting that is refused, and words of why.
type Case<'a> = (Scheme, Value, Result<(), (&'a str, &'a str)>);

#[test]
fn settings_are_read_or_refused_with_help() {
    use Scheme::{Basic, Bearer, Hmac};
    let (good, short) = ("canary-canary-canary", "canary");
    let cases: Vec<Case<'_>> = vec![
        (Bearer, json!({ "token": good }), Ok(())),
        (Bearer, json!({ "token": "0123456789abcdef" }), Ok(())),
        (Bearer, json!({ "tokens": [good, OTHER] }), Ok(())),
        (Bearer, json!({ "tokens": [good, ""] }), Ok(())),
        (
            Bearer,
            json!({ "tokens": [""] }),
            Err(("tokens", "nothing stands in")),
        ),
        (
            Bearer,
            json!({ "tokens": [] }),
            Err(("tokens", "nothing stands in")),
        ),
        (
            Bearer,
            json!({ "tokens": good }),
            Err(("tokens", "no list of texts")),
        ),
        (
            Bearer,
            json!({ "tokens": [good, short] }),
            Err(("tokens", "shorter than 16")),
        ),
        (
            Bearer,
            json!({ "token": "0123456789abcde" }),
            Err(("token", "shorter than 16")),
        ),
        (
            Bearer,
            json!({ "token": 1 }),
            Err(("token", "no `token` that is text")),
        ),
        (
            Bearer,
            json!({ "token": "canary-canary-canary\n" }),
            Err(("token", "no header can carry")),
        ),
        (
            Bearer,
            json!({ "token": "canary canary canary" }),
            Err(("token", "no header can carry")),
        ),
        (
            Bearer,
            json!({ "token": good, "tokens": [good] }),
            Err(("tokens", "both")),
        ),
        (Bearer, json!({}), Err(("", "neither"))),
        (
            Bearer,
            json!({ "token": good, "secret": good }),
            Err(("secret", "no setting `secret`")),
        ),
        (
            Basic,
            json!({ "username": "ada", "password": "canary canary cañary" }),
            Ok(()),
        ),
        (
            Basic,
            json!({ "username": "ada", "password": short }),
            Err(("password", "shorter than 16")),
        ),
        (
            Basic,
            json!({ "username": "a:b", "password": good }),
            Err(("username", "colon")),
        ),
        (
            Basic,
            json!({ "username": "", "password": good }),
            Err(("username", "empty")),
        ),
        (
            Basic,
            json!({ "username": "a", "password": "canary-canary-canary\n" }),
            Err(("password", "control")),
        ),
        (
            Basic,
            json!({ "password": good }),
            Err(("username", "no `username`")),
        ),
        (Hmac, json!({ "secret": good }), Ok(())),
        (
            Hmac,
            json!({ "secrets": [good], "header": "X-Signature", "tolerance": "1d" }),
            Ok(()),
        ),
        (
            Hmac,
            json!({ "secret": short }),
            Err(("secret", "shorter than 16")),
        ),
        (
            Hmac,
            json!({ "secret": good, "header": "x y" }),
            Err(("header", "no name of a header")),
        ),
        (
            Hmac,
            json!({ "secret": good, "tolerance": "25h" }),
            Err(("tolerance", "between nothing and a day")),
        ),
        (
            Hmac,
            json!({ "secret": good, "tolerance": "0s" }),
            Err(("tolerance", "between nothing and a day")),
        ),
        (
            Hmac,
            json!({ "secret": good, "tolerance": "5" }),
            Err(("tolerance", "no unit")),
        ),
    ];
    for (scheme, settings, expect) in cases {
        let read = Credentials::from_settings("callers", scheme, &map(settings.clone()));
        match (read, expect) {
            (Ok(credentials), Ok(())) => {
                assert_eq!(credentials.kind(), scheme.kind());
                assert!(!format!("{credentials:?}").contains("canary"));
            }
            (Err(error), Err((setting, words))) => {
                assert_eq!(error.setting, setting, "{settings}");
                assert!(error.to_string().contains(words), "{settings}: {error}");
                assert!(error.help.is_some(), "{settings}");
                assert!(!format!("{error:?}").contains("canary"), "{error:?}");
            }
            (read, _) => panic!("{settings}: {read:?}"),
        }
    }
}

#[test]
fn declarations_say_what_is_wrong_before_variables_are_read() {
    for (type_name, value, words) in [
        ("bearer", json!({}), Some("neither")),
        ("bearer", json!({ "token": null, "tokens": [] }), Some("both")),
        ("bearer", json!({ "token": null }), None),
        (
            "hmac",
            json!({ "secret": null, "header": "a b" }),
            Some("no name of a header"),
        ),
        (
            "hmac",
            json!({ "secret": null, "tolerance": "2d" }),
            Some("a day"),
        ),
        (
            "hmac",
            json!({ "secret": null, "header": null, "tolerance": null }),
            None,
        ),
    ] {
        let specs = connection_specs();
        let spec = specs.iter().find(|spec| spec.type_name == type_name).unwrap();
        assert!(Scheme::of_type(type_name).is_some() && spec.example.contains(&format!("type: {type_name}")));
        let known = KnownInput {
            value: value.clone(),
            unknown: Vec::new(),
        };
        let found = spec.check.unwrap()(&known);
        match words {
            Some(words) => assert!(found[0].message.contains(words), "{found:?}"),
            None => assert_eq!(found, [], "{value}"),
        }
    }
    assert_eq!(Scheme::of_type("auth0"), None);
    assert_eq!(Scheme::of_type("none"), None);
}

#[tokio::test]
async fn a_bearer_token_opens() {
    let served = served(credentials(
        Scheme::Bearer,
        json!({ "tokens": [TOKEN, "", OTHER] }),
    ));
    for (lines, expect) in [
        (vec![format!("Bearer {TOKEN}")], Ok(())),
        (vec![format!("bEARER   {OTHER}")], Ok(())),
        (vec![], Err("")),
        (vec![String::new()], Err("")),
        (vec!["Bearer".to_owned()], Err("")),
        (vec!["Bearer ".to_owned()], Err("")),
        (vec![TOKEN.to_owned()], Err("")),
        (vec![format!("Basic {TOKEN}")], Err("")),
        (vec![format!("Bearer{TOKEN}")], Err("")),
        (
            vec![format!("Bearer {TOKEN}"), format!("Bearer {TOKEN}")],
            Err(""),
        ),
        (vec![format!("Bearer {TOKEN}x")], Err("invalid_token")),
        (vec![format!("Bearer {}", &TOKEN[1..])], Err("invalid_token")),
        (vec![format!("Bearer {TOKEN} {TOKEN}")], Err("invalid_token")),
        (
            vec![format!("Bearer {}", TOKEN.to_uppercase())],
            Err("invalid_token"),
        ),
    ] {
        let headers: Vec<_> = lines
            .iter()
            .map(|line| ("authorization", line.as_str()))
            .collect();
        let answer = get(&served, &headers).await;
        match expect {
            Ok(()) => assert_eq!(answer.status, 200, "{lines:?}"),
            Err(error) => {
                assert_eq!(
                    (answer.status, &answer.body["code"]),
                    (401, &json!("unauthorized")),
                    "{lines:?}"
                );
                let challenge = answer.header("www-authenticate");
                assert!(challenge.starts_with("Bearer realm=\"lockgate\""), "{challenge}");
                assert_eq!(
                    challenge.contains("error=\"invalid_token\""),
                    !error.is_empty(),
                    "{lines:?}"
                );
                assert!(!answer.body.to_string().contains(TOKEN));
            }
        }
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused() {
    let served = served(credentials(Scheme::Bearer, json!({ "token": TOKEN })));
    let mut request = request("GET /invite", &[], "");
    let value = http::HeaderValue::from_bytes(b"Bearer \xff\xfe").unwrap();
    request.headers_mut().insert("authorization", value);
    assert_eq!(served.send(request).await.status, 401);
}

#[tokio::test]
async fn a_name_and_a_password_open() {
    let settings = json!({ "username": "ada", "password": "päss:word of sixteen" });
    let served = served(credentials(Scheme::Basic, settings));
    let pair = STANDARD.encode("ada:päss:word of sixteen");
    for (line, status) in [
        (format!("Basic {pair}"), 200),
        (format!("basic {}", pair.trim_end_matches('=')), 200),
        (
            format!("Basic {}", STANDARD.encode("ada:päss:word of sixteem")),
            401,
        ),
        (
            format!("Basic {}", STANDARD.encode("Ada:päss:word of sixteen")),
            401,
        ),
        (format!("Basic {}", STANDARD.encode("ada")), 401),
        (format!("Basic {}", STANDARD.encode("ada:")), 401),
        ("Basic".to_owned(), 401),
        ("Basic %%%%".to_owned(), 401),
        (format!("Bearer {pair}"), 401),
    ] {
        let answer = get(&served, &[("authorization", &line)]).await;
        assert_eq!(answer.status, status, "{line}");
        if status == 401 {
            assert_eq!(
                answer.header("www-authenticate"),
                "Basic realm=\"lockgate\", charset=\"UTF-8\""
            );
        }
    }
}

fn sign(secret: &str, time: i64, method: &str, target: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{time}\n{method}\n{target}\n{body}").as_bytes());
    let digest = mac.finalize().into_bytes();
    digest.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

const BODY: &str = "{\"email\":\"ada@example.com\"}";

async fn post(served: &Served, line: &str, signature: &[&str], body: &str) -> Read {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(
        signature
            .iter()
            .map(|signature| ("lockgate-signature", *signature)),
    );
    served.send(request(line, &headers, body.to_owned())).await
}

/// The example of `docs/language.md`, signed by `openssl dgst`.
#[tokio::test(start_paused = true)]
async fn a_signature_that_another_program_made_opens() {
    let settings = json!({ "secret": "an-example-secret-of-32-characters" });
    let served = served(credentials(Scheme::Hmac, settings));
    let signature = "t=1893456000,v1=857221a01f5b337e80e0c307c010b1f68801ada6609140b140cb40240e2e8d9f";
    let answer = post(&served, "POST /invite?plan=pro", &[signature], BODY).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn a_signature_is_of_one_request() {
    let served = served(credentials(Scheme::Hmac, json!({ "secrets": [TOKEN, OTHER] })));
    let line = "POST /invite?plan=pro";
    let good = sign(TOKEN, NOW, "POST", "/invite?plan=pro", BODY);
    let rotated = sign(OTHER, NOW, "POST", "/invite?plan=pro", BODY);
    let unknown = sign("a-secret-that-nobody-has", NOW, "POST", "/invite?plan=pro", BODY);
    for (signature, is_good) in [
        (format!("t={NOW},v1={good}"), true),
        (format!("t={NOW}, v1={}", good.to_uppercase()), true),
        (format!("v1={rotated},t={NOW}"), true),
        (format!("t={NOW},v1={unknown},v1={good}"), true),
        (format!("t={NOW},v0=abc,v2={good},v1={good},x="), true),
        (format!("t={NOW},v1={unknown}"), false),
        (format!("t={NOW},v2={good}"), false),
        (format!("t={NOW},v1={}", &good[..62]), false),
        (format!("t={NOW},v1={}", "g".repeat(64)), false),
        (format!("t={},v1={good}", NOW + 1), false),
        (format!("t=0{NOW},v1={good}"), false),
        (format!("t=+{NOW},v1={good}"), false),
        (format!("t={NOW},t={NOW},v1={good}"), false),
        (format!("t=,v1={good}"), false),
        (format!("t=99999999999999999999,v1={good}"), false),
        (format!("v1={good}"), false),
        (format!("t={NOW}"), false),
        (good.clone(), false),
        (String::new(), false),
    ] {
        let answer = post(&served, line, &[&signature], BODY).await;
        assert_eq!(
            answer.status,
            if is_good { 200 } else { 401 },
            "{signature}: {answer:?}"
        );
        if !is_good {
            assert_eq!(
                answer.header("www-authenticate"),
                "Lockgate-Signature realm=\"lockgate\""
            );
        }
    }
    let signature = format!("t={NOW},v1={good}");
    assert_eq!(post(&served, line, &[], BODY).await.status, 401);
    assert_eq!(
        post(&served, line, &[&signature, &signature], BODY).await.status,
        401
    );
    // Any part of another request.
    let other_body = BODY.replace("ada", "eve");
    for (line, body) in [
        ("POST /invite?plan=free", BODY),
        ("POST /invite", BODY),
        ("POST /invite?plan=pro&", BODY),
        (line, other_body.as_str()),
        (line, ""),
    ] {
        assert_eq!(
            post(&served, line, &[&signature], body).await.status,
            401,
            "{line} {body}"
        );
    }
    assert_eq!(
        post(&served, "GET /invite?plan=pro", &[&signature], "")
            .await
            .status,
        401
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_body_is_signed_with_its_query() {
    let served = served(credentials(Scheme::Hmac, json!({ "secret": TOKEN })));
    let signature = format!("t={NOW},v1={}", sign(TOKEN, NOW, "GET", "/invite?plan=pro", ""));
    for (line, status) in [
        ("GET /invite?plan=pro", 200),
        ("GET /invite?plan=free", 401),
        ("HEAD /invite?plan=pro", 401),
    ] {
        assert_eq!(
            post(&served, line, &[&signature], "").await.status,
            status,
            "{line}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_signature_gets_old() {
    let settings = json!({ "secret": TOKEN, "tolerance": "1m" });
    let served = served(credentials(Scheme::Hmac, settings));
    let at = |time: i64| format!("t={time},v1={}", sign(TOKEN, time, "POST", "/invite", BODY));
    for (time, status) in [(NOW - 61, 401), (NOW - 60, 200), (NOW + 60, 200), (NOW + 61, 401)] {
        assert_eq!(
            post(&served, "POST /invite", &[&at(time)], BODY).await.status,
            status,
            "{time}"
        );
    }
    let signature = at(NOW);
    tokio::time::advance(Duration::from_mins(1)).await;
    // The same one again: nothing is remembered of it.
    assert_eq!(
        post(&served, "POST /invite", &[&signature], BODY).await.status,
        200
    );
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(
        post(&served, "POST /invite", &[&signature], BODY).await.status,
        401
    );
}

#[tokio::test]
async fn callers_are_asked_before_the_body_is_read() {
    let long = "x".repeat(1000);
    let bearer = served(credentials(Scheme::Bearer, json!({ "token": TOKEN })));
    let post = |headers: Vec<(&'static str, String)>| {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        request("POST /invite", &headers, long.clone())
    };
    assert_eq!(bearer.send(post(vec![])).await.status, 401);
    let known = post(vec![("authorization", format!("Bearer {TOKEN}"))]);
    assert_eq!(bearer.send(known).await.status, 413);
    let signed = served(credentials(Scheme::Hmac, json!({ "secret": TOKEN })));
    assert_eq!(signed.send(post(vec![])).await.status, 401);
    let in_time = post(vec![(
        "lockgate-signature",
        format!("t={NOW},v1={}", "0".repeat(64)),
    )]);
    assert_eq!(signed.send(in_time).await.status, 413);
}

#[tokio::test(start_paused = true)]
async fn flows_do_not_see_what_callers_show() {
    let shown = format!("Bearer {TOKEN}");
    let signature = sign(TOKEN, NOW, "GET", "/invite", "");
    let signature = format!("t={NOW},v1={signature}");
    let headers = [
        ("authorization", shown.as_str()),
        ("x-signature", signature.as_str()),
        ("x-a", "1"),
    ];
    let bearer = served(credentials(Scheme::Bearer, json!({ "token": TOKEN })));
    assert_eq!(
        get(&bearer, &headers).await.body["headers"],
        json!({ "x-signature": signature, "x-a": "1" })
    );
    let settings = json!({ "secret": TOKEN, "header": "X-Signature" });
    let signed = served(credentials(Scheme::Hmac, settings));
    assert_eq!(
        get(&signed, &headers).await.body["headers"],
        json!({ "authorization": shown, "x-a": "1" })
    );
}

#[tokio::test(start_paused = true)]
async fn generated_credentials_open_for_who_was_told() {
    for scheme in Scheme::ALL {
        let (generated, secret) = Credentials::generate(scheme);
        let (_, other) = Credentials::generate(scheme);
        assert_ne!(secret, other);
        let served = served(generated);
        for (secret, status) in [(&secret, 200), (&other, 401)] {
            let (name, value) = match scheme.kind() {
                AuthKind::Basic => ("authorization", format!("Basic {}", STANDARD.encode(secret))),
                AuthKind::Hmac => (
                    "lockgate-signature",
                    format!("t={NOW},v1={}", sign(secret, NOW, "GET", "/invite", "")),
                ),
                _ => ("authorization", format!("Bearer {secret}")),
            };
            assert_eq!(get(&served, &[(name, &value)]).await.status, status, "{scheme:?}");
        }
    }
}
