//! For this crate's tests: a clock that jumps instead of waiting, and a scripted server on loopback.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use lockgate_engine::action::{Action, ActionContext, ActionError, Reconciled};
use lockgate_engine::clock::Clock;
use lockgate_engine::step_key::StepKey;
use lockgate_engine::trace::{Outgoing, TraceContext};
use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;

use crate::connection::Auth0Connection;

static NO_MASKS: lockgate_engine::masks::Masks = lockgate_engine::masks::Masks::new();
static NO_STATE: std::sync::LazyLock<lockgate_engine::state::MemoryState> =
    std::sync::LazyLock::new(lockgate_engine::state::MemoryState::random);

/// Virtual time: whoever sleeps moves it forward at once.
#[derive(Clone, Default)]
pub(crate) struct TestClock(Arc<Mutex<Duration>>);

impl TestClock {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn advance(&self, duration: Duration) {
        *self.0.lock().unwrap() += duration;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + jiff::SignedDuration::try_from(self.elapsed()).unwrap()
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        struct Jump(TestClock, Duration);
        impl Future for Jump {
            type Output = ();
            fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
                let mut now = self.0.0.lock().unwrap();
                *now = (*now).max(self.1);
                Poll::Ready(())
            }
        }
        Box::pin(Jump(self.clone(), self.elapsed() + duration))
    }
}

/// What came in.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    /// Path and query, as sent.
    pub(crate) uri: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn form(&self) -> Map<String, Value> {
        url::form_urlencoded::parse(&self.body)
            .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
            .collect()
    }
}

/// What goes out.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    /// Break the connection off instead of ending the answer.
    pub(crate) cut: bool,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json; charset=utf-8".to_owned())],
            body: body.to_string(),
            cut: false,
        }
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self {
            status,
            headers: vec![("content-type", "text/html".to_owned())],
            body: body.to_owned(),
            cut: false,
        }
    }

    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        Self::json(
            status,
            &json!({ "statusCode": status, "error": "E", "message": message, "errorCode": code }),
        )
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.headers.push((name, format!("{value}")));
        self
    }

    pub(crate) fn cut(mut self) -> Self {
        self.cut = true;
        self
    }
}

#[derive(Default)]
struct Script {
    api: VecDeque<Reply>,
    token: VecDeque<Reply>,
    seen: Vec<Seen>,
    tokens: u32,
}

/// A server that answers API requests from a script and gives tokens `token-1`, `token-2`, ….
pub(crate) struct StandIn {
    url: String,
    script: Arc<Mutex<Script>>,
    server: JoinHandle<()>,
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl StandIn {
    pub(crate) async fn start(api: impl IntoIterator<Item = Reply>) -> Self {
        let script = Arc::new(Mutex::new(Script {
            api: api.into_iter().collect(),
            ..Script::default()
        }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&script));
        #[expect(clippy::disallowed_methods, reason = "aborted when the stand-in is dropped")]
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, script, server }
    }

    /// Answers for the next token requests; afterwards it gives tokens again.
    pub(crate) fn answer_token(&self, reply: Reply) {
        self.script.lock().unwrap().token.push_back(reply);
    }

    pub(crate) fn answer_api(&self, reply: Reply) {
        self.script.lock().unwrap().api.push_back(reply);
    }

    pub(crate) fn tokens(&self) -> usize {
        self.seen_at("/oauth/token").len()
    }

    fn seen_at(&self, path: &str) -> Vec<Seen> {
        self.script
            .lock()
            .unwrap()
            .seen
            .iter()
            .filter(|seen| seen.uri.starts_with(path))
            .cloned()
            .collect()
    }

    pub(crate) fn token_requests(&self) -> Vec<Seen> {
        self.seen_at("/oauth/token")
    }

    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.seen_at("/api/")
    }

    pub(crate) fn settings(&self) -> Map<String, Value> {
        let settings =
            json!({ "base_url": self.url, "client_id": "client-1", "client_secret": "canary-client-secret" });
        settings.as_object().unwrap().clone()
    }

    pub(crate) fn connect(&self, clock: &TestClock) -> Arc<Auth0Connection> {
        Auth0Connection::from_settings("auth0", &self.settings(), Arc::new(clock.clone())).unwrap()
    }
}

async fn answer(
    State(script): State<Arc<Mutex<Script>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let reply = {
        let mut script = script.lock().unwrap();
        let is_token = uri.path() == "/oauth/token";
        script.seen.push(Seen {
            method,
            uri: uri.to_string(),
            headers,
            body: body.to_vec(),
        });
        if is_token {
            script.token.pop_front().unwrap_or_else(|| {
                script.tokens += 1;
                Reply::json(
                    200,
                    &json!({
                        "access_token": format!("token-{}", script.tokens),
                        "scope": "read:users create:users",
                        "expires_in": 86400,
                        "token_type": "Bearer",
                    }),
                )
            })
        } else {
            script
                .api
                .pop_front()
                .unwrap_or_else(|| Reply::text(599, "the script is over"))
        }
    };
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    if reply.cut {
        let half = reply.body[..reply.body.len() / 2].to_owned();
        let parts = [Ok(half), Err(std::io::Error::other("cut"))];
        return response
            .body(Body::from_stream(futures_util::stream::iter(parts)))
            .unwrap();
    }
    response.body(Body::from(reply.body)).unwrap()
}

/// A step's surroundings for one action.
pub(crate) struct Step {
    pub(crate) clock: TestClock,
    pub(crate) run_id: String,
    pub(crate) attempt: u32,
    pub(crate) time_left: Option<Duration>,
    /// Where the run comes from.
    pub(crate) caller: Option<TraceContext>,
    connection: Arc<dyn std::any::Any + Send + Sync>,
}

impl Step {
    pub(crate) fn new(stand_in: &StandIn) -> Self {
        let clock = TestClock::new();
        let connection = stand_in.connect(&clock);
        Self::on(connection, clock)
    }

    pub(crate) fn on(connection: Arc<Auth0Connection>, clock: TestClock) -> Self {
        Self {
            clock,
            run_id: "run-1".to_owned(),
            attempt: 1,
            time_left: None,
            caller: None,
            connection,
        }
    }

    const KEY: StepKey<'static> = StepKey {
        parent: None,
        path: "steps/0",
        indices: &[],
        part: "",
    };

    fn context(&self) -> ActionContext<'_> {
        ActionContext {
            run_id: &self.run_id,
            key: &Self::KEY,
            attempt: self.attempt,
            time_left: self.time_left,
            connection: Some(&self.connection),
            clock: &self.clock,
            entropy: |buffer| buffer.fill(7),
            state: &*NO_STATE,
            masks: &NO_MASKS,
            trace: Outgoing {
                caller: self.caller.as_ref(),
                propagation: None,
            },
        }
    }

    pub(crate) fn identity(&self) -> [u8; 32] {
        self.context().identity()
    }

    pub(crate) async fn call(&self, action: &impl Action, input: Value) -> Result<Value, ActionError> {
        let result = action.call(&self.context(), input).await;
        if let Err(error) = &result {
            assert!(
                action.spec().error(&error.code).is_some(),
                "{} is not declared",
                error.code
            );
        }
        result
    }

    pub(crate) async fn reconcile(
        &self,
        action: &impl Action,
        input: &Value,
    ) -> Result<Reconciled, ActionError> {
        action.reconcile(&self.context(), input).await
    }
}

/// Polls once, without waiting.
pub(crate) async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}
