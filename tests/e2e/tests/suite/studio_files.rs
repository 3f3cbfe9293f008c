//! The studio through the real binary: files, what is served of them, and who may ask.
#![cfg(unix)]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::Duration;

use serde_json::{Value, json};

use crate::emulated::until;
use crate::folder::Folder;
use crate::served::{Answer, Served, ask, send};

const FILE: &str = "/api/files/flows/version.yaml";

/// As an author writes: a comment, spaces that nobody needs, breaks as another system has them.
const FLOW: &str = "# Which version?  🎉\r\ntrigger: { http: GET /version }\r\nsteps:\r\n  - return: { version: 1 }   # now\r\n\r\n";

fn folder() -> Folder {
    Folder::with(&[("lockgate.yaml", "version: 1\n"), ("flows/version.yaml", FLOW)])
}

fn dev(folder: &Folder) -> Served {
    Served::start(folder, &["dev", "--log", "off"])
}

#[track_caller]
fn get(served: &Served, path: &str) -> Answer {
    ask(served.admin(), "GET", path, "").unwrap()
}

#[track_caller]
fn put(served: &Served, path: &str, body: &Value) -> Answer {
    ask(served.admin(), "PUT", path, &body.to_string()).unwrap()
}

#[track_caller]
fn is_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (status, &json!(code)),
        "{answer:?}"
    );
}

fn versions(served: &Served) -> Value {
    served.get("/version").json()["version"].clone()
}

fn on_disk(folder: &Folder) -> String {
    fs::read_to_string(folder.path().join("flows/version.yaml")).unwrap()
}

/// What stands in the folder of flows, hidden files too.
fn listed(folder: &Folder) -> Vec<String> {
    let entries = fs::read_dir(folder.path().join("flows")).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Answers with the data of the next change.
fn follow(served: &Served) -> impl FnMut() -> Value + use<> {
    let mut stream = TcpStream::connect(served.admin()).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let request = format!(
        "GET /api/workspace/events HTTP/1.0\r\nhost: {}\r\n\r\n",
        served.admin()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut lines = BufReader::new(stream).lines();
    // It is followed from here on.
    while lines.next().unwrap().unwrap() != ": it begins" {}
    move || {
        loop {
            let line = lines.next().expect("the stream has ended").unwrap();
            if let Some(data) = line.strip_prefix("data: ") {
                return serde_json::from_str(data).unwrap();
            }
        }
    }
}

#[test]
fn an_edit_changes_the_bytes_that_it_is_about_and_is_served() {
    let folder = folder();
    let path = folder.path().join("flows/version.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let served = dev(&folder);
    served.until_said("/studio/");
    assert_eq!(versions(&served), 1);
    let mut next = follow(&served);
    let file = get(&served, FILE).json();
    assert_eq!(file["text"], FLOW);
    let asked = json!({
        "path": "flows/version.yaml",
        "text": FLOW,
        "edit": { "edit": "set", "step": "steps/0", "key": "/return/version", "value": 2 },
    });
    let edited = ask(served.admin(), "POST", "/api/document/edit", &asked.to_string()).unwrap();
    assert_eq!(edited.status, 200, "{edited:?}");
    let edited = edited.json();
    let [change] = &edited["changes"].as_array().unwrap()[..] else {
        panic!("{edited:#}");
    };
    let units: Vec<u16> = FLOW.encode_utf16().collect();
    let at = |name: &str| usize::try_from(change[name].as_u64().unwrap()).unwrap();
    let mut after = String::from_utf16(&units[..at("from")]).unwrap();
    after.push_str(change["insert"].as_str().unwrap());
    after.push_str(&String::from_utf16(&units[at("to")..]).unwrap());
    assert_eq!(after, FLOW.replace("version: 1", "version: 2"));

    let save = json!({ "base": file["version"], "base_text": FLOW, "text": after });
    let saved = put(&served, FILE, &save);
    assert_eq!(saved.status, 200, "{saved:?}");
    assert_eq!(on_disk(&folder), after);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(listed(&folder), ["version.yaml"]);
    // Who has not heard the answer asks again.
    assert_eq!(put(&served, FILE, &save).json(), saved.json());
    let changed = next();
    assert_eq!(
        (&changed["files"], &changed["serving"]),
        (&json!(["flows/version.yaml"]), &json!(true))
    );
    until("it is served", || versions(&served) == 2);
    assert_eq!(
        get(&served, "/api/workspace").json()["version"],
        changed["version"]
    );
    served.end("INT").assert_code(0);
}

#[test]
fn what_others_write_meanwhile_is_merged_or_left() {
    let folder = folder();
    let served = dev(&folder);
    let base = get(&served, FILE).json();
    let ours = FLOW.replace("Which version?", "Which?");
    let save = json!({ "base": base["version"], "base_text": FLOW, "text": ours });
    folder.edit("flows/version.yaml", "version: 1", "version: 7");
    let theirs = on_disk(&folder);
    let conflict = put(&served, FILE, &save);
    is_refused(&conflict, 409, "conflict");
    let conflict = conflict.json();
    assert_eq!(conflict["theirs"]["text"], theirs);
    assert_eq!(conflict["merged"], ours.replace("version: 1", "version: 7"));
    assert_eq!(on_disk(&folder), theirs);
    let merged =
        json!({ "base": conflict["theirs"]["version"], "base_text": theirs, "text": conflict["merged"] });
    assert_eq!(put(&served, FILE, &merged).status, 200);
    assert_eq!(on_disk(&folder), conflict["merged"].as_str().unwrap());
    // One line in two ways.
    let ours = json!({ "base": base["version"], "base_text": FLOW, "text": FLOW.replace("version: 1", "version: 9") });
    assert_eq!(put(&served, FILE, &ours).json()["merged"], Value::Null);
    // It is deleted underneath, and can be written again as a new file.
    fs::remove_file(folder.path().join("flows/version.yaml")).unwrap();
    let gone = put(&served, FILE, &save);
    is_refused(&gone, 409, "conflict");
    assert_eq!(gone.json()["theirs"], Value::Null);
    is_refused(&get(&served, FILE), 404, "no_such_file");
    assert_eq!(
        put(&served, FILE, &json!({ "base": null, "text": FLOW })).status,
        200
    );
    assert_eq!(on_disk(&folder), FLOW);
    // Two tabs make one file.
    let path = "/api/files/flows/deep/new.yaml";
    assert_eq!(
        put(&served, path, &json!({ "base": null, "text": "steps: []\n" })).status,
        200
    );
    let second = put(&served, path, &json!({ "base": null, "text": "steps: [1]\n" }));
    is_refused(&second, 409, "conflict");
    let version = get(&served, path).json()["version"].as_str().unwrap().to_owned();
    let deleted = ask(served.admin(), "DELETE", &format!("{path}?version={version}"), "").unwrap();
    assert_eq!(deleted.status, 204);
    is_refused(&get(&served, path), 404, "no_such_file");
}

#[test]
fn many_who_save_at_once_lose_nothing() {
    let folder = folder();
    let served = dev(&folder);
    let base = get(&served, FILE).json()["version"].clone();
    let texts: Vec<String> = (0..12).map(|number| format!("{FLOW}# {number}\n")).collect();
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let (served, base) = (&served, &base);
        let threads: Vec<_> = texts
            .iter()
            .map(|text| scope.spawn(move || put(served, FILE, &json!({ "base": base, "text": text }))))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let saved: Vec<usize> = (0..12).filter(|number| answers[*number].status == 200).collect();
    let [winner] = saved[..] else {
        panic!("{answers:?}");
    };
    assert_eq!(on_disk(&folder), texts[winner]);
    for (number, answer) in answers.iter().enumerate() {
        if number != winner {
            assert_eq!(answer.json()["theirs"]["text"], texts[winner]);
        }
    }
    assert_eq!(listed(&folder), ["version.yaml"]);
}

#[test]
fn nothing_but_files_of_the_workspace_is_read_or_written() {
    let folder = folder();
    folder.write(".env", "SECRET=canary-secret\n");
    folder.write("notes.yaml", "canary-notes");
    let elsewhere = Folder::with(&[("a.yaml", "canary-elsewhere")]);
    let link = |to: &str, name: &str| {
        symlink(folder.path().join(to), folder.path().join("flows").join(name)).unwrap();
    };
    link(".env", "env.yaml");
    link("notes.yaml", "notes.yaml");
    link("..", "up");
    symlink(elsewhere.path(), folder.path().join("flows/elsewhere")).unwrap();
    symlink(
        elsewhere.path().join("new.yaml"),
        folder.path().join("flows/new.yaml"),
    )
    .unwrap();
    let served = dev(&folder);
    for path in [
        ".env",
        "%2eenv",
        "flows/../.env",
        "flows/..%2f.env",
        "flows/..%2F..%2F..%2Fetc%2Fpasswd",
        "..%5c.env",
        "%2fetc%2fpasswd",
        "flows/env.yaml",
        "flows/notes.yaml",
        "flows/elsewhere/a.yaml",
        "flows/elsewhere/b.yaml",
        "flows/new.yaml",
        "flows/up/a.yaml",
        "notes.yaml",
        ".lockgate/dev.db",
        "flows/a.yaml%00.env",
    ] {
        let path = format!("/api/files/{path}");
        for answer in [
            get(&served, &path),
            put(&served, &path, &json!({ "base": null, "text": "x" })),
            ask(served.admin(), "DELETE", &format!("{path}?version=00"), "").unwrap(),
        ] {
            assert_eq!(answer.status, 404, "{path}: {answer:?}");
            assert!(!answer.body.contains("canary"), "{answer:?}");
        }
    }
    assert!(!elsewhere.path().join("new.yaml").exists() && !elsewhere.path().join("b.yaml").exists());
    assert_eq!(
        fs::read_to_string(folder.path().join(".env")).unwrap(),
        "SECRET=canary-secret\n"
    );
    // Nothing of the environment is told, either.
    for path in ["/api/workspace", "/api/actions", "/api/connections"] {
        assert!(!get(&served, path).body.contains("canary"), "{path}");
    }
    // One that is not text is said to be none, and left as it is.
    fs::write(folder.path().join("flows/binary.yaml"), b"steps: caf\xe9\n").unwrap();
    let path = "/api/files/flows/binary.yaml";
    is_refused(&get(&served, path), 422, "not_text");
    is_refused(
        &put(&served, path, &json!({ "base": "00", "text": "x" })),
        422,
        "not_text",
    );
    assert_eq!(
        fs::read(folder.path().join("flows/binary.yaml")).unwrap(),
        b"steps: caf\xe9\n"
    );
}

/// With headers of the caller's own.
fn with(served: &Served, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut head = format!("{line} HTTP/1.1\r\nconnection: close\r\n");
    let is_given = |wanted: &str| headers.iter().any(|(name, _)| *name == wanted);
    if !is_given("host") {
        let _ = write!(head, "host: {}\r\n", served.admin());
    }
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    send(
        served.admin(),
        &format!("{head}content-length: {}\r\n\r\n{body}", body.len()),
    )
    .unwrap()
}

#[test]
fn pages_of_other_origins_get_nothing_and_change_nothing() {
    let folder = folder();
    let served = dev(&folder);
    let json = ("content-type", "application/json");
    let save = json!({ "base": get(&served, FILE).json()["version"], "text": "x" }).to_string();
    let text = json!({ "path": "flows/version.yaml", "text": FLOW }).to_string();
    let own = format!("http://{}", served.admin());
    for (line, body) in [
        (format!("PUT {FILE}"), &save),
        (format!("DELETE {FILE}?version=00"), &String::new()),
        ("POST /api/document".to_owned(), &text),
        ("POST /api/tests".to_owned(), &"{}".to_owned()),
    ] {
        for header in [
            ("origin", "http://evil.example"),
            ("origin", "null"),
            ("origin", "http://localhost:1"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("host", "evil.example"),
        ] {
            is_refused(&with(&served, &line, &[json, header], body), 403, "forbidden");
        }
        let good = with(
            &served,
            &line,
            &[json, ("origin", &own), ("sec-fetch-site", "same-origin")],
            "{}",
        );
        assert_ne!(good.status, 403, "{line}: {good:?}");
    }
    // A form needs no leave to be sent.
    let form = with(
        &served,
        &format!("PUT {FILE}"),
        &[("content-type", "text/plain")],
        &save,
    );
    is_refused(&form, 415, "unsupported_media_type");
    assert_eq!(on_disk(&folder), FLOW);
    // What is only read is answered, and no page of another origin may look at it.
    for path in ["/api/workspace", FILE, "/studio/", "/"] {
        let read = with(
            &served,
            &format!("GET {path}"),
            &[("origin", "http://evil.example")],
            "",
        );
        assert!(read.status < 400, "{path}: {read:?}");
        assert!(!read.head.to_lowercase().contains("access-control"), "{read:?}");
        is_refused(
            &with(&served, &format!("GET {path}"), &[("host", "evil.example")], ""),
            403,
            "forbidden",
        );
    }
    let preflight = [
        ("origin", "http://evil.example"),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "content-type"),
    ];
    let preflight = with(&served, &format!("OPTIONS {FILE}"), &preflight, "");
    assert_eq!(preflight.status, 405, "{preflight:?}");
    assert!(
        !preflight.head.to_lowercase().contains("access-control-allow"),
        "{preflight:?}"
    );
}

#[test]
fn a_token_is_asked_for_all_but_the_web_app() {
    let mut folder = folder();
    folder.set("LOCKGATE_ADMIN_TOKEN", "canary-admin-token");
    let served = Served::start(&folder, &["serve", "--studio", "--log", "off"]);
    let good = ("authorization", "Bearer canary-admin-token");
    let page = with(&served, "GET /studio/", &[("host", "lockgate.internal")], "");
    assert_eq!(page.status, 200, "{page:?}");
    assert_eq!(with(&served, "GET /", &[], "").status, 307);
    for path in [
        "/api/workspace",
        "/api/workspace/events",
        FILE,
        "/api/actions",
        "/api/studio/openapi.json",
        "/studios",
        "/api",
    ] {
        let line = format!("GET {path}");
        is_refused(&with(&served, &line, &[], ""), 401, "unauthorized");
        is_refused(
            &with(
                &served,
                &line,
                &[("authorization", "Bearer canary-admin-tokem")],
                "",
            ),
            401,
            "unauthorized",
        );
    }
    for line in [format!("PUT {FILE}"), "POST /api/document".to_owned()] {
        let refused = with(&served, &line, &[("content-type", "application/json")], "{}");
        is_refused(&refused, 401, "unauthorized");
    }
    for path in ["/api/workspace", FILE, "/api/studio/openapi.json"] {
        assert_eq!(
            with(&served, &format!("GET {path}"), &[good], "").status,
            200,
            "{path}"
        );
    }
}

#[test]
fn serve_shows_files_and_changes_them_only_where_that_is_allowed() {
    let folder = folder();
    let save = |served: &Served, text: &str| {
        let base = get(served, FILE).json()["version"].clone();
        put(served, FILE, &json!({ "base": base, "text": text }))
    };
    let other = FLOW.replace("version: 1", "version: 2");

    let served = Served::start(&folder, &["serve", "--log", "off"]);
    for path in ["/", "/studio/", "/api/workspace"] {
        is_refused(&get(&served, path), 404, "no_such_route");
    }
    served.end("TERM").assert_code(0);

    let served = Served::start(&folder, &["serve", "--studio", "--log", "off"]);
    served.until_said("/studio/");
    let workspace = get(&served, "/api/workspace").json();
    assert_eq!(
        (
            &workspace["mode"],
            &workspace["is_writable"],
            &workspace["serving"]
        ),
        (&json!("serve"), &json!(false), &json!(true))
    );
    is_refused(&save(&served, &other), 403, "forbidden");
    let delete = ask(served.admin(), "DELETE", &format!("{FILE}?version=00"), "").unwrap();
    is_refused(&delete, 403, "forbidden");
    assert_eq!(on_disk(&folder), FLOW);
    served.end("TERM").assert_code(0);

    let served = Served::start(&folder, &["serve", "--studio", "--studio-write", "--log", "off"]);
    let mut next = follow(&served);
    assert_eq!(save(&served, &other).status, 200);
    assert_eq!(next()["serving"], false);
    assert_eq!(versions(&served), 1);
    served.signal("HUP");
    assert_eq!(next()["serving"], true);
    assert_eq!(versions(&served), 2);
    // With a mistake in them the files are shown, and what was served is still served.
    assert_eq!(save(&served, "steps: [").status, 200);
    assert_eq!(next()["serving"], false);
    let workspace = get(&served, "/api/workspace").json();
    assert_eq!(workspace["flows"][0]["state"], "broken");
    assert_eq!(versions(&served), 2);
    served.end("TERM").assert_code(0);

    let ended = folder.lockgate(&["serve", "--studio-write"]).run();
    assert!(ended.stderr.contains("--studio"), "{}", ended.stderr);
    ended.assert_code(2);
}

#[test]
fn who_follows_does_not_hold_up_the_end() {
    let folder = folder();
    let served = dev(&folder);
    let mut stream = TcpStream::connect(served.admin()).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let request = format!(
        "GET /api/workspace/events HTTP/1.1\r\nhost: {}\r\n\r\n",
        served.admin()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut lines = BufReader::new(stream).lines();
    while !lines.next().unwrap().unwrap().contains(": it begins") {}
    // The workspace cannot be read: what was read is still shown.
    fs::rename(folder.path().join("lockgate.yaml"), folder.path().join("away")).unwrap();
    until("that is told", || {
        get(&served, "/api/workspace").json()["serving"] == false
    });
    assert_eq!(
        get(&served, "/api/workspace").json()["flows"][0]["name"],
        "version"
    );
    served.end("INT").assert_code(0);
    // The stream came to its end in order: the last chunk is empty.
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    assert!(rest.iter().any(|line| line == "0"), "{rest:?}");
}
