//! For tests of whatever sends requests: a server that answers from a list, a port at which nobody listens, and a
//! resolver whose names are made up.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use serde_json::Value;
use tokio::net::TcpSocket;
use tokio::task::JoinHandle;

/// What came in.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its method.
    pub method: Method,
    /// Path and query.
    pub uri: Uri,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: String,
}

type Reply = Response<Body>;

#[derive(Default)]
struct Script {
    replies: VecDeque<Reply>,
    seen: Vec<Seen>,
}

/// A port of loopback that refuses connections for as long as this is held. A port of a listener that was closed again
/// does so only until another process is given it.
pub struct ClosedPort(TcpSocket);

impl ClosedPort {
    /// Takes a free port, without listening.
    pub fn take() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        Self(socket)
    }

    /// Where nobody listens.
    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    /// Its root, as an address of the web.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }
}

/// A server on loopback that gives these answers, one after the other, then 500.
pub struct Server {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts on a free port.
    pub async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let script = Arc::new(Mutex::new(Script {
            replies: replies.into_iter().collect(),
            seen: Vec::new(),
        }));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&script));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        #[allow(clippy::disallowed_methods)] // the server owns it and ends it when it is dropped
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            address,
            script,
            task,
        }
    }

    /// Where a path is.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Where a path is, under a name of [`Names`].
    pub fn url_at(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.address.port())
    }

    /// One more answer.
    pub fn add(&self, reply: Reply) {
        self.script.lock().unwrap().replies.push_back(reply);
    }

    /// What came in so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.script.lock().unwrap().seen.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State(script): State<Arc<Mutex<Script>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Reply {
    let body = String::from_utf8(body.to_vec()).unwrap();
    let mut script = script.lock().unwrap();
    script.seen.push(Seen {
        method,
        uri,
        headers,
        body,
    });
    script
        .replies
        .pop_front()
        .unwrap_or_else(|| reply(500, &[], "the script is over"))
}

/// An answer of text.
pub fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from(body.to_owned())).unwrap()
}

/// An answer of JSON.
pub fn json(status: u16, body: &Value) -> Reply {
    reply(
        status,
        &[("content-type", "application/json; charset=utf-8")],
        &body.to_string(),
    )
}

/// A resolver with these names and no others.
pub struct Names(pub &'static [(&'static str, &'static [&'static str])]);

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.0.iter().find(|(known, _)| *known == name.as_str());
        let addresses: Option<Vec<SocketAddr>> = found.map(|(_, addresses)| {
            addresses
                .iter()
                .map(|text| SocketAddr::new(text.parse::<IpAddr>().unwrap(), 0))
                .collect()
        });
        Box::pin(async move {
            let addresses = addresses.ok_or("no such host")?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
