//! HTTP/2 by prior knowledge.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use lockgate_server::server::Leftover;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::served::{Served, soon, tasks, until};

pub(crate) type Sender = SendRequest<Full<Bytes>>;

/// A client, and the task of its connection, which ends with it.
pub(crate) async fn connect(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) -> (Sender, JoinHandle<hyper::Result<()>>) {
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    (sender, tokio::spawn(connection))
}

pub(crate) fn request(line: &str, body: &str) -> Request<Full<Bytes>> {
    let (method, path) = line.split_once(' ').unwrap();
    let uri = format!("http://localhost{path}");
    let body = Full::new(Bytes::copy_from_slice(body.as_bytes()));
    Request::builder().method(method).uri(uri).body(body).unwrap()
}

pub(crate) async fn read(answer: Response<Incoming>) -> (u16, Value) {
    let status = answer.status().as_u16();
    let body = soon("a body", answer.into_body().collect())
        .await
        .unwrap()
        .to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

async fn tcp(served: &Served) -> TcpStream {
    TcpStream::connect(served.server.address()).await.unwrap()
}

#[tokio::test]
async fn a_thousand_streams_of_one_connection() {
    let served = Served::start(|_| {}).await;
    let (sender, _connection) = connect(tcp(&served).await).await;
    let answers = join_all((0..1000).map(|index| {
        let mut sender = sender.clone();
        async move {
            let body = format!("{{\"number\":{index}}}");
            let answer = sender.send_request(request("POST /echo", &body)).await.unwrap();
            assert_eq!(read(answer).await, (200, json!({ "number": index })));
        }
    }));
    soon("all answers", answers).await;
    served.still_serves().await;
}

#[tokio::test]
async fn bodies_and_headers_have_the_same_limits() {
    let served = Served::start(|options| options.max_head = 16 * 1024).await;
    let (mut sender, _connection) = connect(tcp(&served).await).await;
    let large = format!("{{\"text\":\"{}\"}}", "x".repeat(100_000));
    let answer = sender.send_request(request("POST /small", &large)).await.unwrap();
    let (status, body) = read(answer).await;
    assert_eq!((status, &body["code"]), (413, &json!("body_too_large")));
    let mut huge = request("GET /ping", "");
    huge.headers_mut()
        .insert("x-huge", "y".repeat(20_000).parse().unwrap());
    let answer = soon("an answer", sender.send_request(huge)).await.unwrap();
    assert_eq!(answer.status(), 431);
    let answer = sender.send_request(request("GET /panic", "")).await.unwrap();
    assert_eq!(read(answer).await.0, 500);
    let answer = sender.send_request(request("GET /ping", "")).await.unwrap();
    assert_eq!(read(answer).await, (200, json!({ "ok": true })));
}

/// CVE-2023-44487: streams that are opened and reset cost the client nothing.
#[tokio::test]
async fn a_flood_of_resets_is_sent_away() {
    let served = Served::start(|_| {}).await;
    let mut client = Client::connect(served.server.address()).await;
    let mut frames = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    frames.extend(frame(4, 0, 0, &[]));
    for index in 0..5000_u32 {
        // GET http://a/ping, with the static table of RFC 7541.
        let head = b"\x82\x86\x44\x05/ping\x41\x01a";
        frames.extend(frame(1, 0b101, index * 2 + 1, head));
        frames.extend(frame(3, 0, index * 2 + 1, &8_u32.to_be_bytes()));
    }
    // The server may close before it has read all.
    let (mut read, mut write) = client.stream.split();
    let mut said = Vec::new();
    let sending = async {
        let _ = write.write_all(&frames).await;
    };
    let reading = async {
        let mut chunk = [0; 4096];
        while let Ok(count @ 1..) = read.read(&mut chunk).await {
            said.extend_from_slice(&chunk[..count]);
        }
    };
    soon("the end of the flood", async { tokio::join!(sending, reading) }).await;
    assert_eq!(goaway(&said), Some(0xb), "ENHANCE_YOUR_CALM");
    served.still_serves().await;
}

#[tokio::test]
async fn an_idle_connection_is_told_and_closed() {
    let served = Served::start(|options| options.idle_timeout = Duration::from_millis(50)).await;
    let before = tasks();
    let (mut sender, connection) = connect(tcp(&served).await).await;
    let answer = sender.send_request(request("GET /ping", "")).await.unwrap();
    assert_eq!(read(answer).await.0, 200);
    soon("the connection ends", connection).await.unwrap().unwrap();
    drop(sender);
    until("the server's side is gone", || tasks() == before).await;

    // One that sends nothing but the preface, and hears nothing.
    let mut client = Client::connect(served.server.address()).await;
    client
        .send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await;
    let mut said = Vec::new();
    soon("the end", client.stream.read_to_end(&mut said))
        .await
        .unwrap();
    assert_eq!(goaway(&said), Some(0));
}

#[tokio::test]
async fn the_end_waits_for_its_streams() {
    let before = tasks();
    let served = Served::start(|_| {}).await;
    let (sender, connection) = connect(tcp(&served).await).await;
    let ask = |line: &'static str| {
        let mut sender = sender.clone();
        tokio::spawn(async move { read(sender.send_request(request(line, "")).await.unwrap()).await })
    };
    let running = ask("POST /gate");
    served.gate.entered().await;
    let (gate, address) = (served.gate.clone(), served.server.address());
    let stopping = tokio::spawn(served.server.shutdown(Duration::from_mins(1)));
    until("nothing more is accepted", || {
        std::net::TcpStream::connect(address).is_err()
    })
    .await;
    assert!(!stopping.is_finished());
    gate.open();
    assert_eq!(
        soon("the answer", running).await.unwrap(),
        (200, json!({ "passed": true }))
    );
    assert_eq!(soon("the end", stopping).await.unwrap(), Leftover::default());
    soon("the connection ends", connection).await.unwrap().unwrap();
    drop(sender);
    until("no task is left", || tasks() == before).await;
}

#[tokio::test]
async fn streams_are_cut_off_at_the_limit() {
    let before = tasks();
    let served = Served::start(|_| {}).await;
    let (mut sender, connection) = connect(tcp(&served).await).await;
    let answer = tokio::spawn(async move { sender.send_request(request("POST /gate", "")).await });
    served.gate.entered().await;
    assert_eq!(
        soon("the end", served.server.shutdown(Duration::from_millis(50)))
            .await
            .lost,
        1
    );
    assert!(soon("the client hears of it", answer).await.unwrap().is_err());
    let _ = soon("the connection ends", connection).await;
    assert_eq!(tasks(), before);
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The error code of the last GOAWAY frame.
fn goaway(mut said: &[u8]) -> Option<u32> {
    let mut code = None;
    while let [a, b, c, kind, _, _, _, _, _, rest @ ..] = said {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let (payload, next) = rest.split_at_checked(length)?;
        if *kind == 7 {
            code = Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()));
        }
        said = next;
    }
    code
}
