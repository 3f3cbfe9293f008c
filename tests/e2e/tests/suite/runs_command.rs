//! `lockgate runs`: looking at runs that were kept, and dealing with them, beside a server and without one.
#![cfg(unix)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::emulated::{Emulated, until};
use crate::folder::Folder;
use crate::served::{Served, send};
use crate::stand_in::{Answer, StandIn};
use crate::terminal::Ended;

const WORKSPACE: &str = "version: 1\nhttp: { allow: [127.0.0.1] }\n";

/// Greets, or fails by what it was asked for.
const GREET: &str = "\
trigger: { http: POST /greet }
input:
  name: { type: string }
  code: { type: string, secret: true, default: none }
steps:
  - if: eq input.name \"nobody\"
    then:
      - fail: { code: nobody, status: 404, message: 'There is nobody.' }
  - id: pause
    wait: 1ms
  - return: { greeting: 'Hello, {{input.name}}' }
";

/// Sleeps for an hour.
const SLEEP: &str = "trigger: { http: POST /sleep }\nsteps:\n  - id: nap\n    wait: 1h\n  - return: awake\n";

/// A service that answers with an error so many times, and counts.
fn failing(times: usize) -> (StandIn, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let service = StandIn::start(move |_| {
        let nth = count.fetch_add(1, Ordering::SeqCst);
        let status = if nth < times { 409 } else { 200 };
        Answer::Json(status, json!({ "nth": nth + 1 }))
    });
    (service, asked)
}

/// Calls a service once, and gives what it answered.
fn calling(service: &StandIn, more: &str) -> String {
    format!(
        "trigger: {{ http: POST /call }}\nsteps:\n  - id: first\n    action: log\n    with: {{ message: hello }}\n  - id: \
         asked\n    action: http.request\n    with: {{ method: POST, url: '{}/', json: {{ a: 1 }} }}\n{more}  - return: \
         '{{{{steps.asked.body}}}}'\n",
        service.url()
    )
}

fn runs(folder: &Folder, arguments: &[&str]) -> Ended {
    folder.lockgate(&[&["runs"], arguments].concat()).run()
}

/// Compares with a snapshot what has columns: how wide they are depends on how long something took.
#[track_caller]
fn snapshot(ended: &Ended, folder: &Folder, name: &str) {
    let text = ended
        .transcript()
        .replace(folder.path().to_str().unwrap(), "[folder]");
    let text = regex::Regex::new(" {2,}")
        .unwrap()
        .replace_all(&text, "  ")
        .into_owned();
    crate::terminal::snapshot(name, &text);
}

fn list(folder: &Folder) -> Vec<Value> {
    let list = runs(folder, &["list", "--json"]).assert_code(0).json();
    list["runs"].as_array().unwrap().clone()
}

#[test]
fn where_there_is_no_store_that_is_told() {
    let folder = Folder::with(&[("lockgate.yaml", WORKSPACE)]);
    runs(&folder, &[]).assert_code(2).snapshot("runs-no-store");
    let nowhere = Folder::empty();
    runs(&nowhere, &["list"])
        .assert_code(2)
        .snapshot("runs-no-workspace");
    runs(&nowhere, &["list", "--store", "runs.db"])
        .assert_code(2)
        .snapshot("runs-no-store-typed");
}

#[test]
fn runs_are_looked_at_beside_a_server() {
    let folder = Folder::with(&[("lockgate.yaml", WORKSPACE), ("flows/greet.yaml", GREET)]);
    let served = Served::start(&folder, &["serve", "--log", "off"]);
    for name in ["Ada", "nobody"] {
        let body = json!({ "name": name, "code": "canary-canary" }).to_string();
        served.ask("POST", "/greet", &body);
    }
    let ended = runs(&folder, &["list"]).assert_code(0);
    snapshot(&ended, &folder, "runs-list");
    let ended = runs(&folder, &["show", "last"]).assert_code(0);
    snapshot(&ended, &folder, "runs-show-failed");
    let both = list(&folder);
    assert_eq!(
        (&both[0]["status"], &both[1]["status"]),
        (&json!("failed"), &json!("succeeded"))
    );
    let first = both[1]["id"].as_str().unwrap();
    let ended = runs(&folder, &["show", first]).assert_code(0);
    snapshot(&ended, &folder, "runs-show");
    let shown = runs(&folder, &["show", first, "--json"]).assert_code(0).json();
    assert_eq!(shown["output"], json!({ "greeting": "Hello, Ada" }));
    let exported = runs(&folder, &["export", first]).assert_code(0).json();
    assert_eq!(exported["run"]["id"], first);
    assert!(
        exported["definition"]["content"]["files"]["greet"]["text"]
            .as_str()
            .unwrap()
            .contains("nobody"),
        "{exported}"
    );
    assert!(!exported.to_string().contains("canary"), "{exported}");
    let failed = runs(&folder, &["list", "--status", "failed,in_doubt", "--json"]).json();
    assert_eq!(failed["runs"].as_array().unwrap().len(), 1);
    for (arguments, count) in [
        (["--flow", "greet"], 2),
        (["--flow", "nobody"], 0),
        (["--text", "ada"], 1),
        (["--since", "1h"], 2),
        (["--until", "1h"], 0),
        (["--limit", "1"], 1),
    ] {
        let page = runs(&folder, &[&["list", "--json"], &arguments[..]].concat()).json();
        assert_eq!(page["runs"].as_array().unwrap().len(), count, "{arguments:?}");
    }
    // One that has ended is followed to its end at once.
    let ended = runs(&folder, &["follow", first]).assert_code(0);
    snapshot(&ended, &folder, "runs-follow");
    runs(&folder, &["follow", "last"]).assert_code(1);
    served.end("TERM").assert_code(0);
    // And without a server.
    assert_eq!(list(&folder).len(), 2);
}

#[test]
fn which_run_is_meant_is_told() {
    let folder = Folder::with(&[("lockgate.yaml", WORKSPACE), ("flows/greet.yaml", GREET)]);
    for name in ["Ada", "Grace"] {
        folder
            .lockgate(&["run", "greet", "--input", &format!("name={name}")])
            .run()
            .assert_code(0);
    }
    let id = list(&folder)[0]["id"].as_str().unwrap().to_owned();
    let mut text = String::new();
    for typed in ["xyz", "ffffffff", &id[..5], "01"] {
        let ended = runs(&folder, &["show", typed]).assert_code(2);
        text += &ended.stderr.replace(&format!("`{}`", &id[..5]), "`[prefix]`");
    }
    crate::terminal::snapshot("runs-which", &text);
    // As much as no other has; capitals and missing hyphens are no matter.
    for typed in [&id[..], &id.to_uppercase(), &id.replace('-', "")] {
        runs(&folder, &["show", typed]).assert_code(0);
    }
}

#[test]
fn a_second_server_on_a_store_is_refused() {
    let folder = Folder::with(&[("lockgate.yaml", WORKSPACE), ("flows/greet.yaml", GREET)]);
    let served = Served::start(&folder, &["serve", "--log", "off"]);
    folder
        .lockgate(&["serve", "--port", "0", "--admin-port", "0"])
        .run()
        .assert_code(2)
        .snapshot("serve-store-in-use");
    // A run from the command line does without.
    folder
        .lockgate(&["run", "greet", "--input", "name=Ada"])
        .run()
        .assert_code(0)
        .snapshot("run-store-in-use");
    assert_eq!(list(&folder), Vec::<Value>::new());
    served.end("TERM").assert_code(0);
}

#[test]
fn a_store_that_cannot_be_used_is_told() {
    let folder = Folder::with(&[("lockgate.yaml", WORKSPACE), ("flows/greet.yaml", GREET)]);
    folder.write(
        ".lockgate/runs.db",
        "this is no database, and never was one: it is a text",
    );
    let serve = ["serve", "--port", "0", "--admin-port", "0"];
    folder
        .lockgate(&serve)
        .run()
        .assert_code(2)
        .snapshot("serve-store-broken");
    folder
        .lockgate(&["run", "greet", "--input", "name=Ada"])
        .run()
        .assert_code(2)
        .snapshot("run-store-broken");
    folder
        .lockgate(&["run", "greet", "--input", "name=Ada", "--no-keep"])
        .run()
        .assert_code(0);
    runs(&folder, &["list"])
        .assert_code(2)
        .snapshot("runs-store-broken");
    // Nothing of it was changed.
    let path = folder.path().join(".lockgate/runs.db");
    assert!(std::fs::read_to_string(path).unwrap().starts_with("this is no"));
}

#[test]
fn a_run_asleep_outlives_its_server_and_is_cancelled() {
    let folder = Folder::with(&[("lockgate.yaml", WORKSPACE), ("flows/sleep.yaml", SLEEP)]);
    let served = Served::start(&folder, &["serve", "--log", "off"]);
    for _ in 0..2 {
        let request = format!(
            "POST /sleep HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nprefer: respond-async\r\ncontent-length: 0\r\n\r\n",
            served.address()
        );
        let answer = send(served.address(), &request).unwrap();
        assert_eq!(answer.status, 202, "{answer:?}");
    }
    until("both are asleep", || {
        let list = list(&folder);
        list.len() == 2 && list.iter().all(|run| run["status"] == "sleeping")
    });
    let ended = runs(&folder, &["list"]).assert_code(0);
    snapshot(&ended, &folder, "runs-sleeping");
    let id = list(&folder)[1]["id"].as_str().unwrap().to_owned();
    // The server is asked.
    runs(&folder, &["cancel", &id])
        .assert_code(0)
        .snapshot("runs-cancel");
    runs(&folder, &["cancel", &id])
        .assert_code(2)
        .snapshot("runs-cancel-ended");
    served.end("TERM").assert_code(0).snapshot("serve-left-sleeping");
    // Nobody is there to ask.
    runs(&folder, &["resume", "last"])
        .assert_code(2)
        .snapshot("runs-resume-sleeping");
    runs(&folder, &["cancel", "last"]).assert_code(0);
    let list = list(&folder);
    assert!(list.iter().all(|run| run["status"] == "cancelled"), "{list:?}");
}

#[test]
fn what_a_stop_cuts_off_goes_on_at_the_next_start() {
    // It does not answer before the server is gone.
    let (asked, is_gone) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (count, may_answer) = (Arc::clone(&asked), Arc::clone(&is_gone));
    let service = StandIn::start(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        until("the server is gone", || may_answer.load(Ordering::SeqCst));
        Answer::Json(200, json!({}))
    });
    let flow = format!(
        "trigger: {{ http: GET /slow }}\nsteps:\n  - id: asked\n    action: http.request\n    with: {{ url: '{}/' }}\n",
        service.url()
    );
    let folder = Folder::with(&[("lockgate.yaml", WORKSPACE), ("flows/slow.yaml", &flow)]);
    let arguments = ["serve", "--log", "off", "--shutdown-timeout", "1ms"];
    let served = Served::start(&folder, &arguments);
    let address = served.address().to_owned();
    let slow = std::thread::spawn(move || crate::served::ask(&address, "GET", "/slow", ""));
    until("the service is asked", || asked.load(Ordering::SeqCst) == 1);
    served.end("TERM").assert_code(0).snapshot("serve-left-running");
    is_gone.store(true, Ordering::SeqCst);
    // Nobody is told that it is done.
    if let Ok(answer) = slow.join().unwrap() {
        assert_eq!(answer.status, 503, "{answer:?}");
    }
    let doctor = folder.lockgate(&["doctor"]).run().assert_code(0);
    assert!(doctor.stdout.contains("nobody goes on"), "{}", doctor.stdout);
    let served = Served::start(&folder, &["serve", "--log", "off"]);
    until("it has ended", || list(&folder)[0]["status"] == "succeeded");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    served.end("TERM").assert_code(0);
}

#[test]
fn a_server_with_a_token_wants_to_be_shown_it() {
    const TOKEN: &str = "a-token-for-the-admin-port";
    let mut folder = Folder::with(&[("lockgate.yaml", WORKSPACE), ("flows/sleep.yaml", SLEEP)]);
    folder.set("LOCKGATE_ADMIN_TOKEN", TOKEN);
    let served = Served::start(&folder, &["serve", "--log", "off"]);
    let request = format!(
        "POST /sleep HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nprefer: respond-async\r\ncontent-length: 0\r\n\r\n",
        served.address()
    );
    assert_eq!(send(served.address(), &request).unwrap().status, 202);
    until("it is asleep", || {
        list(&folder).iter().any(|run| run["status"] == "sleeping")
    });
    let cancel = ["runs", "cancel", "last"];
    let ended = folder.lockgate(&cancel).env("LOCKGATE_ADMIN_TOKEN", "").run();
    ended.assert_code(2).snapshot("runs-no-token");
    folder.lockgate(&cancel).run().assert_code(0);
    served.end("TERM").assert_code(0);
}

#[test]
fn a_failed_run_goes_on_from_its_step() {
    for is_served in [false, true] {
        let (service, asked) = failing(1);
        let folder = Folder::with(&[
            ("lockgate.yaml", WORKSPACE),
            ("flows/call.yaml", &calling(&service, "")),
        ]);
        let ended = folder.lockgate(&["run", "call"]).run().assert_code(1);
        ended.snapshot("run-failed-kept");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        let served = is_served.then(|| Served::start(&folder, &["serve", "--log", "off"]));
        let ended = runs(&folder, &["resume", "last"]).assert_code(0);
        match served {
            Some(served) => {
                ended.snapshot("runs-resume-asked");
                runs(&folder, &["follow", "last"]).assert_code(0);
                served.end("TERM").assert_code(0);
            }
            None => ended.snapshot("runs-resume-here"),
        }
        assert_eq!(asked.load(Ordering::SeqCst), 2);
        let ended = runs(&folder, &["show", "last"]).assert_code(0);
        snapshot(&ended, &folder, "runs-show-resumed");
        let ended = runs(&folder, &["resume", "last"]).assert_code(2);
        assert!(ended.stderr.contains("nothing to go on with"), "{}", ended.stderr);
    }
}

#[test]
fn a_failed_run_goes_on_with_the_flow_as_it_is_now() {
    let (service, asked) = failing(1);
    let folder = Folder::with(&[
        ("lockgate.yaml", WORKSPACE),
        ("flows/call.yaml", &calling(&service, "")),
    ]);
    folder.lockgate(&["run", "call"]).run().assert_code(1);
    // One that does something else before it does not fit.
    let original = std::fs::read_to_string(folder.path().join("flows/call.yaml")).unwrap();
    folder.edit(
        "flows/call.yaml",
        "action: log\n    with: { message: hello }",
        "wait: 1ms",
    );
    runs(&folder, &["resume", "last", "--current"])
        .assert_code(2)
        .snapshot("runs-resume-misfit");
    assert_eq!(list(&folder)[0]["status"], "failed");
    // One that differs from the failed step on does.
    folder.write("flows/call.yaml", &original);
    folder.edit("flows/call.yaml", "steps.asked.body", "steps.asked.body.nth");
    let ended = runs(&folder, &["resume", "last", "--current"]).assert_code(0);
    assert_eq!(ended.json(), 2);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    for arguments in [["--happened", "{}"], ["--happened", "{"]] {
        let ended = runs(&folder, &[&["resume", "last"], &arguments[..]].concat());
        ended.assert_code(2);
    }
}

#[test]
fn a_flow_with_a_connection_is_replayed_without_it() {
    let tenant = Emulated::start();
    let folder = Folder::connected(&tenant);
    let input = ["email=ada@example.com", "password=correct horse 9", "plan=pro"];
    let arguments = input.iter().flat_map(|field| ["--input", field]);
    let run: Vec<&str> = ["run", "sign-up"].into_iter().chain(arguments).collect();
    folder.lockgate(&run).run().assert_code(0);
    drop(tenant);
    runs(&folder, &["replay", "last"]).assert_code(0);
    folder.edit("flows/sign-up.yaml", "quota: 1000", "quota: 2000");
    let departs = runs(&folder, &["replay", "last", "--json"]).assert_code(1).json();
    assert_eq!(departs["departures"].as_array().unwrap().len(), 1, "{departs}");
    assert_eq!(departs["departures"][0]["departure"], "input");
}

#[test]
fn an_edited_flow_is_replayed_without_touching_anything() {
    let (service, asked) = failing(0);
    let folder = Folder::with(&[
        ("lockgate.yaml", WORKSPACE),
        ("flows/call.yaml", &calling(&service, "")),
    ]);
    folder.lockgate(&["run", "call"]).run().assert_code(0);
    runs(&folder, &["replay", "last"])
        .assert_code(0)
        .snapshot("runs-replay-same");
    folder.edit("flows/call.yaml", "a: 1", "a: 2");
    let more = format!(
        "  - id: again\n    action: http.request\n    with: {{ method: POST, url: '{}/again' }}\n",
        service.url()
    );
    folder.edit("flows/call.yaml", "  - return", &format!("{more}  - return"));
    runs(&folder, &["replay", "last"])
        .assert_code(1)
        .snapshot("runs-replay-departs");
    let departs = runs(&folder, &["replay", "last", "--json"]).assert_code(1).json();
    assert_eq!(departs["departs"], true);
    // Beside a server, too.
    let served = Served::start(&folder, &["serve", "--log", "off"]);
    runs(&folder, &["replay", "last"]).assert_code(1);
    served.end("TERM").assert_code(0);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn a_store_is_copied_while_it_is_in_use() {
    let folder = Folder::with(&[("lockgate.yaml", WORKSPACE), ("flows/greet.yaml", GREET)]);
    let served = Served::start(&folder, &["serve", "--log", "off"]);
    served.ask("POST", "/greet", "{\"name\":\"Ada\"}");
    runs(&folder, &["backup", "copy.db"]).assert_code(0);
    served.ask("POST", "/greet", "{\"name\":\"Grace\"}");
    runs(&folder, &["backup", "copy.db"])
        .assert_code(2)
        .snapshot("runs-backup-there");
    served.end("TERM").assert_code(0);
    let copied = runs(&folder, &["list", "--store", "copy.db", "--json"]).json();
    assert_eq!(copied["runs"].as_array().unwrap().len(), 1);
    assert_eq!(list(&folder).len(), 2);
}

#[test]
fn ended_runs_are_deleted_when_that_is_asked_for() {
    let folder = Folder::with(&[("lockgate.yaml", WORKSPACE), ("flows/greet.yaml", GREET)]);
    for name in ["Ada", "Grace", "Alan"] {
        folder
            .lockgate(&["run", "greet", "--input", &format!("name={name}")])
            .run()
            .assert_code(0);
    }
    let served = Served::start(&folder, &["serve", "--log", "off"]);
    runs(&folder, &["prune", "--keep", "2"]).assert_code(0);
    assert_eq!(list(&folder).len(), 2);
    served.end("TERM").assert_code(0);
    runs(&folder, &["prune"]).assert_code(0);
    assert_eq!(list(&folder).len(), 2);
    runs(&folder, &["prune", "--keep", "1"])
        .assert_code(0)
        .snapshot("runs-prune");
    let left = list(&folder);
    assert_eq!(left.len(), 1);
    runs(&folder, &["show", "last"]).assert_code(0);
}

#[test]
fn an_emulated_run_is_not_kept() {
    let folder = Folder::shipped();
    folder
        .lockgate(&["run", "get-user", "--emulated", "--input", "user_id=auth0|1"])
        .run();
    assert!(!folder.path().join(".lockgate").exists());
    let tenant = Emulated::start();
    let folder = Folder::connected(&tenant);
    folder
        .lockgate(&["run", "get-user", "--input", "user_id=auth0|1"])
        .run()
        .assert_code(1);
    assert_eq!(list(&folder).len(), 1);
}
