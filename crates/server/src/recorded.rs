//! `GET /_runs/{run_id}`: the answer of a run whose caller did not wait for it (`Prefer: respond-async`), or did not get it.
//!
//! Who may ask is who may call the flow. A run that no request has started has no answer here; neither has one whose flow has
//! no HTTP trigger any more: nobody can tell then who may ask.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Instant;

use http::header::{ALLOW, CACHE_CONTROL, HeaderValue, ORIGIN};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use lockgate_engine::trace::TraceContext;
use lockgate_runtime::{RunAnswer, Runtime};
use lockgate_store::{RunId, Trigger};

use crate::durable::{pending, unavailable};
use crate::endpoint::Endpoint;
use crate::exchange::{ACCESS, milliseconds};
use crate::problem::{Answer, Problem};
use crate::site::Site;
use crate::state::State;
use crate::trace::RequestSpan;

/// Where the paths of runs begin. Flows have no routes there.
pub(crate) const PREFIX: &str = "/_runs/";

/// As metrics and spans have it.
const TEMPLATE: &str = "/_runs/{run_id}";

const ALLOWED: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// What a request is for.
struct Wanted<'a> {
    id: RunId,
    endpoint: &'a Arc<Endpoint>,
    answer: Option<RunAnswer>,
}

/// The answer to a request for a path below [`PREFIX`].
pub(crate) async fn answer(state: &State, site: &Arc<Site>, head: &Parts, id: &str) -> Answer {
    let began = Instant::now();
    let span = RequestSpan::begin(site.executor(), head, Some(TEMPLATE), state.options.tls.is_some());
    let mut flow = None;
    let answer = match find(state, site, id).await {
        Ok(wanted) => {
            flow = Some((wanted.endpoint.flow.name.as_str(), wanted.id.to_string()));
            let mut answer = respond(state, site, head, &wanted).unwrap_or_else(Problem::into_answer);
            finish(head, wanted.endpoint, &mut answer);
            answer
        }
        Err(problem) => problem.into_answer(),
    };
    let took = began.elapsed();
    state
        .metrics
        .answered_at(TEMPLATE, &head.method, answer.status(), took);
    tracing::info!(
        target: ACCESS,
        method = head.method.as_str(),
        route = TEMPLATE,
        status = answer.status().as_u16(),
        duration_ms = milliseconds(took),
        flow = flow.as_ref().map(|(flow, _)| *flow),
        run_id = flow.as_ref().map(|(_, id)| id.as_str()),
        trace_id = span.trace.as_ref().map(TraceContext::trace_id_hex),
        "answered"
    );
    span.answered(answer.status());
    answer
}

/// The run of an id, and the endpoint that it was asked for at.
async fn find<'s>(state: &State, site: &'s Arc<Site>, id: &str) -> Result<Wanted<'s>, Problem> {
    let id = RunId::from_str(id)
        .ok()
        // A path is compared byte by byte; an id can be written in several ways.
        .filter(|read| read.to_string() == id)
        .ok_or(Problem::NoRun)?;
    let runtime: &Runtime = state.runtime.as_ref().ok_or(Problem::NoRun)?;
    let seen = runtime.look(id).await.map_err(|error| unavailable(&error))?;
    let seen = seen
        .filter(|seen| seen.trigger == Trigger::Http)
        .ok_or(Problem::NoRun)?;
    let endpoint = site.routes.endpoint_of(&seen.flow).ok_or(Problem::NoRun)?;
    Ok(Wanted {
        id,
        endpoint,
        answer: seen.answer,
    })
}

fn respond(state: &State, site: &Site, head: &Parts, wanted: &Wanted<'_>) -> Result<Answer, Problem> {
    match head.method {
        Method::GET | Method::HEAD => {}
        Method::OPTIONS => {
            let mut answer = Response::new(Full::default());
            *answer.status_mut() = StatusCode::NO_CONTENT;
            answer.headers_mut().insert(ALLOW, ALLOWED);
            return Ok(answer);
        }
        _ => return Err(Problem::MethodNotAllowed { allow: ALLOWED }),
    }
    if let Some(credentials) = &wanted.endpoint.credentials {
        let clock = site.executor().clock();
        if let Some(signature) = credentials.check_head(&head.headers, &**clock)? {
            credentials.check_body(&signature, head, b"")?;
        }
    }
    Ok(match &wanted.answer {
        Some(answer) => state.of_run_answer(answer.clone(), wanted.id),
        None => pending(wanted.id),
    })
}

/// The headers that every answer has: whether pages may read it; that nobody keeps it.
fn finish(head: &Parts, endpoint: &Endpoint, answer: &mut Answer) {
    let origin = head.headers.get(ORIGIN);
    if let Some(cors) = &endpoint.cors {
        match origin {
            Some(origin) if head.method == Method::OPTIONS => {
                cors.preflight(origin, &head.headers, answer.headers_mut());
            }
            origin => cors.answer(origin, answer.headers_mut()),
        }
    }
    answer
        .headers_mut()
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}
