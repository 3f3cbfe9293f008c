//! `email.send` against Exim, and against a server that says what a test tells it to.

use std::sync::{Arc, Mutex};

use lockgate_engine::action::{ActionError, Retry};
use lockgate_engine::clock::SystemClock;
use lockgate_engine::connection::Opening;
use lockgate_engine::testing::LoneStep;
use lockgate_http::testing::ClosedPort;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::action::SendEmail;
use super::settings::SmtpConnection;

fn open(settings: Value) -> Result<SmtpConnection, String> {
    let Value::Object(settings) = settings else {
        panic!("no settings")
    };
    let opening = Opening {
        name: "mail",
        settings: &settings,
        clock: Arc::new(SystemClock::new()),
    };
    SmtpConnection::open(&opening).map_err(|error| error.to_string())
}

fn step(settings: Value) -> LoneStep {
    LoneStep::on(SystemClock::new()).with_connection(open(settings).unwrap())
}

fn message(to: &str, subject: &str) -> Value {
    json!({ "to": to, "subject": subject, "text": "hello" })
}

#[cfg(unix)]
mod with_exim {
    use super::*;
    use crate::servers::{CERTIFICATE, Exim, left_out};

    fn settings(exim: &Exim, more: Value) -> Value {
        let mut settings = json!({
            "host": "localhost", "port": exim.port, "ca_file": CERTIFICATE, "username": Exim::USERNAME,
            "password": Exim::PASSWORD, "from": "Shop <shop@example.org>",
        });
        let Value::Object(more) = more else {
            panic!("no settings")
        };
        for (name, value) in more {
            match value {
                Value::Null => drop(settings.as_object_mut().unwrap().remove(&name)),
                value => settings[name] = value,
            }
        }
        settings
    }

    #[tokio::test]
    async fn a_message_arrives_as_it_was_meant() {
        let Some(exim) = Exim::start() else { return };
        let step = step(settings(&exim, json!({})));
        // What could end the message early, or pass for commands, in every way to write a line's end.
        let text = "first\n.\nMAIL FROM:<eve@example.org>\r\n.\r\nRCPT TO:<eve@example.org>\r.\rDATA\n.\r\n..\nlast Grüße";
        let sent = step
            .call(
                &SendEmail,
                json!({
                    "to": [{ "email": "ada@example.com", "name": "Zoë \"Ada\" <x>, y" }, "bob@example.com"],
                    "cc": "Carol <carol@example.com>",
                    "bcc": "dan@example.com",
                    "subject": "A: Grüße an alle, die diese lange Zeile lesen, und noch ein Stück, damit sie gefaltet wird",
                    "text": text,
                    "html": "<p>Grüße</p>",
                    "headers": { "X-Campaign": "spring" },
                    "attachments": [{ "filename": "a.bin", "content": "AAECAw==" }],
                }),
            )
            .await
            .unwrap();
        let addresses = json!([
            "ada@example.com",
            "bob@example.com",
            "carol@example.com",
            "dan@example.com"
        ]);
        assert_eq!(sent["accepted"], addresses);
        assert!(sent["response"].as_str().unwrap().starts_with("OK id="), "{sent}");
        // A second one on the same connection, with the other script that SMTP knows.
        let second = step
            .call(&SendEmail, message("adä@bücher.example", "B"))
            .await
            .unwrap();
        assert_eq!(second["accepted"], json!(["adä@xn--bcher-kva.example"]));

        // Exim delivers a copy to each.
        let delivered = exim.messages(5);
        let log = exim.log();
        assert!(
            log.contains("P=esmtpsa") && log.contains("P=utf8esmtpsa") && log.contains("A=plain:shop"),
            "{log}"
        );
        let mut to: Vec<&str> = delivered
            .iter()
            .map(|message| {
                message
                    .split_once("Envelope-to: ")
                    .unwrap()
                    .1
                    .lines()
                    .next()
                    .unwrap()
            })
            .collect();
        to.sort_unstable();
        assert_eq!(
            to,
            [
                "ada@example.com",
                "adä@xn--bcher-kva.example",
                "bob@example.com",
                "carol@example.com",
                "dan@example.com"
            ]
        );
        let first = delivered
            .iter()
            .find(|message| message.contains("Envelope-to: ada@"))
            .unwrap();
        for part in [
            "Return-path: <shop@example.org>",
            &format!("Message-ID: {}", sent["message_id"].as_str().unwrap()),
            "From: Shop <shop@example.org>",
            "Cc: Carol <carol@example.com>",
            "X-Campaign: spring",
            "AAECAw==",
        ] {
            assert!(first.contains(part), "{part} in {first}");
        }
        let head = first.split("\n\n").next().unwrap();
        assert!(!head.contains("dan@example.com"), "{head}");
        // Python's parser is a reader that nobody here wrote.
        let Some(read) = read_with_python(first) else {
            return;
        };
        assert_eq!(read["to"], "Zoë \"Ada\" <x>, y|ada@example.com;|bob@example.com");
        assert_eq!(
            read["subject"],
            "A: Grüße an alle, die diese lange Zeile lesen, und noch ein Stück, damit sie gefaltet wird"
        );
        let lines = text.replace("\r\n", "\n").replace('\r', "\n");
        assert_eq!(read["text"].as_str().unwrap().trim_end(), lines);
        assert_eq!(read["html"].as_str().unwrap().trim_end(), "<p>Grüße</p>");
        assert_eq!(read["attachments"], json!([["a.bin", "00010203"]]));
    }

    fn read_with_python(message: &str) -> Option<Value> {
        use std::io::Write as _;
        use std::process::{Command, Stdio};
        const PROGRAM: &str = "\
import sys, json, email, email.policy
m = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
print(json.dumps({
  'to': ';'.join(a.display_name + '|' + a.addr_spec for a in m['to'].addresses),
  'subject': str(m['subject']),
  'text': m.get_body(('plain',)).get_content(),
  'html': m.get_body(('html',)).get_content(),
  'attachments': [[a.get_filename(), a.get_content().hex()] for a in m.iter_attachments()],
}))";
        let mut command = Command::new("python3");
        command
            .args(["-c", PROGRAM])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let Ok(mut python) = command.spawn() else {
            left_out("Python", "python3");
            return None;
        };
        python
            .stdin
            .take()
            .unwrap()
            .write_all(message.as_bytes())
            .unwrap();
        let output = python.wait_with_output().unwrap();
        Some(serde_json::from_slice(&output.stdout).unwrap())
    }

    #[tokio::test]
    async fn every_way_to_encrypt_and_every_refusal() {
        let Some(exim) = Exim::start() else { return };
        let ok = "ada@example.com";
        let tls = json!({ "encryption": "tls", "port": exim.tls_port });
        for (more, input, expected) in [
            (tls.clone(), message(ok, "1"), Ok(())),
            (json!({}), message(ok, "2"), Ok(())),
            // A certificate for `localhost`, which is not who was asked for; and one that nobody vouches for.
            (
                json!({ "host": "127.0.0.1" }),
                message(ok, ""),
                Err(("tls_failed", None)),
            ),
            (
                json!({ "ca_file": null }),
                message(ok, ""),
                Err(("tls_failed", None)),
            ),
            (
                json!({ "ca_file": null, "encryption": "tls", "port": exim.tls_port }),
                message(ok, ""),
                Err(("tls_failed", None)),
            ),
            (
                json!({ "password": "wrong" }),
                message(ok, ""),
                Err(("authentication_failed", Some(535))),
            ),
            // In the clear this server offers no AUTH, and takes no mail.
            (
                json!({ "encryption": "none", "ca_file": null }),
                message(ok, ""),
                Err(("authentication_failed", None)),
            ),
            (
                json!({ "encryption": "none", "ca_file": null, "username": null, "password": null }),
                message(ok, ""),
                Err(("recipient_rejected", Some(550))),
            ),
            (
                json!({}),
                message("unknown@example.com", ""),
                Err(("recipient_rejected", Some(550))),
            ),
            (
                json!({}),
                message("busy@example.com", ""),
                Err(("deferred", Some(451))),
            ),
            (
                json!({}),
                message(ok, "spam"),
                Err(("message_rejected", Some(550))),
            ),
            (
                json!({ "from": "refused@example.org" }),
                message(ok, ""),
                Err(("sender_rejected", Some(550))),
            ),
        ] {
            let step = step(settings(&exim, more.clone()));
            let found = step.call(&SendEmail, input).await;
            let found = found.map(drop).map_err(|error| {
                let status = error.provider.as_ref().and_then(|said| said["status"].as_u64());
                assert!(!format!("{error:?}").contains(Exim::PASSWORD), "{error:?}");
                (error.code.into_owned(), status)
            });
            assert_eq!(
                found,
                expected.map_err(|(code, status)| (code.to_owned(), status)),
                "{more}"
            );
        }
        assert_eq!(exim.messages(2).len(), 2);
    }
}

/// What the fake says when its time has come, in the place of what it says otherwise.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Say(&'static str),
    Close,
    Silence,
}

/// A server that takes every message, and fails at one command. It speaks no TLS.
struct Fake {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fake {
    /// `at` is the beginning of a command, or `connect`, or `content`; each fault is used once, on the first that fits.
    async fn start(faults: &[(&'static str, Fault)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let faults = Arc::new(Mutex::new(faults.to_vec()));
        let seen = Arc::clone(&heard);
        #[allow(clippy::disallowed_methods)] // the server owns it and ends it when it is dropped
        let task = tokio::spawn(async move {
            let mut talks = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                talks.spawn(talk(stream, Arc::clone(&faults), Arc::clone(&seen)));
            }
        });
        Self { port, heard, task }
    }

    fn settings(&self) -> Value {
        json!({
            "host": "127.0.0.1", "port": self.port, "encryption": "none", "from": "shop@example.org",
            "username": "shop", "password": "hunter2hunter2", "timeout": "300ms", "max_connections": 2,
        })
    }

    fn heard(&self, what: &str) -> usize {
        self.heard
            .lock()
            .unwrap()
            .iter()
            .filter(|line| line.starts_with(what))
            .count()
    }
}

async fn talk(
    stream: TcpStream,
    faults: Arc<Mutex<Vec<(&'static str, Fault)>>>,
    heard: Arc<Mutex<Vec<String>>>,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let fault = |command: &str| {
        let mut faults = faults.lock().unwrap();
        let found = faults.iter().position(|(at, _)| command.starts_with(at))?;
        Some(faults.remove(found).1)
    };
    let mut command = "connect".to_owned();
    loop {
        heard.lock().unwrap().push(command.clone());
        let answer = match fault(&command) {
            Some(Fault::Say(answer)) => answer,
            Some(Fault::Close) => return Ok(()),
            Some(Fault::Silence) => std::future::pending().await,
            None => match command.split(' ').next().unwrap_or_default() {
                "connect" => "220 fake",
                "EHLO" => "250-fake\r\n250 AUTH PLAIN",
                "AUTH" => "235 welcome",
                "DATA" => "354 go on",
                "content" => "250 2.0.0 queued as 42",
                _ => "250 fine",
            },
        };
        stream
            .get_mut()
            .write_all(format!("{answer}\r\n").as_bytes())
            .await?;
        let is_content = command == "DATA" && answer.starts_with("354");
        command.clear();
        if stream.read_line(&mut command).await? == 0 {
            return Ok(());
        }
        if is_content {
            while command != ".\r\n" {
                heard.lock().unwrap().push(command.trim_end().to_owned());
                command.clear();
                if stream.read_line(&mut command).await? == 0 {
                    return Ok(());
                }
            }
            command = "content".to_owned();
        }
        command = command.trim_end().to_owned();
    }
}

#[tokio::test]
async fn how_far_it_got_decides_what_is_known() {
    use Fault::{Close, Say, Silence};

    let nothing = Retry::NothingHappened { after: None };
    for (at, fault, code, retry) in [
        ("connect", Say("421 too busy"), "unavailable", nothing),
        ("connect", Say("554 not you"), "unavailable", Retry::Never),
        ("connect", Say("HTTP/1.1 400 Bad Request"), "unavailable", nothing),
        ("connect", Close, "unavailable", nothing),
        ("connect", Silence, "timeout", nothing),
        ("EHLO", Close, "unavailable", nothing),
        ("EHLO", Say("250 fake"), "authentication_failed", Retry::Never),
        (
            "AUTH",
            Say("535 wrong: hunter2hunter2"),
            "authentication_failed",
            Retry::Never,
        ),
        ("AUTH", Say("454 later"), "deferred", nothing),
        ("MAIL", Say("550 not you"), "sender_rejected", Retry::Never),
        ("MAIL", Say("451 later"), "deferred", nothing),
        ("MAIL", Close, "unavailable", nothing),
        (
            "RCPT",
            Say("550 5.1.1 unknown"),
            "recipient_rejected",
            Retry::Never,
        ),
        ("RCPT", Say("450 busy"), "deferred", nothing),
        ("RCPT", Silence, "timeout", nothing),
        ("RCPT", Say("421 closing"), "unavailable", nothing),
        ("DATA", Say("554 no"), "message_rejected", Retry::Never),
        ("DATA", Say("451 later"), "deferred", nothing),
        ("DATA", Close, "unavailable", nothing),
        ("DATA", Silence, "timeout", nothing),
        ("content", Say("554 spam"), "message_rejected", Retry::Never),
        ("content", Say("452 full"), "deferred", nothing),
        // Whether it was taken over, nobody knows.
        ("content", Close, "unconfirmed", Retry::Transient),
        ("content", Silence, "unconfirmed", Retry::Transient),
        ("content", Say("what?"), "unconfirmed", Retry::Transient),
    ] {
        let fake = Fake::start(&[(at, fault)]).await;
        let step = step(fake.settings());
        let error = step
            .call(&SendEmail, message("ada@example.com", "x"))
            .await
            .unwrap_err();
        let found = (&*error.code, &error.retry);
        assert_eq!(found, (code, &retry), "{fault:?} at {at}: {error:?}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        if let (Say(text), Some(said)) = (fault, &error.provider) {
            assert_eq!(said["status"].to_string(), text[..3], "{text}");
            assert_eq!(said.get("recipient").is_some(), at == "RCPT", "{said}");
        }
        // Once it has failed, the same step can succeed.
        step.call(&SendEmail, message("ada@example.com", "x"))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_no_doubt() {
    let closed = ClosedPort::take();
    let port = closed.address().port();
    let step =
        step(json!({ "host": "127.0.0.1", "port": port, "encryption": "none", "from": "shop@example.org" }));
    let error = step
        .call(&SendEmail, message("ada@example.com", "x"))
        .await
        .unwrap_err();
    assert_eq!(
        (&*error.code, error.retry),
        ("unavailable", Retry::NothingHappened { after: None })
    );
}

#[tokio::test]
async fn starttls_that_is_not_offered_gives_nothing_away() {
    let fake = Fake::start(&[]).await;
    let mut settings = fake.settings();
    settings["encryption"] = json!("starttls");
    let error = step(settings)
        .call(&SendEmail, message("ada@example.com", "x"))
        .await
        .unwrap_err();
    assert_eq!((&*error.code, error.retry), ("tls_failed", Retry::Never));
    assert_eq!((fake.heard("AUTH"), fake.heard("MAIL")), (0, 0));
}

#[tokio::test]
async fn one_recipient_that_is_refused_stops_the_message() {
    let fake = Fake::start(&[("RCPT TO:<bob", Fault::Say("550 unknown"))]).await;
    let step = step(fake.settings());
    let input = json!({ "to": ["ada@example.com", "bob@example.com"], "subject": "x", "text": "" });
    let error = step.call(&SendEmail, input).await.unwrap_err();
    assert_eq!(
        error.provider,
        Some(json!({ "status": 550, "text": "unknown", "recipient": "bob@example.com" }))
    );
    assert_eq!(fake.heard("DATA"), 0);
}

#[tokio::test]
async fn connections_are_used_again_and_bounded() {
    let fake = Fake::start(&[]).await;
    let step = step(fake.settings());
    for _ in 0..3 {
        step.call(&SendEmail, message("ada@example.com", "x"))
            .await
            .unwrap();
    }
    assert_eq!(
        (fake.heard("connect"), fake.heard("RSET"), fake.heard("content")),
        (1, 2, 3)
    );
    // A free one that the server has closed is replaced.
    let many = (0..8).map(|_| step.call(&SendEmail, message("ada@example.com", "x")));
    for sent in futures_util::future::join_all(many).await {
        sent.unwrap();
    }
    assert_eq!((fake.heard("connect"), fake.heard("content")), (2, 11));
}

#[tokio::test]
async fn a_connection_that_went_away_is_replaced() {
    let fake = Fake::start(&[("RSET", Fault::Close)]).await;
    let step = step(fake.settings());
    for _ in 0..2 {
        step.call(&SendEmail, message("ada@example.com", "x"))
            .await
            .unwrap();
    }
    assert_eq!((fake.heard("connect"), fake.heard("content")), (2, 2));
}

#[tokio::test]
async fn a_repeat_is_known_by_its_message_id() {
    let fake = Fake::start(&[("content", Fault::Say("452 full"))]).await;
    let mut step = step(fake.settings());
    step.call(&SendEmail, message("ada@example.com", "x"))
        .await
        .unwrap_err();
    step.attempt = 2;
    let sent = step
        .call(&SendEmail, message("ada@example.com", "x"))
        .await
        .unwrap();
    let line = format!("Message-ID: {}", sent["message_id"].as_str().unwrap());
    assert_eq!(fake.heard(&line), 2);
    step.run_id = "run-2".to_owned();
    step.call(&SendEmail, message("ada@example.com", "x"))
        .await
        .unwrap();
    assert_eq!((fake.heard(&line), fake.heard("Message-ID: ")), (2, 3));
}

#[tokio::test]
async fn a_mistake_in_the_input_opens_no_connection() {
    let fake = Fake::start(&[]).await;
    let step = step(fake.settings());
    for (input, code) in [
        (
            message("ada@example.com\r\nBcc: eve@example.com", "x"),
            "invalid_address",
        ),
        (
            message("ada@example.com", "x\r\nBcc: eve@example.com"),
            "invalid_message",
        ),
        (json!({ "to": [], "subject": "x", "text": "" }), "invalid_address"),
    ] {
        let error: ActionError = step.call(&SendEmail, input).await.unwrap_err();
        assert_eq!(
            (&*error.code, error.retry),
            (code, Retry::Never),
            "{}",
            error.message
        );
        assert!(!error.message.contains("eve"), "{}", error.message);
    }
    assert_eq!(fake.heard("connect"), 0);
}

#[test]
fn settings_are_read_once() {
    for (settings, expected) in [
        (json!({ "host": "smtp.example.com" }), Ok(587)),
        (
            json!({ "host": "smtp.example.com", "encryption": "tls" }),
            Ok(465),
        ),
        (json!({ "host": "localhost", "encryption": "none" }), Ok(25)),
        (
            json!({ "host": "[::1]", "encryption": "none", "port": "2525" }),
            Ok(2525),
        ),
        (
            json!({ "host": "10.0.0.1", "encryption": "none", "allow_unencrypted": true }),
            Ok(25),
        ),
        (
            json!({ "host": "10.0.0.1", "encryption": "none" }),
            Err("`none` sends everything to 10.0.0.1 in the clear"),
        ),
        (
            json!({ "host": "localhost.example.com", "encryption": "none" }),
            Err("in the clear"),
        ),
        (json!({ "host": "a b" }), Err("is no name of a host")),
        (json!({ "host": "a", "port": "x" }), Err("is no port")),
        (json!({ "host": "a", "port": 0 }), Err("is no port")),
        (json!({ "host": "a", "username": "x" }), Err("has no `password`")),
        (
            json!({ "host": "a", "password": "canary" }),
            Err("has no `username`"),
        ),
        (
            json!({ "host": "a", "from": "nobody" }),
            Err("is no e-mail address"),
        ),
        (json!({ "host": "a", "timeout": "10" }), Err("is no duration")),
        (
            json!({ "host": "a", "hello_name": "a\r\nQUIT" }),
            Err("is no name of a host"),
        ),
        (json!({ "host": "a", "max_connections": 0 }), Err("from 1 to 32")),
        (
            json!({ "host": "a", "ca_file": "/nowhere" }),
            Err("cannot be read"),
        ),
        (
            json!({ "host": "a", "ca_file": concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml") }),
            Err("no PEM certificate"),
        ),
    ] {
        let found = open(settings.clone()).map(|connection| connection.port);
        match (&found, expected) {
            (Ok(port), Ok(expected)) => assert_eq!(*port, expected, "{settings}"),
            (Err(problem), Err(expected)) => {
                assert!(
                    problem.contains(expected) && !problem.contains("canary"),
                    "{problem}"
                );
            }
            _ => panic!("{settings}: {found:?}"),
        }
    }
}
