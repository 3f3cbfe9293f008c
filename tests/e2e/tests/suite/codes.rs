//! One-time codes through the real binary: what runs share outlives the process where there is a store, and a reload where there is
//! none. The flows are those of `docs/codes.md`.
#![cfg(unix)]

use serde_json::json;

use crate::emulated::until;
use crate::folder::{Folder, read};
use crate::served::{Answer, Served};

const EMPTY: &str = "version: 1\n";

/// The two flows of the page; the first answers with the code, which no flow should do.
fn folder() -> Folder {
    let page = read("docs/codes.md");
    let flows: Vec<&str> = page
        .split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    let [send, check] = flows[..] else {
        panic!("{} flows", flows.len());
    };
    let answer = "respond: { status: 202 }";
    assert!(send.contains(answer), "{send}");
    let folder = Folder::with(&[
        ("lockgate.yaml", EMPTY),
        ("flows/send-code.yaml", send),
        ("flows/check-code.yaml", check),
    ]);
    folder.lockgate(&["check"]).run().assert_code(0);
    folder.edit(
        "flows/send-code.yaml",
        answer,
        "respond: { status: 202, body: '{{steps.code.code}}' }",
    );
    folder
}

fn send(served: &Served, email: &str) -> Answer {
    served.ask("POST", "/codes", &json!({ "email": email }).to_string())
}

#[track_caller]
fn sent(served: &Served, email: &str) -> String {
    let answer = send(served, email);
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.json().as_str().unwrap().to_owned()
}

fn check(served: &Served, email: &str, code: &str) -> u16 {
    let body = json!({ "email": email, "code": code }).to_string();
    served.ask("POST", "/codes/check", &body).status
}

/// Another code of the same length.
fn other(code: &str) -> String {
    let last = if code.ends_with('1') { '2' } else { '1' };
    format!("{}{last}", &code[..code.len() - 1])
}

#[test]
fn guesses_and_used_codes_outlive_the_process() {
    let folder = folder();
    let served = Served::start(&folder, &["serve"]);
    let (adas, bobs) = (sent(&served, "ada@example.com"), sent(&served, "bob@example.com"));
    let carols = sent(&served, "carol@example.com");
    for _ in 0..3 {
        assert_eq!(check(&served, "Ada@Example.com", &other(&adas)), 401);
    }
    assert_eq!(check(&served, "bob@example.com", &bobs), 200);
    served.signal("KILL");
    assert_eq!(served.ended().code, None);

    let served = Served::start(&folder, &["serve"]);
    assert_eq!(
        check(&served, "bob@example.com", &bobs),
        401,
        "it was used before the crash"
    );
    for _ in 0..2 {
        assert_eq!(check(&served, "ada@example.com", &other(&adas)), 401);
    }
    assert_eq!(check(&served, "ada@example.com", &adas), 401, "no guess is left");
    let refused = send(&served, "ada@example.com");
    assert_eq!(refused.status, 429, "{refused:?}");
    assert_eq!(refused.json()["code"], "too_many_attempts");
    assert_eq!(check(&served, "carol@example.com", &carols), 200);
    served.end("TERM").assert_code(0);
}

#[test]
fn codes_in_memory_outlive_a_reload_and_no_more() {
    let folder = folder();
    for flow in ["flows/send-code.yaml", "flows/check-code.yaml"] {
        folder.edit(flow, "trigger:", "durable: false\ntrigger:");
    }
    let served = Served::start(&folder, &["serve"]);
    assert!(!folder.path().join(".lockgate").exists(), "nothing is kept");
    let code = sent(&served, "ada@example.com");
    folder.write(
        "flows/version.yaml",
        "trigger: { http: GET /version }\ndurable: false\nsteps: [{ return: 2 }]\n",
    );
    served.signal("HUP");
    until("the new version answers", || served.get("/version").status == 200);
    assert_eq!(check(&served, "ada@example.com", &code), 200);
    let code = sent(&served, "ada@example.com");
    served.end("TERM").assert_code(0);
    let served = Served::start(&folder, &["serve"]);
    assert_eq!(check(&served, "ada@example.com", &code), 401);
    served.end("TERM").assert_code(0);
}

/// One process after the other, on the store of the workspace.
#[test]
fn runs_on_the_terminal_share_their_codes() {
    let folder = folder();
    let sent = folder
        .lockgate(&["run", "send-code", "--input", "email=ada@example.com", "--json"])
        .run()
        .assert_code(0);
    let body = &sent.json()["response"]["body"];
    let code = body
        .as_str()
        .unwrap_or_else(|| panic!("{}", sent.transcript()))
        .to_owned();
    let check = |code: &str| {
        let code = format!("code={code}");
        let arguments = [
            "run",
            "check-code",
            "--input",
            "email=ada@example.com",
            "--input",
            &code,
        ];
        folder.lockgate(&arguments).run()
    };
    check(&other(&code)).assert_code(1);
    check(&code).assert_code(0);
    check(&code).assert_code(1);
}
