//! One request → one answer.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, ORIGIN};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Body;
use lockgate_engine::RunOptions;
use lockgate_engine::journal::NoJournal;
use lockgate_engine::outcome::{self, RunStatus};
use lockgate_flow::syntax::RateKey;
use serde_json::{Map, Value};

use crate::answer::{self, RUN_ID};
use crate::body::{self, MediaType};
use crate::capacity::Place;
use crate::endpoint::Endpoint;
use crate::input;
use crate::listen::Peer;
use crate::problem::{Answer, Problem};
use crate::rate_limit::Standing;
use crate::routes::{PathEntry, Target};
use crate::run::{Attached, RunAnswer};
use crate::site::Site;
use crate::state::State;

/// Where the document of a site is served, unless a flow has this route.
const OPENAPI: &str = "/openapi.json";

/// One request → one answer. Never fails: what goes wrong is a problem document.
pub(crate) async fn exchange<B>(state: &Arc<State>, peer: Peer, request: Request<B>) -> Answer
where
    B: Body<Data = Bytes> + Send,
{
    let began = Instant::now();
    let site = state.site();
    let (head, body) = request.into_parts();
    let found = site.routes.find(head.uri.path());
    let Some(found) = found else {
        let answer = unrouted(&site, &head);
        state
            .metrics
            .unrouted(&head.method, answer.status(), began.elapsed());
        return finish(&head, answer);
    };
    let Some(target) = found.entry.target(&head.method) else {
        let answer = if head.method == Method::OPTIONS {
            options(found.entry, &head)
        } else {
            let allow = found.entry.allow();
            Problem::MethodNotAllowed { allow }.into_answer()
        };
        state
            .metrics
            .unrouted(&head.method, answer.status(), began.elapsed());
        return finish(&head, answer);
    };
    let endpoint = match target {
        Target::Flow(endpoint) => Arc::clone(endpoint),
        Target::Broken(flow) => {
            let finding = flow.finding.clone();
            let answer = Problem::BrokenFlow { finding }.into_answer();
            state
                .metrics
                .unrouted(&head.method, answer.status(), began.elapsed());
            return finish(&head, answer);
        }
    };
    let call = Call {
        state,
        endpoint: &endpoint,
        head: &head,
        peer: address(state, peer, &head),
    };
    let mut standing = None;
    let result = call.answer(&site, &found.parameters, body, &mut standing).await;
    let mut answer = result.unwrap_or_else(Problem::into_answer);
    if let Some(standing) = standing {
        standing.write(answer.headers_mut());
    }
    if let Some(cors) = &endpoint.cors {
        cors.answer(head.headers.get(ORIGIN), answer.headers_mut());
    }
    let took = began.elapsed();
    endpoint.metrics.answered(answer.status(), took);
    log(&endpoint, &head, &answer, took);
    finish(&head, answer)
}

/// The access log: one line for each request to an endpoint. No path and no query, which may hold what a caller typed.
fn log(endpoint: &Endpoint, head: &Parts, answer: &Answer, took: Duration) {
    tracing::info!(
        target: "lockgate::access",
        method = head.method.as_str(),
        route = endpoint.template,
        status = answer.status().as_u16(),
        duration_ms = took.as_secs_f64() * 1000.0,
        flow = endpoint.flow.name,
        run_id = answer.headers().get(RUN_ID).and_then(|id| id.to_str().ok()),
        "answered"
    );
}

/// A path that no flow has.
fn unrouted(site: &Site, head: &Parts) -> Answer {
    if head.uri.path() != OPENAPI {
        return Problem::NoRoute.into_answer();
    }
    let allow = HeaderValue::from_static("GET, HEAD, OPTIONS");
    let mut answer = match head.method {
        Method::GET | Method::HEAD => Response::new(Full::new(site.openapi.clone())),
        Method::OPTIONS => return empty_with_allow(allow),
        _ => return Problem::MethodNotAllowed { allow }.into_answer(),
    };
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(CONTENT_TYPE, json);
    answer
}

/// `OPTIONS`: what the path takes, and to a browser that asks before it calls, whether it may.
fn options(entry: &PathEntry, head: &Parts) -> Answer {
    let mut answer = empty_with_allow(entry.allow());
    let wanted = head
        .headers
        .get(ACCESS_CONTROL_REQUEST_METHOD)
        .and_then(|method| Method::from_bytes(method.as_bytes()).ok());
    if let (Some(origin), Some(method)) = (head.headers.get(ORIGIN), wanted)
        && let Some(Target::Flow(endpoint)) = entry.target(&method)
        && let Some(cors) = &endpoint.cors
    {
        cors.preflight(origin, &head.headers, answer.headers_mut());
    }
    answer
}

fn empty_with_allow(allow: HeaderValue) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer.headers_mut().insert(ALLOW, allow);
    answer
}

/// HEAD has the headers of GET and no content. (hyper leaves the content of an answer to HEAD out by itself and keeps
/// its length.)
fn finish(_head: &Parts, answer: Answer) -> Answer {
    answer
}

/// The caller's address: the peer's, or what a trusted proxy says (the last in `X-Forwarded-For` that is no trusted
/// proxy itself).
fn address(state: &State, peer: Peer, head: &Parts) -> IpAddr {
    const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");
    let is_trusted = |address: IpAddr| {
        let trusted = &state.options.trusted_proxies;
        trusted.iter().any(|network| network.contains(&address))
    };
    let mut address = peer.address;
    if !is_trusted(address) {
        return address;
    }
    let lines: Vec<&str> = head
        .headers
        .get_all(FORWARDED)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let Ok(hop) = hop.trim().parse() else { break };
        address = hop;
        if !is_trusted(hop) {
            break;
        }
    }
    address
}

/// A request that has found its endpoint.
struct Call<'a> {
    state: &'a Arc<State>,
    endpoint: &'a Arc<Endpoint>,
    head: &'a Parts,
    peer: IpAddr,
}

impl Call<'_> {
    /// Everything between the route and the run; cheap refusals first.
    async fn answer<B>(
        &self,
        site: &Arc<Site>,
        parameters: &[&str],
        body: B,
        standing: &mut Option<Standing>,
    ) -> Result<Answer, Problem>
    where
        B: Body<Data = Bytes> + Send,
    {
        let endpoint = self.endpoint;
        if self.state.is_stopping() {
            return Err(Problem::Stopping);
        }
        let place = self.state.capacity.take().ok_or(Problem::Busy)?;
        if let Some(limiter) = &endpoint.rate_limit
            && *limiter.by() == RateKey::Address
        {
            admit(limiter.count_address(self.peer), standing)?;
        }
        let body = if self.head.method == Method::GET || self.head.method == Method::HEAD {
            Bytes::new()
        } else {
            body::read(body, endpoint.max_body, self.state.options.body_timeout).await?
        };
        let media = if body.is_empty() {
            MediaType::Json
        } else {
            MediaType::of(&self.head.headers)?
        };
        let query = self.head.uri.query();
        let input = input::read(endpoint, parameters, query, &body, media)?;
        if let Some(limiter) = &endpoint.rate_limit
            && let RateKey::Input(field) = limiter.by()
        {
            let value = input.get(field).unwrap_or(&Value::Null);
            admit(limiter.count_value(value), standing)?;
        }
        Ok(self.run(site, place, input).await)
    }

    async fn run(&self, site: &Arc<Site>, place: Place, input: Value) -> Answer {
        let run_id = uuid::Uuid::now_v7().to_string();
        let header = HeaderValue::try_from(run_id.as_str());
        let responded = Arc::new(OnceLock::new());
        let running = Running {
            site: Arc::clone(site),
            endpoint: Arc::clone(self.endpoint),
            request: self.endpoint.reads_request.then(|| self.request()),
            run_id,
            responded: Arc::clone(&responded),
            place,
        };
        let mut answer = match Attached::new(Box::pin(running.run(input)), responded).await {
            RunAnswer::Responded(response) => answer::of_response(&response),
            RunAnswer::Ended(outcome) => answer::of_outcome(&outcome, self.state.options.shows_internals),
        };
        if let Ok(header) = header {
            answer.headers_mut().insert(RUN_ID, header);
        }
        answer
    }

    /// `request` as expressions see it.
    fn request(&self) -> Value {
        let text = |value: &str| Value::String(value.to_owned());
        let mut headers = Map::new();
        for name in self.head.headers.keys() {
            let values: Vec<String> = self
                .head
                .headers
                .get_all(name)
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
                .collect();
            headers.insert(name.as_str().to_owned(), Value::String(values.join(", ")));
        }
        let mut query = Map::new();
        for (name, value) in url::form_urlencoded::parse(self.head.uri.query().unwrap_or_default().as_bytes())
        {
            query.entry(name.into_owned()).or_insert_with(|| text(&value));
        }
        Value::Object(Map::from_iter([
            ("method".to_owned(), text(self.head.method.as_str())),
            ("path".to_owned(), text(self.head.uri.path())),
            ("query".to_owned(), Value::Object(query)),
            ("headers".to_owned(), Value::Object(headers)),
            ("ip".to_owned(), text(&self.peer.to_string())),
        ]))
    }
}

fn admit(counted: Standing, standing: &mut Option<Standing>) -> Result<(), Problem> {
    *standing = Some(counted);
    counted
        .retry_after
        .map_or(Ok(()), |after| Err(Problem::TooManyRequests { after }))
}

/// A run with everything that it needs to go on without its caller.
struct Running {
    site: Arc<Site>,
    endpoint: Arc<Endpoint>,
    request: Option<Value>,
    run_id: String,
    responded: Arc<OnceLock<outcome::Response>>,
    /// Given back at the end of the run, not of the request.
    place: Place,
}

impl Running {
    async fn run(self, input: Value) -> outcome::RunOutcome {
        let Self {
            site,
            endpoint,
            request,
            run_id,
            responded,
            place,
        } = self;
        let began = Instant::now();
        let watch = Watch {
            run_id: run_id.clone(),
            endpoint: &endpoint,
            is_over: false,
        };
        let responder = move |response: &outcome::Response| {
            // The executor gives one answer in a life of a run.
            let _ = responded.set(response.clone());
        };
        let options = RunOptions {
            request,
            responder: Some(&responder),
            ..RunOptions::new(run_id)
        };
        let outcome = site
            .executor
            .run(&endpoint.flow, input, options, &NoJournal)
            .await;
        watch.over(&outcome);
        endpoint.metrics.ran(outcome.status, began.elapsed());
        drop(place);
        outcome
    }
}

/// Says in the log how a run ended, also if it was cut off.
struct Watch<'a> {
    run_id: String,
    endpoint: &'a Endpoint,
    is_over: bool,
}

impl Watch<'_> {
    fn over(mut self, outcome: &outcome::RunOutcome) {
        self.is_over = true;
        let flow = self.endpoint.flow.name.as_str();
        match &outcome.error {
            Some(error) if error.status >= 500 || outcome.status != RunStatus::Failed => {
                tracing::error!(
                    run_id = self.run_id,
                    flow,
                    step = error.step,
                    code = %error.code,
                    message = error.message,
                    "the run failed"
                );
            }
            Some(error) => {
                tracing::debug!(run_id = self.run_id, flow, step = error.step, code = %error.code, "the run failed");
            }
            None => {}
        }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            let flow = self.endpoint.flow.name.as_str();
            tracing::warn!(run_id = self.run_id, flow, "the run was cut off before its end");
        }
    }
}
