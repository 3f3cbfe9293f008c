//! Many callers of a server at once, over connections that stay open. Each signs somebody up; some leave before they are
//! answered, some send what does not fit, some are the same person as another.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Error, Read as _, Result, Write as _};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::served::Answer;

/// What a caller does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Waits for the answer.
    Stays,
    /// Waits, too, and signs the person up that the caller before signs up at the same time.
    Doubles,
    /// Sends an input that does not fit.
    Errs,
    /// Closes the connection when the request is sent.
    Leaves,
    /// Resets it.
    Resets,
}

/// A caller, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller(pub(crate) usize);

/// What has become of a caller.
#[derive(Debug)]
pub(crate) struct Called {
    pub(crate) caller: Caller,
    /// None for those who have sent their request and not waited.
    pub(crate) answer: Option<Result<Answer>>,
}

impl Caller {
    pub(crate) fn manner(self) -> Manner {
        match self.0 % 50 {
            8 | 38 => Manner::Doubles,
            17 => Manner::Errs,
            27 => Manner::Leaves,
            44 => Manner::Resets,
            _ => Manner::Stays,
        }
    }

    pub(crate) fn email(self) -> String {
        let person = match self.manner() {
            Manner::Doubles => self.0 - 1,
            _ => self.0,
        };
        format!("person-{person}@example.com")
    }

    pub(crate) fn plan(self) -> &'static str {
        if self.0.is_multiple_of(2) { "pro" } else { "free" }
    }

    fn request(self) -> String {
        let password = match self.manner() {
            Manner::Errs => "short",
            _ => "correct horse 9",
        };
        let (email, plan) = (self.email(), self.plan());
        let body = format!(r#"{{"email":"{email}","password":"{password}","plan":"{plan}"}}"#);
        format!(
            "POST /sign-up HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    }
}

/// A client with one connection, which it opens anew when the server has closed it.
struct Client<'a> {
    address: &'a str,
    open: Option<BufReader<TcpStream>>,
}

impl Client<'_> {
    fn call(&mut self, caller: Caller) -> Called {
        let answer = match caller.manner() {
            Manner::Leaves | Manner::Resets => self.leave(caller).err().map(Err),
            _ => Some(self.ask(&caller.request())),
        };
        Called { caller, answer }
    }

    /// Leaves by a connection of its own.
    fn leave(&self, caller: Caller) -> Result<()> {
        let mut stream = connect(self.address)?;
        if caller.manner() == Manner::Resets {
            // An answer that nobody has read makes a reset of the close.
            stream.write_all(b"GET /nowhere HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
            stream.read_exact(&mut [0])?;
        }
        stream.write_all(caller.request().as_bytes())
    }

    fn ask(&mut self, request: &str) -> Result<Answer> {
        if self.open.is_none() {
            self.open = Some(BufReader::new(connect(self.address)?));
        }
        let open = self.open.as_mut().unwrap();
        let answered = open
            .get_mut()
            .write_all(request.as_bytes())
            .and_then(|()| read(open));
        let closes = |answer: &Answer| answer.head.contains("connection: close");
        if answered.as_ref().map_or(true, closes) {
            self.open = None;
        }
        answered
    }
}

fn connect(address: &str) -> Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    // Longer than a run may take.
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    Ok(stream)
}

/// One answer; the connection stays open.
fn read(from: &mut BufReader<TcpStream>) -> Result<Answer> {
    let broken = |head: &str| Error::other(format!("not a whole answer: {head:?}"));
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if from.read_line(&mut head)? == 0 {
            return Err(broken(&head));
        }
    }
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let (Some(status), Some(length)) = (status, length) else {
        return Err(broken(&head));
    };
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    Ok(Answer {
        status,
        head,
        body: String::from_utf8(body).map_err(|_| broken("not UTF-8"))?,
    })
}

/// So many callers, of whom `at_once` call at once; `before` is done before each.
pub(crate) fn call(
    address: &str,
    callers: usize,
    at_once: usize,
    before: impl Fn(Caller) + Sync,
) -> Vec<Called> {
    let (next, all) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(callers)));
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                let mut client = Client { address, open: None };
                let mut mine = Vec::new();
                loop {
                    let caller = Caller(next.fetch_add(1, Ordering::Relaxed));
                    if caller.0 >= callers {
                        break;
                    }
                    before(caller);
                    mine.push(client.call(caller));
                }
                all.lock().unwrap().append(&mut mine);
            });
        }
    });
    all.into_inner().unwrap()
}
