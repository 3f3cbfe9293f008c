//! A `lockgate serve` or `lockgate dev` of the test's own: started, asked, told to reload and to end.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use crate::emulated::until;
use crate::folder::Folder;
use crate::tenant_command::signal;
use crate::terminal::{Ended, Line};

/// A running server. Ends with the test.
pub(crate) struct Served {
    child: Option<Child>,
    line: Option<Line>,
    address: String,
    admin: String,
    stdout: String,
    said: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Served {
    /// Starts on free ports and waits until it is ready.
    #[track_caller]
    pub(crate) fn start(folder: &Folder, arguments: &[&str]) -> Self {
        let (command, more) = arguments.split_first().unwrap();
        let ports = [*command, "--port", "0", "--admin-port", "0"];
        Self::of(folder.lockgate(&[&ports, more].concat()))
    }

    /// The same for a line with everything in it.
    #[track_caller]
    pub(crate) fn of(mut line: Line) -> Self {
        let mut child = line.spawn();
        let said = Arc::new(Mutex::new(String::new()));
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let reader = collect(stderr, Arc::clone(&said));
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut ready = String::new();
        stdout.read_line(&mut ready).unwrap();
        let Ok(Value::Object(urls)) = serde_json::from_str(&ready) else {
            let _ = child.kill();
            reader.join().unwrap();
            panic!("not ready: {ready:?}\n{}", said.lock().unwrap());
        };
        let address = |name: &str| {
            let url = urls[name].as_str().unwrap();
            url.split_once("://").unwrap().1.to_owned()
        };
        // Nothing more is expected there; a test sees it by the transcript if it comes.
        let rest = Arc::clone(&said);
        let readers = vec![reader, collect(stdout, rest)];
        Self {
            child: Some(child),
            line: Some(line),
            address: address("url"),
            admin: address("admin_url"),
            stdout: ready,
            said,
            readers,
        }
    }

    /// `127.0.0.1:…` of the flows.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// `127.0.0.1:…` of the admin port.
    pub(crate) fn admin(&self) -> &str {
        &self.admin
    }

    /// What it has written to stderr so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it has said so.
    #[track_caller]
    pub(crate) fn until_said(&self, text: &str) {
        until(text, || self.said().contains(text));
    }

    /// One request on a connection of its own.
    #[track_caller]
    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        ask(&self.address, method, path, body).unwrap()
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "")
    }

    /// The id of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.as_ref().unwrap(), name);
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> Ended {
        let output = self.child.take().unwrap().wait_with_output().unwrap();
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        let mut ended = self.line.take().unwrap().ended(output);
        ended.stdout.clone_from(&self.stdout);
        ended.stderr = self.said();
        ended
    }

    /// Asks it to end, and waits for it.
    pub(crate) fn end(self, name: &str) -> Ended {
        self.signal(name);
        self.ended()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn collect(from: impl BufRead + Send + 'static, into: Arc<Mutex<String>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in from.lines() {
            let line = line.unwrap();
            let mut into = into.lock().unwrap();
            into.push_str(&line);
            into.push('\n');
        }
    })
}

/// One request, with a JSON body unless that is empty; the connection is closed after it.
pub(crate) fn ask(address: &str, method: &str, path: &str, body: &str) -> std::io::Result<Answer> {
    let content = if body.is_empty() {
        String::new()
    } else {
        format!(
            "content-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        )
    };
    let request =
        format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{content}\r\n{body}");
    send(address, &request)
}

/// Sends a whole request as it stands, and reads until the other end closes.
pub(crate) fn send(address: &str, request: &str) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    stream.write_all(request.as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let broken = || std::io::Error::other(format!("not a whole answer: {text:?}"));
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(broken)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok(Answer {
        status: status.ok_or_else(broken)?,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}
