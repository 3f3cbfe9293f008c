//! The load: connections that are kept alive, each with one request at a time.
//!
//! HTTP/1.1 as far as the two servers speak it: every answer has a `content-length`. Anything else ends the run.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::latency::{Latencies, microseconds};
use super::scenario::Scenario;

/// When a round is over.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    Passed(Duration),
    Answered(u32),
}

/// One client's connection.
pub(super) struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true).context("setting TCP_NODELAY")?;
        Ok(Self {
            stream,
            request: Vec::with_capacity(512),
            answer: Vec::with_capacity(4096),
        })
    }

    /// One request and its whole answer; how long that took.
    pub(super) async fn exchange(&mut self, scenario: Scenario) -> Result<Duration> {
        scenario.write(&mut self.request);
        let began = Instant::now();
        let (status, head) = self.send().await?;
        let took = began.elapsed();
        if status != scenario.status() {
            let body = String::from_utf8_lossy(&self.answer[head..]);
            bail!("{} was answered with {status}: {body}", scenario.name());
        }
        Ok(took)
    }

    /// Another request than those of the scenarios, as it stands; the status of its answer, and its body.
    pub(super) async fn ask(&mut self, request: &str) -> Result<(u16, &[u8])> {
        self.request.clear();
        self.request.extend_from_slice(request.as_bytes());
        let (status, head) = self.send().await?;
        Ok((status, &self.answer[head..]))
    }

    /// Sends what is in `request`; the status, and where in `answer` the body begins.
    async fn send(&mut self) -> Result<(u16, usize)> {
        self.stream
            .write_all(&self.request)
            .await
            .context("sending a request")?;
        self.answer.clear();
        let mut wanted = None;
        loop {
            let read = self
                .stream
                .read_buf(&mut self.answer)
                .await
                .context("reading an answer")?;
            if read == 0 {
                bail!("the server closed a connection in the middle of an answer");
            }
            if wanted.is_none() {
                wanted = head(&self.answer)?;
            }
            match wanted {
                Some((status, head, length)) if self.answer.len() == head + length => {
                    return Ok((status, head));
                }
                Some((_, head, length)) if self.answer.len() > head + length => {
                    bail!("the server sent more than the answer's length")
                }
                _ => {}
            }
        }
    }
}

/// `GET path`: the answer, head and body. In HTTP/1.0, whose answers end with the connection and not in chunks.
pub(super) async fn get(address: SocketAddr, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("connecting to {address}"))?;
    let request = format!("GET {path} HTTP/1.0\r\nhost: localhost\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .await
        .context("sending a request")?;
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .await
        .context("reading an answer")?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    ensure!(
        answer.split_whitespace().nth(1) == Some("200"),
        "{path} was answered with {answer}"
    );
    Ok(answer)
}

/// Status, length of the head, and length of the body, if the head is there.
fn head(answer: &[u8]) -> Result<Option<(u16, usize, usize)>> {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = str::from_utf8(&answer[..end]).context("the answer's head is not text")?;
    let mut lines = text.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok())
        .context("the answer is not HTTP/1.1")?;
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .context("the answer has no length")?;
    Ok(Some((status, end + 4, length)))
}

/// Sends so many requests over so many connections, each made from its number; all have to be accepted (202). How long
/// that took.
pub(super) async fn flood(
    address: SocketAddr,
    connections: usize,
    requests: u32,
    made: impl Fn(u32) -> String + Send + Sync + 'static,
) -> Result<Duration> {
    let began = Instant::now();
    let (next, made) = (Arc::new(AtomicU32::new(0)), Arc::new(made));
    let mut clients = JoinSet::new();
    for _ in 0..connections {
        let (next, made) = (Arc::clone(&next), Arc::clone(&made));
        clients.spawn(async move {
            let mut connection = Connection::open(address).await?;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= requests {
                    return anyhow::Ok(());
                }
                let (status, body) = connection.ask(&made(number)).await?;
                ensure!(
                    status == 202,
                    "a run that is not waited for was answered with {status}: {}",
                    String::from_utf8_lossy(body)
                );
            }
        });
    }
    while let Some(client) = clients.join_next().await {
        client.context("a client ended early")??;
    }
    Ok(began.elapsed())
}

/// `POST path` with a JSON body, for a run that is not waited for.
pub(super) fn post_and_leave(path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nprefer: respond-async\r\ncontent-type: application/json\r\ncontent-length: \
         {length}\r\n\r\n{body}"
    )
}

/// Opens connections, and sends one request over each: what a first request does is not measured.
pub(super) async fn connect(
    address: SocketAddr,
    scenario: Scenario,
    connections: usize,
) -> Result<Vec<Connection>> {
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        let mut connection = Connection::open(address).await?;
        connection.exchange(scenario).await?;
        open.push(connection);
    }
    Ok(open)
}

/// Sends requests over all connections until the round is over.
pub(super) async fn drive(
    connections: Vec<Connection>,
    scenario: Scenario,
    until: Until,
) -> Result<(Latencies, Duration)> {
    let began = Instant::now();
    let left = Arc::new(AtomicI64::new(match until {
        Until::Passed(_) => i64::MAX,
        Until::Answered(count) => i64::from(count),
    }));
    let mut clients = JoinSet::new();
    for mut connection in connections {
        let left = Arc::clone(&left);
        clients.spawn(async move {
            let mut latencies = Vec::new();
            let is_on = || match until {
                Until::Passed(limit) => began.elapsed() < limit,
                Until::Answered(_) => left.fetch_sub(1, Ordering::Relaxed) > 0,
            };
            while is_on() {
                latencies.push(microseconds(connection.exchange(scenario).await?));
            }
            anyhow::Ok(latencies)
        });
    }
    let mut all = Vec::new();
    while let Some(client) = clients.join_next().await {
        all.extend(client.context("a client ended early")??);
    }
    Ok((Latencies::of(all), began.elapsed()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nx: y\r\n\r\n{}";
        assert_eq!(head(&answer[..30]).unwrap(), None);
        assert_eq!(head(answer).unwrap(), Some((201, answer.len() - 2, 2)));
        assert!(head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }
}
