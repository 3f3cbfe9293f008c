//! One request → one answer: finds the endpoint, and finishes what came of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, ALLOW, CONTENT_TYPE, HeaderValue, ORIGIN};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Body;
use lockgate_engine::trace::TraceContext;

use crate::answer::RUN_ID;
use crate::call::Call;
use crate::caller::Caller;
use crate::endpoint::Endpoint;
use crate::listen::Peer;
use crate::problem::{Answer, Problem};
use crate::recorded;
use crate::routes::{Found, PathEntry, Target};
use crate::site::Site;
use crate::state::State;
use crate::trace::RequestSpan;

/// Where the document of a site is served, unless a flow has this route.
const OPENAPI: &str = "/openapi.json";

/// What is logged of requests.
pub(crate) const ACCESS: &str = "lockgate::access";

/// One request → one answer. Never fails: what goes wrong is a problem document.
///
/// To HEAD it answers like to GET: hyper leaves the content out and keeps its length.
pub(crate) async fn exchange<B>(state: &Arc<State>, peer: Peer, request: Request<B>) -> Answer
where
    B: Body<Data = Bytes> + Send,
{
    let began = Instant::now();
    let _in_flight = state.metrics.in_flight(request.method());
    let site = state.site();
    let (head, body) = request.into_parts();
    if let Some(id) = head.uri.path().strip_prefix(recorded::PREFIX) {
        return recorded::answer(state, &site, &head, id).await;
    }
    let found = site.routes.find(head.uri.path());
    let is_tls = state.options.tls.is_some();
    let span_of = |route| RequestSpan::begin(site.executor(), &head, route, is_tls);
    let (endpoint, parameters) = match endpoint(&site, found, &head) {
        Ok(found) => found,
        Err(answer) => {
            span_of(None).answered(answer.status());
            state
                .metrics
                .unrouted(&head.method, answer.status(), began.elapsed());
            return answer;
        }
    };
    let span = span_of(Some(&endpoint.template));
    let access = Access {
        endpoint,
        method: &head.method,
        began,
        trace: span.trace.as_ref(),
        is_answered: false,
    };
    let call = Call {
        state,
        site: &site,
        endpoint,
        caller: Caller::new(&state.options, peer, &head),
        trace: span.trace.as_ref(),
    };
    let mut standing = None;
    let result = call.answer(&parameters, body, &mut standing).await;
    let mut answer = result.unwrap_or_else(|problem| {
        endpoint.metrics.refused(problem.kind().0);
        problem.into_answer()
    });
    if let Some(standing) = standing {
        standing.write(answer.headers_mut());
    }
    if let Some(cors) = &endpoint.cors {
        cors.answer(head.headers.get(ORIGIN), answer.headers_mut());
    }
    access.answered(&answer);
    span.answered(answer.status());
    answer
}

/// The endpoint that a request is for, with the parameters in its path. Or the answer of one that is for none.
fn endpoint<'s, 'p>(
    site: &'s Site,
    found: Option<Found<'s, 'p>>,
    head: &Parts,
) -> Result<(&'s Arc<Endpoint>, Vec<&'p str>), Answer> {
    let Some(Found { entry, parameters }) = found else {
        return Err(unrouted(site, head));
    };
    match entry.target(&head.method) {
        Some(Target::Flow(endpoint)) => Ok((endpoint, parameters)),
        Some(Target::Broken(flow)) => {
            let finding = flow.finding.clone();
            Err(Problem::BrokenFlow { finding }.into_answer())
        }
        None if head.method == Method::OPTIONS => Err(options(entry, head)),
        None => {
            let allow = entry.allow();
            Err(Problem::MethodNotAllowed { allow }.into_answer())
        }
    }
}

/// A request to an endpoint, until it has its answer, which is counted; or, if this is dropped before, until its caller
/// has left. Either way it is one line in the access log. No path and no query, which may hold what a caller typed.
struct Access<'a> {
    endpoint: &'a Endpoint,
    method: &'a Method,
    began: Instant,
    trace: Option<&'a TraceContext>,
    is_answered: bool,
}

impl Access<'_> {
    fn answered(mut self, answer: &Answer) {
        self.is_answered = true;
        let took = self.began.elapsed();
        let run_id = answer.headers().get(RUN_ID);
        self.endpoint.metrics.answered(self.method, answer.status(), took);
        tracing::info!(
            target: ACCESS,
            method = self.method.as_str(),
            route = self.endpoint.template,
            status = answer.status().as_u16(),
            duration_ms = milliseconds(took),
            flow = self.endpoint.flow.name,
            run_id = run_id.and_then(|id| id.to_str().ok()),
            trace_id = self.trace.map(TraceContext::trace_id_hex),
            "answered"
        );
    }
}

impl Drop for Access<'_> {
    fn drop(&mut self) {
        // A panic is told where it is caught.
        if self.is_answered || std::thread::panicking() {
            return;
        }
        tracing::info!(
            target: ACCESS,
            method = self.method.as_str(),
            route = self.endpoint.template,
            duration_ms = milliseconds(self.began.elapsed()),
            flow = self.endpoint.flow.name,
            trace_id = self.trace.map(TraceContext::trace_id_hex),
            "the caller left without an answer"
        );
    }
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// A path that no flow has.
fn unrouted(site: &Site, head: &Parts) -> Answer {
    if head.uri.path() != OPENAPI {
        return Problem::NoRoute.into_answer();
    }
    let allow = HeaderValue::from_static("GET, HEAD, OPTIONS");
    let mut answer = match head.method {
        Method::GET | Method::HEAD => Response::new(Full::new(site.openapi())),
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

#[cfg(test)]
#[path = "exchange_tests.rs"]
mod tests;
