//! Connectors of a workspace, and connections of other types than `auth0`, with the real binary.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

#[cfg(unix)]
use crate::emulated::until;
use crate::folder::Folder;
#[cfg(unix)]
use crate::served::Served;
use crate::stand_in::{Answer, StandIn};

const CONNECTOR: &str = r#"connector: acme
summary: Contacts of Acme
connection:
  api_key: { type: string, secret: true }
base_url: https://api.acme.example/v2
auth: { bearer: "{{connection.api_key}}" }
error_message: response.body.message
errors:
  - { code: contact_exists, on: 409, status: 409, summary: "the address has a contact" }
operations:
  create_contact:
    summary: Creates a contact
    effect: once
    input:
      email: { type: string, format: email }
    request:
      method: POST
      path: /contacts
      json: { email: "{{input.email}}" }
      idempotency_key: Idempotency-Key
    output: { type: object, required: [id], properties: { id: { type: string } } }
"#;

const WORKSPACE: &str = "version: 1\nhttp: { allow: [127.0.0.1] }\nconnections:\n  crm: { type: acme, api_key: '${ACME_KEY}', base_url: '${ACME_URL}' }\n";

const FLOW: &str = "trigger: { http: POST /sign-up }
input: { email: { type: string } }
steps:
  - id: contact
    action: acme.create_contact
    with: { email: '{{input.email}}' }
    on_error:
      contact_exists:
        - respond: { status: 200, body: { known: true } }
        - return: known
  - return: { contact: '{{steps.contact.id}}' }
";

fn workspace() -> Folder {
    Folder::with(&[
        ("lockgate.yaml", WORKSPACE),
        ("connectors/acme.yaml", CONNECTOR),
        ("flows/sign-up.yaml", FLOW),
    ])
}

/// Knows one contact; keeps who asked.
fn acme() -> (StandIn, Arc<Mutex<Vec<Value>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&asked);
    let stand_in = StandIn::start(move |request| {
        let header = |name: &str| {
            let value = request.headers.get(name).map(|value| value.to_str().unwrap());
            value.unwrap_or_default().to_owned()
        };
        let body: Value = serde_json::from_str(&request.body).unwrap();
        kept.lock().unwrap().push(json!({
            "target": format!("{} {}", request.method, request.target), "body": body,
            "authorization": header("authorization"), "key": header("idempotency-key").len(),
        }));
        if body["email"] == "taken@example.com" {
            Answer::Json(409, json!({ "message": "canary-key: taken" }))
        } else {
            Answer::Json(201, json!({ "id": "c_1" }))
        }
    });
    (stand_in, asked)
}

const ADA: [&str; 4] = ["run", "sign-up", "--input", "email=ada@example.com"];

#[test]
fn a_connector_of_the_workspace_is_called() {
    let (acme, asked) = acme();
    let mut folder = workspace();
    folder.set("ACME_KEY", "canary-key");
    folder.set("ACME_URL", &format!("{}/v2", acme.url()));
    folder.lockgate(&["check"]).run().assert_code(0);
    let ran = folder
        .lockgate(&[&ADA[..], &["--json"]].concat())
        .run()
        .assert_code(0);
    assert_eq!(ran.json()["output"], json!({ "contact": "c_1" }));
    assert_eq!(
        asked.lock().unwrap().as_slice(),
        [json!({
            "target": "POST /v2/contacts", "body": { "email": "ada@example.com" },
            "authorization": "Bearer canary-key", "key": 32,
        })]
    );
    let taken = ["run", "sign-up", "--input", "email=taken@example.com", "--trace"];
    let ran = folder.lockgate(&taken).run().assert_code(0);
    assert!(!ran.transcript().contains("canary"), "{}", ran.transcript());
    assert!(
        ran.transcript().contains("contact_exists"),
        "{}",
        ran.transcript()
    );

    // What it declares is known to every command.
    let page = folder
        .lockgate(&["actions", "acme.create_contact"])
        .run()
        .assert_code(0);
    assert!(page.stdout.contains("contact_exists"), "{}", page.stdout);
    let schema = folder.lockgate(&["schema", "workspace"]).run().assert_code(0);
    assert!(
        schema.stdout.contains("\"acme\""),
        "the schema for editors knows its type"
    );
    let checked = folder
        .lockgate(&["connections", "check", "--json"])
        .run()
        .assert_code(0);
    assert_eq!(
        checked.json(),
        json!([{ "name": "crm", "status": "usable", "type": "acme", "error": null }])
    );
    let elsewhere = Folder::empty();
    elsewhere
        .lockgate(&["actions", "acme.create_contact"])
        .run()
        .assert_code(2);
}

#[test]
fn its_mistakes_are_findings() {
    let mut folder = workspace();
    folder.set("ACME_KEY", "canary-key");
    folder.set("ACME_URL", "http://127.0.0.1:9");
    folder.edit("connectors/acme.yaml", "{{input.email}}", "{{input.mail}}");
    let checked = folder
        .lockgate(&["check", "--format", "json"])
        .run()
        .assert_code(2);
    let findings = checked.json();
    let [finding] = findings.as_array().unwrap().as_slice() else {
        panic!("{findings}");
    };
    let place = |name: &str| finding[name].clone();
    assert_eq!(
        (place("file"), place("line"), place("code"), place("help")),
        (
            json!("connectors/acme.yaml"),
            json!(19),
            json!("LG0304"),
            json!("did you mean `email`?")
        )
    );
    // Asked for alone it is no flow.
    let alone = ["check", "connectors/acme.yaml", "--format", "json"];
    assert_eq!(folder.lockgate(&alone).run().assert_code(2).json(), findings);
    // Nothing runs with it.
    let ran = folder.lockgate(&ADA).run().assert_code(2);
    assert!(ran.stderr.contains("connectors/acme.yaml"), "{}", ran.stderr);
}

/// What a step fails with that uses a connection that is left out.
const LEFT_OUT: &str = "the connection `crm` is left out, since `ACME_KEY`, `ACME_URL` are not set: a step that uses it fails \
                        (`lockgate test` runs the flow without it, with a `mock`)";

#[test]
fn without_its_variables_a_connection_is_left_out_where_auth0_is_emulated() {
    let folder = workspace();
    let ran = folder.lockgate(&ADA).run().assert_code(2);
    assert!(ran.stderr.contains("LG0704"), "{}", ran.stderr);
    let help = "`lockgate test` runs the flow without it, with a `mock`";
    assert!(ran.stderr.contains(help), "{}", ran.stderr);

    let ran = folder
        .lockgate(&[&ADA[..], &["--emulated", "--json"]].concat())
        .run()
        .assert_code(1);
    assert!(ran.stderr.contains(LEFT_OUT), "{}", ran.stderr);
    assert_eq!(ran.json()["error"]["message"], LEFT_OUT);
    let checked = folder
        .lockgate(&["connections", "check", "--emulated", "--json"])
        .run()
        .assert_code(0);
    assert_eq!(checked.json()[0]["status"], "left_out");
}

#[cfg(unix)]
#[test]
fn dev_leaves_it_out_until_its_variables_are_set_and_reads_connectors_again() {
    let (acme, asked) = acme();
    let folder = workspace();
    let served = Served::start(&folder, &["dev", "--log", "off"]);
    served.until_said("waiting for changes");
    assert!(served.said().contains("crm  LEFT OUT"), "{}", served.said());
    let body = json!({ "email": "ada@example.com" }).to_string();
    let sign_up = || served.ask("POST", "/sign-up", &body);
    let answer = sign_up();
    assert_eq!(answer.status, 500);
    assert_eq!(answer.json()["message"], LEFT_OUT);

    folder.write(
        ".env",
        &format!("ACME_KEY=canary-key\nACME_URL={}/v2\n", acme.url()),
    );
    served.until_said("REAL acme");
    until("the provider is called", || sign_up().status == 200);
    assert_eq!(
        asked.lock().unwrap().last().unwrap()["target"],
        "POST /v2/contacts"
    );

    folder.edit("connectors/acme.yaml", "path: /contacts", "path: /people");
    until("the connector is read again", || {
        sign_up();
        asked.lock().unwrap().last().unwrap()["target"] == "POST /v2/people"
    });
    // One with a mistake takes the flows that use it with it, and says why.
    folder.edit("connectors/acme.yaml", "method: POST", "method: SEND");
    until("the flow answers 503", || sign_up().status == 503);
    assert!(sign_up().body.contains("`SEND` is no method"), "{:?}", sign_up());
    folder.edit("connectors/acme.yaml", "method: SEND", "method: PUT");
    until("it is served again", || {
        sign_up().status == 200 && asked.lock().unwrap().last().unwrap()["target"] == "PUT /v2/people"
    });
    let ended = served.end("INT").assert_code(0);
    assert!(!ended.transcript().contains("canary"), "{}", ended.transcript());
}
