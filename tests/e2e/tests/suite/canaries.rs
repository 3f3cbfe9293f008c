//! Planted secrets are found in nothing that is written: not in the clear, not encoded.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use lockgate_tenant::{Client, Tenant};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::emulated::Emulated;
use crate::folder::Folder;
use crate::stand_in::{Answer, Asked, StandIn};
use crate::terminal::Ended;

const CLIENT_SECRET: &str = "canary client-secret \"<&'\\ 1";
const PASSWORD: &str = "canary pass-word \"<&'\\ 2";
const TOKEN: &str = "canary-token-abc.def.ghi-3";
const API_KEY: &str = "canary api key ÄÖ/+? 4";

const ALL: [&str; 4] = [CLIENT_SECRET, PASSWORD, TOKEN, API_KEY];

/// Everything is asked for that may be written.
const LOUD: [&str; 4] = ["--trace", "--json", "--log", "trace"];

/// The forms in which a text may hold a secret.
pub(crate) fn forms(secret: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).unwrap();
    let json = json.trim_matches('"');
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let html = secret
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;");
    let mut forms = vec![
        secret.to_owned(),
        json.to_owned(),
        // JSON in JSON.
        json.replace('\\', "\\\\").replace('"', "\\\""),
        format!("{secret:?}").trim_matches('"').to_owned(),
        percent.replace("%20", "+"),
        percent.to_lowercase(),
        percent.clone(),
        // Only what has to be encoded is, in a query.
        secret.replace(' ', "%20"),
        secret.replace(' ', "+"),
        html.replace('\'', "&#39;"),
        html,
        hex(secret),
    ];
    // In base64 it looks different at each of three places; the first and the last letters are its neighbours', too.
    for shift in 0..3 {
        let shifted = [" ".repeat(shift).as_str(), secret].concat();
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&shifted);
            forms.push(encoded[[0, 2, 3][shift]..encoded.len() - 1].to_owned());
        }
    }
    forms
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[track_caller]
fn assert_clean(ended: &Ended) {
    let text = ended.transcript();
    let written = format!("{}{}", ended.stdout, ended.stderr);
    for secret in ALL {
        for form in forms(secret) {
            assert!(!written.contains(&form), "{form} was written:\n{text}");
        }
    }
}

/// The command line itself is not written anywhere; it holds the input.
fn loud<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &LOUD].concat()
}

#[test]
fn the_search_finds_what_is_there() {
    for text in [
        PASSWORD.to_owned(),
        json!([PASSWORD]).to_string(),
        json!([json!([PASSWORD]).to_string()]).to_string(),
        format!("?password={}", PASSWORD.replace(' ', "+")),
        format!(
            "?password={}&b=1",
            utf8_percent_encode(PASSWORD, NON_ALPHANUMERIC)
        ),
        format!("Basic {}", STANDARD_NO_PAD.encode(format!("user:{PASSWORD}!"))),
        format!("Basic {}", STANDARD_NO_PAD.encode(format!("me:{PASSWORD}"))),
        URL_SAFE_NO_PAD.encode(format!("a{PASSWORD}")),
        URL_SAFE_NO_PAD.encode(format!("abc{PASSWORD}")),
    ] {
        assert!(forms(PASSWORD).iter().any(|form| text.contains(form)), "{text}");
    }
}

/// A tenant whose application has the planted secret, and a workspace that is connected to it.
fn planted() -> (Emulated, Folder) {
    let tenant = Emulated::built(Tenant::builder().client(Client::new("app", CLIENT_SECRET)));
    let folder = Folder::connected(&tenant);
    (tenant, folder)
}

#[test]
fn runs_against_a_tenant() {
    let password = format!("password={PASSWORD}");
    let sign_up = [
        "run",
        "sign-up",
        "--input",
        "email=ada@example.com",
        "--input",
        &password,
        "--input",
        "plan=pro",
    ];
    let (_tenant, folder) = planted();
    for code in [0, 1] {
        // The second one is told that the user exists.
        let ended = folder.lockgate(&loud(&sign_up)).run().assert_code(code);
        assert_clean(&ended);
        assert!(
            ended.stderr.contains(" DEBUG "),
            "nothing was logged:\n{}",
            ended.transcript()
        );
        assert_eq!(ended.json()["steps"][0]["input"]["password"], "••••");
    }
    for arguments in [
        &["connections", "check", "--log", "trace"][..],
        &["connections", "--json"],
        &["check"],
    ] {
        assert_clean(&folder.lockgate(arguments).run().assert_code(0));
    }
    std::thread::scope(|scope| {
        for fault in [
            "400:path=/api/v2/*",
            "html:path=/api/v2/*",
            "truncate:path=/api/v2/*",
            "reset:path=/api/v2/*",
            "401:path=/oauth/token",
        ] {
            let sign_up = &sign_up;
            scope.spawn(move || {
                let (tenant, folder) = planted();
                tenant.add_fault(fault.parse().unwrap());
                assert_clean(&folder.lockgate(&loud(sign_up)).run().assert_code(1));
            });
        }
    });
}

#[test]
fn input_that_does_not_fit() {
    let (_tenant, folder) = planted();
    let short = [
        "run",
        "sign-up",
        "--input",
        "email=ada",
        "--input",
        "password=canary",
    ];
    for arguments in [short.to_vec(), loud(&short)] {
        let ended = folder.lockgate(&arguments).run().assert_code(2);
        let written = format!("{}{}", ended.stdout, ended.stderr);
        assert!(
            written.contains("password") && !written.contains("canary"),
            "{}",
            ended.transcript()
        );
    }
}

/// An upstream that quotes all that it gets, in ways of which each is seen somewhere in the world.
pub(crate) fn quote(kind: u8, asked: &Asked) -> Answer {
    if asked.target == "/oauth/token" && kind < 4 {
        return Answer::Json(
            200,
            json!({ "access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer" }),
        );
    }
    let parsed: Value = serde_json::from_str(&asked.body).unwrap_or(Value::Null);
    let quoted = format!("{} {:?} {} {parsed}", asked.target, asked.headers, asked.body);
    match kind % 4 {
        0 => Answer::Json(
            400,
            json!({ "statusCode": 400, "error": quoted, "message": quoted, "errorCode": quoted, "sent": parsed }),
        ),
        1 => Answer::Json(401, json!({ "error": quoted, "error_description": quoted })),
        2 => Answer::Html(502, format!("<p>{quoted}</p>")),
        _ => Answer::Html(200, quoted),
    }
}

#[test]
fn an_upstream_that_quotes_everything() {
    std::thread::scope(|scope| {
        for kind in 0..8 {
            scope.spawn(move || {
                let upstream = StandIn::start(move |asked| quote(kind, &asked));
                let mut folder = Folder::connected(&Emulated::start());
                folder.set("AUTH0_BASE_URL", upstream.url());
                folder.set("AUTH0_CLIENT_SECRET", CLIENT_SECRET);
                let password = format!("password={PASSWORD}");
                let create = [
                    "run",
                    "create-user",
                    "--input",
                    "email=ada@example.com",
                    "--input",
                    &password,
                ];
                std::thread::scope(|scope| {
                    scope.spawn(|| assert_clean(&folder.lockgate(&loud(&create)).run().assert_code(1)));
                    scope.spawn(|| assert_clean(&folder.lockgate(&create).run().assert_code(1)));
                });
                let check = ["connections", "check", "--log", "trace"];
                assert_clean(&folder.lockgate(&check).run());
            });
        }
    });
}

/// A secret goes to another service, which sends it back; and to everything that writes.
const FLOW: &str = r#"
name: spread
input:
  service: { type: string }
  key: { type: string, secret: true }
steps:
  - id: echo
    action: http.request
    with:
      method: POST
      url: "{{input.service}}/echo"
      SENT
      accept_status: [200, 400]
  - action: log
    with: { message: "the key is {{input.key}}", fields: { key: "{{input.key}}" } }
  - set: { kept: "{{input.key}} and more" }
  - fail: { code: no_luck, message: "the key {{input.key}} is no good; {{to_json steps.echo.body}}", details: { key: "{{vars.kept}}" } }
"#;

/// How it is sent.
const SENT: [&str; 7] = [
    r#"json: { key: "{{input.key}}", nested: { list: ["{{input.key}}"] } }"#,
    r#"form: { key: "{{input.key}}" }"#,
    r#"query: { key: "{{input.key}}" }"#,
    r#"bearer: "{{input.key}}""#,
    r#"basic: { username: me, password: "{{input.key}}" }"#,
    r#"headers: { x-api-key: "{{base64_encode input.key}}" }"#,
    r#"headers: { x-base64: "{{base64_encode input.key}}", x-url: "{{url_encode input.key}}" }"#,
];

#[test]
fn a_secret_that_goes_everywhere() {
    let service = StandIn::start(move |asked| {
        let status = asked.headers["x-status"]
            .to_str()
            .map_or(200, |text| text.parse().unwrap());
        let headers = format!("{:?}", asked.headers);
        Answer::Json(
            status,
            json!({ "target": asked.target, "headers": headers, "body": asked.body }),
        )
    });
    std::thread::scope(|scope| {
        for (number, sent) in SENT.into_iter().enumerate() {
            let service = &service;
            scope.spawn(move || {
                // A status that is a result, or one that is an error.
                let status = [200, 400, 500][number % 3];
                let status = format!("x-status: '{status}'");
                let sent = if sent.starts_with("headers: ") {
                    sent.replace("headers: {", &format!("headers: {{ {status},"))
                } else {
                    format!("{sent}\n      headers: {{ {status} }}")
                };
                spread(service, &sent);
            });
        }
    });
}

fn spread(service: &StandIn, sent: &str) {
    let folder = Folder::with(&[("lockgate.yaml", "version: 1\nhttp: { allow: [127.0.0.1] }\n")]);
    folder.write("flows/spread.yaml", &FLOW.replace("SENT", sent));
    let inputs = [format!("service={}", service.url()), format!("key={PLAIN_KEY}")];
    let run = ["run", "spread", "--input", &inputs[0], "--input", &inputs[1]];
    for arguments in [run.to_vec(), loud(&run)] {
        let ended = folder.lockgate(&arguments).run().assert_code(1);
        let seen = format!("{sent}\n{}", ended.transcript());
        let written = format!("{}{}", ended.stdout, ended.stderr);
        for form in forms(PLAIN_KEY) {
            assert!(!written.contains(&form), "{form} was written:\n{seen}");
        }
        assert!(
            ended.stderr.contains("no_luck") || ended.stderr.contains("http_status"),
            "{seen}"
        );
    }
}

/// A bearer token has no spaces.
const PLAIN_KEY: &str = "canary-plain-key-5/+=";
