//! `lockgate dev`: what it shows, an emulated tenant for what has no credentials, and reload on save.
#![cfg(unix)]

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use serde_json::json;

use crate::emulated::{Emulated, until};
use crate::folder::Folder;
use crate::served::{Served, ask};
use crate::terminal::snapshot;

const EMPTY: &str = "version: 1\n";

fn versioned(version: u32) -> String {
    format!("trigger: {{ http: GET /version }}\nsteps:\n  - return: {{ version: {version} }}\n")
}

/// Quiet but for what it shows itself.
fn start(folder: &Folder) -> Served {
    Served::start(folder, &["dev", "--log", "off"])
}

/// Runs a line as a shell does, with `curl` in it made quiet. What it wrote, and the status in the end.
fn pasted(line: &str) -> (String, u16) {
    let line = line.replacen("curl ", "curl -sS -w '\\n%{http_code}' ", 1);
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{line}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let (body, status) = text.rsplit_once('\n').unwrap();
    (body.to_owned(), status.parse().unwrap())
}

/// The lines that can be pasted.
fn curl_lines(said: &str) -> Vec<String> {
    let lines = said.lines().map(str::trim_start);
    let lines = lines.filter(|line| line.starts_with("curl ") || line.starts_with("t=$(date"));
    lines.map(str::to_owned).collect()
}

fn has(program: &str) -> bool {
    Command::new(program).arg("--help").output().is_ok()
}

#[test]
fn without_credentials_a_tenant_is_emulated_and_its_users_outlive_a_reload() {
    let folder = Folder::shipped();
    let served = start(&folder);
    served.until_said("waiting for changes");
    let body = json!({ "email": "ada@example.com", "password": "correct horse 9" }).to_string();
    assert_eq!(served.ask("POST", "/sign-up", &body).status, 201);
    folder.edit(
        "flows/sign-up.yaml",
        "status: 409, message: ",
        "status: 410, message: ",
    );
    until("the change is served, and the user is still there", || {
        served.ask("POST", "/sign-up", &body).status == 410
    });
    served.until_said("changed");
    served.end("INT").assert_code(0).snapshot("dev-emulated");
}

#[test]
fn a_connection_that_has_its_variables_is_never_emulated() {
    let tenant = Emulated::start();
    let mut folder = Folder::connected(&tenant);
    let served = start(&folder);
    served.until_said("waiting for changes");
    let said = served.said();
    assert!(
        said.contains("REAL tenant at http://127.0.0.1") && !said.contains("EMULATED"),
        "{said}"
    );
    let body = json!({ "email": "ada@example.com", "password": "correct horse 9" }).to_string();
    assert_eq!(served.ask("POST", "/sign-up", &body).status, 201);
    assert_eq!(tenant.emails(), ["ada@example.com"]);
    served.end("TERM").assert_code(0);

    // A setting that cannot be used does not make it emulated either.
    folder.set("AUTH0_BASE_URL", "http://example.com");
    let served = start(&folder);
    served.until_said("waiting for changes");
    assert!(!served.said().contains("EMULATED"), "{}", served.said());
    let answer = served.ask("POST", "/sign-up", &body);
    assert_eq!(answer.status, 503, "{answer:?}");
    served.end("TERM").assert_code(0).snapshot("dev-unusable");
}

#[test]
fn credentials_that_come_by_a_save_are_used_from_then_on() {
    let tenant = Emulated::start();
    let folder = Folder::connected(&tenant);
    let bare = Folder::with(&[(
        "lockgate.yaml",
        &fs::read_to_string(folder.path().join("lockgate.yaml")).unwrap(),
    )]);
    bare.write(
        "flows/sign-up.yaml",
        &fs::read_to_string(folder.path().join("flows/sign-up.yaml")).unwrap(),
    );
    let served = start(&bare);
    served.until_said("EMULATED");
    let env = format!(
        "AUTH0_BASE_URL={}\nAUTH0_CLIENT_ID={}\nAUTH0_CLIENT_SECRET={}\n",
        tenant.url(),
        tenant.client_id(),
        tenant.client_secret()
    );
    bare.write(".env", &env);
    served.until_said("REAL");
    let body = json!({ "email": "ada@example.com", "password": "correct horse 9" }).to_string();
    assert_eq!(served.ask("POST", "/sign-up", &body).status, 201);
    assert_eq!(tenant.emails(), ["ada@example.com"]);
}

#[test]
fn a_save_by_another_name_is_a_save() {
    let folder = Folder::with(&[("lockgate.yaml", EMPTY), ("flows/version.yaml", &versioned(1))]);
    let served = start(&folder);
    assert_eq!(served.get("/version").json()["version"], 1);
    let (new, flow) = (
        folder.path().join("flows/.version.yaml.new"),
        folder.path().join("flows/version.yaml"),
    );
    fs::write(&new, versioned(2)).unwrap();
    fs::rename(&new, &flow).unwrap();
    until("the saved version answers", || {
        served.get("/version").json()["version"] == 2
    });
    // In a folder that was not there; and as git does it, which puts other folders in the place of the old ones.
    folder.write(
        "flows/more/other.yaml",
        "trigger: { http: GET /other }\nsteps:\n  - return: 1\n",
    );
    until("a new flow answers", || served.get("/other").status == 200);
    fs::rename(folder.path().join("flows"), folder.path().join("old")).unwrap();
    until("the flows are gone", || served.get("/version").status == 404);
    folder.write("flows/version.yaml", &versioned(3));
    until("they are back", || {
        let answer = served.get("/version");
        answer.status == 200 && answer.json()["version"] == 3
    });
    folder.write("flows/version.yaml", &versioned(4));
    until("and still watched", || {
        served.get("/version").json()["version"] == 4
    });
}

#[test]
fn a_broken_flow_answers_503_until_it_is_fixed() {
    let wrong = "trigger: { http: GET /wrong }\nsteps:\n  - return: '{{steps.nobody.id}}'\n";
    let folder = Folder::with(&[
        ("lockgate.yaml", EMPTY),
        ("flows/version.yaml", &versioned(1)),
        ("flows/wrong.yaml", wrong),
        (
            "flows/calls.yaml",
            "trigger: { http: GET /calls }\nsteps:\n  - call: wrong\n",
        ),
    ]);
    let served = start(&folder);
    served.until_said("waiting for changes");
    assert_eq!(served.get("/version").status, 200);
    for path in ["/wrong", "/calls"] {
        let answer = served.get(path);
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(
            answer.body.contains("there is no step with the id `nobody`"),
            "{answer:?}"
        );
    }
    // Not even YAML any more: its route is remembered.
    folder.write("flows/version.yaml", "trigger: { http: [");
    until("it answers 503", || served.get("/version").status == 503);
    folder.write("flows/wrong.yaml", &wrong.replace("{{steps.nobody.id}}", "fine"));
    until("it answers", || served.get("/wrong").status == 200);
    assert_eq!(served.get("/calls").status, 204);
    folder.write("flows/version.yaml", &versioned(2));
    until("it answers", || served.get("/version").status == 200);
    fs::remove_file(folder.path().join("flows/calls.yaml")).unwrap();
    until("it is gone", || served.get("/calls").status == 404);
    served.until_said("is gone");
    served.end("TERM").assert_code(0).snapshot("dev-broken");
}

#[test]
fn a_workspace_that_cannot_be_read_changes_nothing() {
    let folder = Folder::with(&[("lockgate.yaml", EMPTY), ("flows/version.yaml", &versioned(1))]);
    let served = start(&folder);
    folder.write(".env", "canary\n");
    served.until_said("still served");
    assert!(!served.said().contains("canary"), "{}", served.said());
    assert_eq!(served.get("/version").status, 200);
    // A mistake in the workspace file is one of every flow.
    fs::remove_file(folder.path().join(".env")).unwrap();
    folder.write("lockgate.yaml", "version: 1\nconections: {}\n");
    until("it answers 503", || served.get("/version").status == 503);
    folder.write("lockgate.yaml", EMPTY);
    until("it answers", || served.get("/version").status == 200);
}

#[test]
fn the_lines_that_it_prints_can_be_pasted() {
    if !has("curl") || !has("openssl") {
        return;
    }
    let route = |http: &str, input: &str| {
        format!(
            "trigger: {{ http: {http} }}\ninput: {{ {input} }}\nsteps:\n  - return: {{ got: '{{{{input}}}}' }}\n"
        )
    };
    let folder = Folder::with(&[
        (
            "lockgate.yaml",
            "version: 1\nconnections:\n  token: { type: bearer, token: '${TOKEN}' }\n  user: { type: basic, username: ada, password: \
             '${PASSWORD}' }\n  signed: { type: hmac, secret: '${SECRET}' }\n",
        ),
        (
            "flows/get.yaml",
            &route(
                "GET /a",
                "q: { const: \"it's & so [1]\" }, age: { type: integer, minimum: 18 }",
            ),
        ),
        (
            "flows/post.yaml",
            &route(
                "POST /a",
                "said: { const: \"it's \\\"so\\\" $HOME `x` \\\\\" }, n: { type: 'null' }",
            ),
        ),
        (
            "flows/path.yaml",
            &route(
                "'PUT /users/:user_id/x'",
                "user_id: { type: string, pattern: '^[^|]+\\|.+$' }, on: { type: boolean }",
            ),
        ),
        ("flows/empty.yaml", &route("POST /empty", "")),
        (
            "flows/delete.yaml",
            &route(
                "'DELETE /a'",
                "sku: { type: string, pattern: '^[A-Z]{3}-[0-9]{4}$' }",
            ),
        ),
        (
            "flows/bearer.yaml",
            &route(
                "{ method: GET, path: /bearer, auth: bearer }",
                "born: { type: string, format: date }",
            ),
        ),
        (
            "flows/basic.yaml",
            &route(
                "{ method: PATCH, path: /basic, auth: basic }",
                "list: { type: array, minItems: 2, items: { type: number } }",
            ),
        ),
        (
            "flows/signed.yaml",
            &route(
                "{ method: POST, path: /signed, auth: hmac }",
                "said: { const: \"it's\" }",
            ),
        ),
        (
            "flows/signed-get.yaml",
            &route(
                "{ method: GET, path: /signed, auth: hmac }",
                "q: { const: 'a b' }",
            ),
        ),
    ]);
    let served = start(&folder);
    served.until_said("waiting for changes");
    let lines = curl_lines(&served.said());
    assert_eq!(lines.len(), 9, "{}", served.said());
    let mut text = String::new();
    for line in lines {
        let (body, status) = pasted(&line);
        assert_eq!(status, 200, "{line}\n{body}");
        let _ = writeln!(text, "{line}\n→ {body}");
    }
    let secret = regex::Regex::new(r"\b[0-9a-f]{32}\b").unwrap();
    snapshot("dev-curl", &secret.replace_all(&text, "[secret]"));
    // What is asked for is checked.
    assert_eq!(
        ask(served.address(), "GET", "/bearer?born=1990-12-10", "")
            .unwrap()
            .status,
        401
    );
}

#[test]
fn a_secret_that_callers_know_is_not_shown() {
    let mut folder = Folder::with(&[
        (
            "lockgate.yaml",
            "version: 1\nconnections:\n  token: { type: bearer, token: '${TOKEN}' }\n",
        ),
        (
            "flows/a.yaml",
            "trigger: { http: { method: GET, path: /a, auth: bearer } }\nsteps:\n  - return: 1\n",
        ),
    ]);
    folder.set("TOKEN", "canary-canary-canary");
    let served = start(&folder);
    served.until_said("waiting for changes");
    assert!(
        served.said().contains("\"authorization: Bearer ${TOKEN}\""),
        "{}",
        served.said()
    );
    assert!(!served.end("TERM").assert_code(0).stderr.contains("canary"));
}

#[test]
fn what_it_cannot_do_is_told() {
    let ended = Folder::empty()
        .lockgate(&["dev", "--port", "0", "--admin-port", "0"])
        .run();
    let ended = ended.assert_code(2);
    assert!(
        ended.stderr.contains("there is no lockgate.yaml"),
        "{}",
        ended.stderr
    );
}
