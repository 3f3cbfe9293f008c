//! `lockgate serve` under load, while the tenant has every fault at once: everyone is answered, nobody is created twice,
//! memory stays as it is, and nothing is left when it has ended.
#![cfg(unix)]

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Mutex;

use jsonschema::Validator;
use serde_json::Value;

use crate::callers::{Called, Caller, Manner, call};
use crate::emulated::{Emulated, until};
use crate::folder::Folder;
use crate::served::{Served, send};
use crate::statuses::schema;

/// All that the tenant can do wrong.
const FAULTS: [&str; 12] = [
    "delay=20ms:p=0.2",
    // Everyone waits a second for each of these.
    "429:count=2,after=300,path=/api/v2/*,retry-after=1",
    "429:count=3,every=900,path=/api/v2/*",
    "403:p=0.005,path=/api/v2/*",
    "500:p=0.04,path=/api/v2/*",
    "503:p=0.04,path=/api/v2/*",
    "html:p=0.04,path=/api/v2/*",
    "truncate:p=0.04,path=/api/v2/*",
    "reset:p=0.04,path=/api/v2/*",
    "lost-answer:p=0.06,path=/api/v2/*",
    "503:p=0.3,path=/oauth/token",
    "reset:p=0.2,path=/oauth/token",
];

/// Callers at once.
const AT_ONCE: usize = 32;

/// The flows that ship, with retries that do not take the time of the test.
fn folder(tenant: &Emulated) -> Folder {
    let folder = Folder::connected(tenant);
    for action in ["auth0.create_user", "auth0.update_user"] {
        let line = format!("    action: {action}\n");
        let patient = format!("{line}    retry: {{ attempts: 3, delay: 4ms, max_delay: 20ms }}\n");
        folder.edit("flows/sign-up.yaml", &line, &patient);
    }
    folder
}

/// A metric's samples, added up.
fn metric(served: &Served, name: &str) -> u64 {
    let text = metrics(served);
    let value = |line: &str| {
        let rest = line.strip_prefix(name)?;
        let (labels, value) = rest.rsplit_once(' ')?;
        (labels.is_empty() || labels.starts_with('{')).then(|| value.parse::<f64>().unwrap())
    };
    let values: Vec<f64> = text.lines().filter_map(value).collect();
    assert!(!values.is_empty(), "no {name}:\n{text}");
    // Counts are whole.
    format!("{:.0}", values.iter().sum::<f64>()).parse().unwrap()
}

/// The text is sent while it is written, to which HTTP/1.0 puts no frames.
fn metrics(served: &Served) -> String {
    let request = "GET /metrics HTTP/1.0\r\nhost: localhost\r\n\r\n";
    send(served.admin(), request).unwrap().body
}

/// What the server takes of memory, in kB.
fn resident(served: &Served) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", served.process())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The same, after it was asked for its metrics as often as somebody does who watches it.
fn scraped(served: &Served) -> u64 {
    for _ in 0..20 {
        metrics(served);
    }
    resident(served)
}

/// What each status of the flow looks like, by the document that the server gives out.
fn declared(served: &Served) -> HashMap<u16, Validator> {
    let document = served.get("/openapi.json").json();
    let statuses = document["paths"]["/sign-up"]["post"]["responses"]
        .as_object()
        .unwrap();
    let validator = |status: u16| {
        let schema = schema(&document, "/sign-up", "post", status).unwrap();
        (status, jsonschema::validator_for(&schema).unwrap())
    };
    statuses
        .keys()
        .map(|status| validator(status.parse().unwrap()))
        .collect()
}

/// The id and the quota of each user, by e-mail address. Nobody is there twice.
#[track_caller]
fn people(tenant: &Emulated) -> HashMap<String, (String, Value)> {
    let mut people = HashMap::new();
    for user in tenant.users() {
        let text = |name: &str| user[name].as_str().unwrap().to_owned();
        let found = (text("user_id"), user["app_metadata"]["quota"].clone());
        assert_eq!(people.insert(text("email"), found), None, "twice: {user}");
    }
    people
}

/// Looks at what has become of everyone. How many were answered with which status.
#[track_caller]
fn judge(
    called: &[Called],
    declared: &HashMap<u16, Validator>,
    people: &HashMap<String, (String, Value)>,
) -> BTreeMap<u16, usize> {
    let mut statuses = BTreeMap::new();
    let mut created = HashMap::new();
    let mut callers: HashMap<String, usize> = HashMap::new();
    for Called { caller, .. } in called {
        *callers.entry(caller.email()).or_default() += 1;
    }
    for Called { caller, answer } in called {
        let Some(answer) = answer else { continue };
        let answer = answer
            .as_ref()
            .unwrap_or_else(|error| panic!("not answered: {caller:?}: {error}"));
        let validator = declared.get(&answer.status);
        let validator = validator.unwrap_or_else(|| panic!("not declared: {answer:?}"));
        let body = answer.json();
        assert!(validator.is_valid(&body), "not as declared: {answer:?}");
        *statuses.entry(answer.status).or_default() += 1;
        let email = caller.email();
        assert_eq!(
            answer.status == 422,
            caller.manner() == Manner::Errs,
            "{answer:?}"
        );
        match answer.status {
            201 => {
                let (id, quota) = &people[&email];
                assert_eq!(body["user_id"], **id, "{answer:?}");
                assert_eq!(*quota == 1000, caller.plan() == "pro", "{answer:?}");
                assert_eq!(created.insert(email, caller), None, "created twice: {answer:?}");
            }
            409 => assert!(callers[&email] > 1, "nobody else has called: {answer:?}"),
            _ => {}
        }
    }
    let unfit = |caller: &Caller| caller.manner() == Manner::Errs;
    let wanted = called.iter().filter(|called| !unfit(&called.caller));
    let wanted: HashMap<String, Caller> = wanted
        .map(|called| (called.caller.email(), called.caller))
        .collect();
    for email in people.keys() {
        assert!(wanted.contains_key(email), "nobody asked for {email}");
    }
    statuses
}

/// So many callers, and everything that is to be true afterwards. Gives back what the server's memory was after each
/// tenth of them, in kB.
fn load(callers: usize) -> Vec<u64> {
    let tenant = Emulated::with_faults(&FAULTS);
    let workspace = folder(&tenant);
    let served = Served::start(&workspace, &["serve"]);
    let declared = declared(&served);
    let memory = Mutex::new(BTreeMap::new());
    let called = call(served.address(), callers, AT_ONCE, |caller| {
        if caller.0.is_multiple_of(500) {
            // From now on tokens are refused, which the server takes for good.
            tenant.expire_tokens();
        }
        if caller.0 > 0 && caller.0.is_multiple_of(callers / 10) {
            memory.lock().unwrap().insert(caller.0, scraped(&served));
        }
    });

    memory.lock().unwrap().insert(callers, scraped(&served));

    // Those who have left have a run like all others, and it ends.
    let left: Vec<Caller> = called
        .iter()
        .filter(|called| called.answer.is_none())
        .map(|called| called.caller)
        .collect();
    let runs = called
        .iter()
        .filter(|called| called.caller.manner() != Manner::Errs)
        .count();
    until("every run has ended", || {
        metric(&served, "lockgate_run_duration_seconds_count") == runs as u64
    });
    assert_eq!(metric(&served, "lockgate_runs_active"), 0);
    assert_eq!(metric(&served, "http_server_active_requests"), 0);

    let (address, admin) = (served.address().to_owned(), served.admin().to_owned());
    let ended = served.end("TERM");
    assert_eq!(ended.code, Some(0), "{}", tail(&ended.stderr));
    for closed in [address, admin] {
        assert!(
            TcpStream::connect(&closed).is_err(),
            "somebody listens at {closed}"
        );
    }
    assert!(
        !ended.stderr.contains("the run was cut off"),
        "{}",
        tail(&ended.stderr)
    );
    let asked = tenant.total_requests();

    let people = people(&tenant);
    let statuses = judge(&called, &declared, &people);
    let stay = called.len() - left.len();
    assert_eq!(statuses.values().sum::<usize>(), stay);
    // Most come through; and some do not, or this would tell nothing about them.
    assert!(statuses[&201] * 10 > stay * 8, "{statuses:?}");
    assert!(
        statuses[&409] > 0 && statuses.keys().any(|status| *status >= 500),
        "{statuses:?}"
    );
    let stayed_away = left.iter().filter(|caller| !people.contains_key(&caller.email()));
    assert!(stayed_away.count() * 5 < left.len(), "{left:?}");
    for (fault, struck) in tenant.faults() {
        assert!(struck > 0, "{fault:?} has never struck");
    }
    assert_eq!(tenant.total_requests(), asked, "somebody still asks");
    memory.into_inner().unwrap().into_values().collect()
}

/// The end of a long log.
fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

#[test]
fn everyone_is_answered_and_nobody_is_created_twice() {
    load(3_000);
}

/// In a release build: `LOCKGATE_E2E_BINARY=target/release/lockgate cargo test -p lockgate-e2e -- --ignored flat`.
#[test]
#[ignore = "takes minutes, and means something for a release build only"]
fn memory_is_flat_over_200_000_requests() {
    /// In kB, over half of the requests: ten bytes for each would be too much.
    const MOST_GROWTH: u64 = 1024;
    let memory = load(200_000);
    #[expect(clippy::print_stderr, reason = "whoever runs it wants the figures")]
    {
        eprintln!("resident, kB, after each tenth: {memory:?}");
    }
    // What is in use for a moment comes and goes; what leaks is in the least of them, too.
    let least = |tenths: &[u64]| tenths.iter().copied().min().unwrap();
    let (early, late) = (least(&memory[1..5]), least(&memory[6..]));
    assert!(late < early + MOST_GROWTH, "{memory:?}");
}

#[test]
fn it_ends_in_the_middle_of_it() {
    let tenant = Emulated::with_faults(&FAULTS);
    let workspace = folder(&tenant);
    let served = Served::start(&workspace, &["serve"]);
    let declared = declared(&served);
    let called = call(served.address(), 900, AT_ONCE, |caller| {
        if caller.0 == 400 {
            served.signal("TERM");
        }
    });
    let ended = served.ended();
    assert_eq!(ended.code, Some(0), "{}", tail(&ended.stderr));
    assert!(
        !ended.stderr.contains("the run was cut off"),
        "{}",
        tail(&ended.stderr)
    );
    let people = people(&tenant);
    // Who is told nothing has to be able to ask another server: nothing was begun.
    let (answered, unanswered): (Vec<Called>, Vec<Called>) = called
        .into_iter()
        .partition(|called| !matches!(called.answer, Some(Err(_))));
    let statuses = judge(&answered, &declared, &people);
    assert!(statuses[&201] > 100 && unanswered.len() > 100, "{statuses:?}");
}

/// A request over HTTP/2 (RFC 9113) without TLS, as it is sent.
fn over_http_2(path: &str, body: &str) -> Vec<u8> {
    let frame = |kind: u8, flags: u8, stream: u8, content: &[u8]| {
        let length = u8::try_from(content.len()).unwrap();
        [&[0, 0, length, kind, flags, 0, 0, 0, stream], content].concat()
    };
    // RFC 7541: POST and http stand in the table, the name of `:path` is its fourth, and the value follows.
    let mut head = vec![0x83, 0x86, 0x04, u8::try_from(path.len()).unwrap()];
    head.extend(path.as_bytes());
    let (settings, headers, data) = (4, 1, 0);
    let (end_of_headers, end_of_stream) = (4, 1);
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(settings, 0, 0, &[]),
        frame(headers, end_of_headers, 1, &head),
        frame(data, end_of_stream, 1, body.as_bytes()),
    ]
    .concat()
}

/// HTTP/2 notices at once that the caller is gone, and drops the request.
#[test]
fn a_run_goes_on_when_its_caller_has_left() {
    let tenant = Emulated::with_faults(&["delay=1s:path=/api/v2/*"]);
    let workspace = folder(&tenant);
    let served = Served::start(&workspace, &["serve"]);
    let body = r#"{"email":"ada@example.com","password":"correct horse 9","plan":"pro"}"#;
    let mut stream = TcpStream::connect(served.address()).unwrap();
    stream.write_all(&over_http_2("/sign-up", body)).unwrap();
    until("the run has begun", || {
        metric(&served, "lockgate_runs_active") == 1
    });
    drop(stream);
    until("the request is over", || {
        metric(&served, "http_server_active_requests") == 0
    });
    assert_eq!(metric(&served, "lockgate_runs_active"), 1);
    let ended = served.end("TERM").assert_code(0);
    assert!(
        !ended.stderr.contains("the run was cut off"),
        "{}",
        ended.transcript()
    );
    let people = people(&tenant);
    assert_eq!(people.len(), 1);
    assert_eq!(people["ada@example.com"].1, 1000);
}
