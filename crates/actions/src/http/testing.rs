//! For this crate's tests: a step to call an action from, a server that answers from a list, and a resolver whose
//! names are made up.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use lockgate_engine::action::{Action, ActionContext, ActionError, Reconciled};
use lockgate_engine::clock::SystemClock;
use lockgate_engine::masks::Masks;
use lockgate_engine::step_key::StepKey;
use lockgate_engine::trace::{Outgoing, TraceContext};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use serde_json::Value;
use tokio::task::JoinHandle;

/// A step of a run that nobody runs.
pub(crate) struct Step {
    clock: SystemClock,
    attempt: u32,
    /// What is left of the limits around the step.
    pub(crate) time_left: Option<Duration>,
    /// The secrets of the run that the step is in.
    pub(crate) masks: Masks,
    /// Where the run comes from.
    pub(crate) caller: Option<TraceContext>,
}

impl Step {
    pub(crate) fn new() -> Self {
        Self {
            clock: SystemClock::new(),
            attempt: 1,
            time_left: None,
            masks: Masks::new(),
            caller: None,
        }
    }

    pub(crate) fn attempt(attempt: u32) -> Self {
        Self {
            attempt,
            ..Self::new()
        }
    }

    pub(crate) async fn call(&self, action: &impl Action, input: Value) -> Result<Value, ActionError> {
        let key = StepKey {
            parent: None,
            path: "steps/0",
            indices: &[],
            part: "",
        };
        action.call(&self.context(&key), input).await
    }

    pub(crate) async fn reconcile(&self, action: &impl Action, input: &Value) -> Reconciled {
        let key = StepKey {
            parent: None,
            path: "steps/0",
            indices: &[],
            part: "",
        };
        action.reconcile(&self.context(&key), input).await.unwrap()
    }

    fn context<'a>(&'a self, key: &'a StepKey<'a>) -> ActionContext<'a> {
        ActionContext {
            run_id: "run-1",
            key,
            attempt: self.attempt,
            time_left: self.time_left,
            connection: None,
            clock: &self.clock,
            masks: &self.masks,
            trace: Outgoing {
                caller: self.caller.as_ref(),
                propagation: None,
            },
        }
    }
}

/// What came in.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

type Reply = Response<Body>;

#[derive(Default)]
struct Script {
    replies: VecDeque<Reply>,
    seen: Vec<Seen>,
}

/// A server on loopback that gives these answers, one after the other, then 500.
pub(crate) struct Server {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
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

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The same server under a name of [`Names`].
    pub(crate) fn url_at(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.address.port())
    }

    pub(crate) fn add(&self, reply: Reply) {
        self.script.lock().unwrap().replies.push_back(reply);
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
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

pub(crate) fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from(body.to_owned())).unwrap()
}

pub(crate) fn json(status: u16, body: &Value) -> Reply {
    reply(
        status,
        &[("content-type", "application/json; charset=utf-8")],
        &body.to_string(),
    )
}

/// A resolver with these names and no others.
pub(crate) struct Names(pub(crate) &'static [(&'static str, &'static [&'static str])]);

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
