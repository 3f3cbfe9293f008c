//! Every fault of the tenant, met by the flows that ship: no user is created twice, none is lost, none of ours is
//! reported as somebody else's, and where a fault does not pass, the run says which.

use std::thread;

use serde_json::{Value, json};

use crate::emulated::Emulated;
use crate::folder::Folder;
use crate::terminal::Ended;

const CREATE: &str = "method=POST,path=/api/v2/users";

/// Flows that create users: their arguments, and the users that there are afterwards.
const FLOWS: [(&str, &[&str], &[&str]); 4] = [
    (
        "sign-up",
        &[
            "--input",
            "email=ada@example.com",
            "--input",
            "password=correct horse 9",
            "--input",
            "plan=pro",
        ],
        &["ada@example.com"],
    ),
    (
        "create-user",
        &[
            "--input",
            "email=ada@example.com",
            "--input",
            "password=correct horse 9",
        ],
        &["ada@example.com"],
    ),
    (
        "upsert-user",
        &["--input", "email=ada@example.com", "--input", "plan=pro"],
        &["ada@example.com"],
    ),
    (
        "bulk-invite",
        &[
            "--input-json",
            r#"{"people": [{"email": "ada@example.com"}, {"email": "alan@example.com"}, {"email": "grace@example.com"}]}"#,
        ],
        &["ada@example.com", "alan@example.com", "grace@example.com"],
    ),
];

/// Runs every flow against a tenant of its own with this fault, all at once: what takes time is waiting.
fn each(
    faults: &[&str],
    prepare: impl Fn(&Folder, &str) + Sync,
    judge: impl Fn(&str, &Emulated, &[&str], &Ended) + Sync,
) {
    thread::scope(|scope| {
        for (flow, input, emails) in FLOWS {
            let (prepare, judge) = (&prepare, &judge);
            scope.spawn(move || {
                let tenant = Emulated::with_faults(faults);
                let folder = Folder::connected(&tenant);
                prepare(&folder, flow);
                let arguments = [&["run", flow, "--json"], input].concat();
                let ended = folder.lockgate(&arguments).run();
                let struck: u64 = tenant.faults().iter().map(|(_, struck)| struck).sum();
                assert!(struck > 0, "{flow} never met {faults:?}\n{}", ended.transcript());
                judge(flow, &tenant, emails, &ended);
            });
        }
    });
}

/// The flows come through, and everyone is there once.
fn passes(fault: &str) {
    passes_with(&[fault]);
}

fn passes_with(faults: &[&str]) {
    each(
        faults,
        |_, _| {},
        |flow, tenant, emails, ended| {
            let seen = format!("{flow} with {faults:?}\n{}", ended.transcript());
            assert_eq!(ended.code, Some(0), "{seen}");
            assert!(!seen.contains("user_exists"), "{seen}");
            assert_eq!(tenant.emails(), emails, "{seen}");
            let plans = tenant
                .users()
                .iter()
                .filter(|user| user["app_metadata"]["plan"] == "pro")
                .count();
            let expected = usize::from(matches!(flow, "sign-up" | "upsert-user"));
            assert_eq!(plans, expected, "{seen}");
        },
    );
}

/// Does it for each fault, all at once.
fn all(faults: &[&str], one: impl Fn(&str) + Sync) {
    thread::scope(|scope| {
        for fault in faults {
            let one = &one;
            scope.spawn(move || one(fault));
        }
    });
}

#[test]
fn too_many_requests() {
    passes(&format!("429:once,{CREATE}"));
}

#[test]
fn too_many_requests_with_a_time_to_wait() {
    passes(&format!("429:count=2,retry-after=1,{CREATE}"));
}

#[test]
fn internal_errors() {
    passes(&format!("500:once,{CREATE}"));
    passes("500:count=2,path=/api/v2/*");
}

#[test]
fn unavailable() {
    passes(&format!("503:count=2,{CREATE}"));
    passes("503:count=2,path=/api/v2/*");
}

#[test]
fn late_answers() {
    passes("delay=200ms");
}

#[test]
fn answers_cut_off() {
    passes(&format!("truncate:once,{CREATE}"));
    passes("truncate:count=2,path=/api/v2/*");
}

#[test]
fn a_gateways_pages() {
    passes(&format!("html:once,{CREATE}"));
    passes("html=503:count=2,path=/api/v2/*");
}

#[test]
fn connections_reset() {
    passes(&format!("reset:once,{CREATE}"));
    passes("reset:count=2,path=/api/v2/*");
}

#[test]
fn answers_lost_after_the_write() {
    passes(&format!("lost-answer:once,{CREATE}"));
    passes(&format!("lost-answer:count=2,{CREATE}"));
    passes("lost-answer:count=2,path=/api/v2/*");
}

#[test]
fn created_and_told_late() {
    // The answer is lost and so are those of four reads: the next attempt is told that the user exists, by whom it
    // has to find out.
    let lost = format!("lost-answer:once,{CREATE}");
    passes_with(&[&lost, "503:count=4,path=/api/v2/users/*"]);
}

#[test]
fn the_token_endpoint_stumbles() {
    let faults = [
        "500:once,path=/oauth/token",
        "503:count=2,path=/oauth/token",
        "429:once,retry-after=1,path=/oauth/token",
        "html:once,path=/oauth/token",
        "truncate:once,path=/oauth/token",
        "reset:once,path=/oauth/token",
        "lost-answer:once,path=/oauth/token",
    ];
    all(&faults, passes);
}

/// Many people and everything at once; each step is patient.
#[test]
fn a_storm() {
    const PEOPLE: usize = 40;
    let storm = [
        "429:count=2,after=9,path=/api/v2/*,retry-after=1",
        "503:p=0.1,path=/api/v2/*",
        "html:p=0.1,path=/api/v2/*",
        "truncate:p=0.1,path=/api/v2/*",
        "reset:p=0.1,path=/api/v2/*",
        "lost-answer:p=0.2,method=POST,path=/api/v2/users",
        "500:p=0.2,path=/oauth/token",
    ];
    let tenant = Emulated::with_faults(&storm);
    let folder = Folder::connected(&tenant);
    let flow = "flows/bulk-invite.yaml";
    folder.edit(flow, "at_once: 4", "at_once: 20");
    folder.edit(
        flow,
        "        action: auth0.create_user\n",
        "        action: auth0.create_user\n        retry: { attempts: 50, delay: 10ms, max_delay: 50ms }\n",
    );
    let emails: Vec<String> = (10..10 + PEOPLE)
        .map(|n| format!("person-{n}@example.com"))
        .collect();
    let people: Vec<Value> = emails.iter().map(|email| json!({ "email": email })).collect();
    let input = json!({ "people": people }).to_string();
    let ended = folder
        .lockgate(&["run", "bulk-invite", "--input-json", &input])
        .run()
        .assert_code(0);
    assert_eq!(tenant.emails(), emails);
    let struck = tenant.faults().iter().filter(|(_, struck)| *struck > 0).count();
    assert!(struck >= 5, "{:?}", tenant.faults());
    // Whom the flow says that it has invited is who is there.
    for (invited, email) in ended.json()["invited"].as_array().unwrap().iter().zip(&emails) {
        assert_eq!(
            (&invited["email"], &invited["problem"]),
            (&json!(email), &Value::Null)
        );
        let user = tenant.user(invited["user_id"].as_str().unwrap()).unwrap();
        assert_eq!(user["email"], *email);
    }
}

/// The fault does not pass: every flow fails with this code, in time, and nobody is there who should not be.
fn fails(fault: &str, code: &str) {
    fails_with(&[fault], code, AMPLE, false);
}

/// Longer than a run takes to give up by itself, on a busy machine, too.
const AMPLE: &str = "20s";

/// What a run that would wait for as long as it may is given.
const SCANT: &str = "5s";

/// The same with several faults, and where creates are carried out all the same.
fn fails_with(faults: &[&str], code: &str, timeout: &str, is_written: bool) {
    let shorten = |folder: &Folder, flow: &str| {
        let name = format!("flows/{flow}.yaml");
        if flow == "bulk-invite" {
            folder.edit(&name, "timeout: 10m", &format!("timeout: {timeout}"));
        } else {
            folder.edit(
                &name,
                &format!("name: {flow}\n"),
                &format!("name: {flow}\ntimeout: {timeout}\n"),
            );
        }
    };
    each(faults, shorten, |flow, tenant, emails, ended| {
        let seen = format!("{flow} with {faults:?}\n{}", ended.transcript());
        assert_eq!(ended.code, Some(1), "{seen}");
        let run = ended.json();
        assert_eq!(
            (&run["status"], &run["error"]["code"]),
            (&"failed".into(), &code.into()),
            "{seen}"
        );
        assert!(!seen.contains("user_exists"), "{seen}");
        let there = tenant.emails();
        if is_written {
            // The first ones are there, each once, and the message does not claim that they are not.
            assert!(
                !there.is_empty() && there.iter().all(|email| emails.contains(&email.as_str())),
                "{seen}"
            );
            let mut once = there.clone();
            once.dedup();
            assert_eq!(once, there, "{seen}");
            let message = run["error"]["message"].as_str().unwrap();
            assert!(
                message.contains("whether the user was created is not known"),
                "{seen}"
            );
        } else {
            assert_eq!(there, Vec::<String>::new(), "{seen}");
        }
    });
}

#[test]
fn too_many_requests_for_good() {
    fails_with(&[&format!("429:{CREATE}")], "rate_limited", SCANT, false);
}

#[test]
fn too_many_requests_with_a_time_that_is_too_long() {
    fails(&format!("429:retry-after=60,{CREATE}"), "rate_limited");
}

#[test]
fn internal_errors_for_good() {
    fails(&format!("500:{CREATE}"), "unavailable");
}

#[test]
fn unavailable_for_good() {
    fails("503:path=/api/v2/*", "unavailable");
}

#[test]
fn too_late_for_good() {
    fails_with(&["delay=60s:path=/api/v2/*"], "timeout", SCANT, false);
}

#[test]
fn a_gateways_pages_for_good() {
    fails("html:path=/api/v2/*", "unavailable");
}

#[test]
fn connections_reset_for_good() {
    fails("reset:path=/api/v2/*", "unavailable");
}

#[test]
fn refused_for_good() {
    fails(&format!("400:{CREATE}"), "invalid_request");
    fails(&format!("403:{CREATE}"), "forbidden");
}

#[test]
fn no_token_for_good() {
    let unavailable = ["503:path=/oauth/token", "html:path=/oauth/token"];
    all(&unavailable, |fault| fails(fault, "unavailable"));
    let unauthorized = ["401:path=/oauth/token", "403:path=/oauth/token"];
    all(&unauthorized, |fault| fails(fault, "unauthorized"));
    fails("429:retry-after=60,path=/oauth/token", "rate_limited");
}

#[test]
fn created_and_never_told() {
    // Creates are carried out, their answers never come; reads by id tell.
    passes(&format!("lost-answer:{CREATE}"));
    passes(&format!("truncate:{CREATE}"));
    // Reads do not tell either.
    let unread = "503:path=/api/v2/users/*";
    all(&["lost-answer", "truncate"], |fault| {
        let code = if fault == "truncate" {
            "invalid_response"
        } else {
            "unavailable"
        };
        fails_with(&[&format!("{fault}:{CREATE}"), unread], code, AMPLE, true);
    });
}
