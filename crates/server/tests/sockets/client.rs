//! A client that sends what it is told, also what no client should.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::served::soon;

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Status, and the problem's code. An answer of hyper's own has no body.
    pub(crate) fn kind(&self) -> (u16, Option<String>) {
        if self.body.is_empty() {
            return (self.status, None);
        }
        let body = self.json();
        if self.status >= 400 {
            assert_eq!(self.header("content-type"), "application/problem+json");
            assert_eq!(body["status"], self.status);
        }
        (self.status, body["code"].as_str().map(str::to_owned))
    }
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = soon("a connection", TcpStream::connect(address)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    /// Sends it all: the server must take it, whether it reads it or not.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        soon("sending", self.stream.write_all(bytes.as_ref()))
            .await
            .unwrap();
    }

    pub(crate) async fn close_own_side(&mut self) {
        // The server may have closed the connection already.
        let _ = self.stream.shutdown().await;
    }

    /// Sends it, and reads one answer.
    pub(crate) async fn ask(&mut self, bytes: impl AsRef<[u8]>) -> Answer {
        self.send(bytes).await;
        self.answer().await.expect("an answer")
    }

    /// The next answer; `None` where the connection ends in good order.
    pub(crate) async fn answer(&mut self) -> Option<Answer> {
        let end = loop {
            match find(&self.buffer, b"\r\n\r\n") {
                Some(at) => break at,
                None if self.read().await => {}
                None => {
                    assert!(
                        self.buffer.is_empty(),
                        "half an answer: {:?}",
                        self.buffer.escape_ascii().to_string()
                    );
                    return None;
                }
            }
        };
        let head = String::from_utf8(self.buffer.drain(..end + 4).collect()).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: BTreeMap<_, _> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let length = headers
            .get("content-length")
            .map_or(0, |length| length.parse().unwrap());
        while self.buffer.len() < length {
            assert!(self.read().await, "half a body");
        }
        let body = self.buffer.drain(..length).collect();
        Some(Answer {
            status,
            headers,
            body,
        })
    }

    /// Reads to the end of the connection; true if nothing came any more.
    pub(crate) async fn is_closed(&mut self) -> bool {
        while self.read().await {}
        self.buffer.is_empty()
    }

    /// Waits until the connection has ended, in whatever way.
    pub(crate) async fn is_cut_off(&mut self) {
        let end = self.stream.read_to_end(&mut self.buffer);
        let _ = soon("the end of the connection", end).await;
    }

    /// Whether nothing has come that was not read.
    pub(crate) fn is_silent(&self) -> bool {
        self.buffer.is_empty()
            && matches!(self.stream.try_read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    }

    async fn read(&mut self) -> bool {
        soon("something to read", self.stream.read_buf(&mut self.buffer))
            .await
            .unwrap()
            > 0
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}
