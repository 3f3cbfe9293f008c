//! A key set behind a URL: fetched when it is first needed, kept as long as it counts, fetched anew when a token names a
//! key that is not in it, and kept on for a while when its server is gone.
//!
//! Whoever shows tokens decides what keys they name, so an unknown key costs a request at most once in a while. Of those
//! who need the set at the same time, one asks.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lockgate_engine::action::{ActionContext, ActionError, Retry};
use lockgate_engine::clock::Clock;
use lockgate_http::{Exchange, Request, StatusRange, refused};
use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use serde_json::{Map, Value};
use url::Url;

use super::algorithm::Algorithm;
use super::freshness;
use super::key_set::KeySet;

/// The error of whoever needs keys and cannot have them.
pub(super) const KEY_SET_UNAVAILABLE: &str = "key_set_unavailable";

/// The least time between two requests that were made for an unknown key.
const COOLDOWN: Duration = Duration::from_secs(30);

/// The least time between a request that failed and the next.
const PAUSE: Duration = Duration::from_secs(5);

/// How long keys count on when nobody gives newer ones.
const STALE: Duration = Duration::from_hours(24);

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Larger documents are no key sets, in bytes.
const MAX_DOCUMENT: usize = 128 * 1024;

/// Where a key set is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// There.
    Url(Url),
    /// Where the issuer's OpenID configuration says (OpenID Connect Discovery 1.0 §4).
    Issuer {
        /// Exactly as the configuration must say it.
        issuer: String,
        /// Of the configuration.
        configuration: Url,
    },
}

/// A key set behind a URL.
pub(super) struct RemoteKeys {
    source: Source,
    algorithm: Algorithm,
    clock: Arc<dyn Clock>,
    held: Mutex<Held>,
    /// Whoever has it asks.
    flight: tokio::sync::Mutex<()>,
}

/// A set that was fetched.
#[derive(Clone, Debug)]
pub(super) struct Fetched {
    pub(super) keys: KeySet,
    /// Where it came from, before redirects.
    pub(super) url: Url,
    /// Goes up with each request.
    pub(super) generation: u64,
    fresh_until: Duration,
    stale_until: Duration,
}

#[derive(Default)]
struct Held {
    known: Option<Arc<Fetched>>,
    /// Requests so far, good or bad.
    generation: u64,
    /// Before this time nobody asks again.
    rest_until: Duration,
    /// Where the set is, once the configuration has said it.
    found: Option<Url>,
    failure: Option<ActionError>,
}

/// What is needed of a set.
#[derive(Clone, Copy, Debug)]
pub(super) enum Need<'a> {
    /// Some keys.
    Any,
    /// The key of this id.
    Key(&'a str),
    /// One that was fetched later than this generation.
    NewerThan(u64),
}

impl Need<'_> {
    fn is_met_by(self, fetched: &Fetched) -> bool {
        match self {
            Self::Any => true,
            Self::Key(id) => fetched.keys.has(id),
            Self::NewerThan(generation) => fetched.generation > generation,
        }
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeys")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl RemoteKeys {
    /// Keys that nobody has asked for yet.
    pub(super) fn new(source: Source, algorithm: Algorithm, clock: Arc<dyn Clock>) -> Self {
        Self {
            source,
            algorithm,
            clock,
            held: Mutex::default(),
            flight: tokio::sync::Mutex::default(),
        }
    }

    /// The best set that can be had for a need. It may not meet it: the key is unknown then.
    ///
    /// # Errors
    /// There is none, and it cannot be fetched.
    pub(super) async fn get(
        &self,
        need: Need<'_>,
        exchange: &Exchange,
        context: &ActionContext<'_>,
    ) -> Result<Arc<Fetched>, ActionError> {
        let (usable, generation) = {
            let held = self.held();
            let now = self.clock.elapsed();
            let usable = held.usable(now);
            let met = usable.as_ref().is_some_and(|fetched| need.is_met_by(fetched));
            match usable {
                Some(fetched) if met && now < fetched.fresh_until => return Ok(fetched),
                usable if now < held.rest_until => return usable.ok_or_else(|| held.failed(now)),
                usable => (usable.filter(|_| met), held.generation),
            }
        };
        // While one asks, what is stale but does is better than waiting.
        let _flight = match (self.flight.try_lock(), usable) {
            (Ok(flight), _) => flight,
            (Err(_), Some(usable)) => return Ok(usable),
            (Err(_), None) => self.flight.lock().await,
        };
        let asked_meanwhile = self.held().generation != generation;
        if !asked_meanwhile {
            let outcome = self.fetch(exchange, context).await;
            self.held().keep(outcome, self.clock.elapsed());
        }
        let held = self.held();
        let now = self.clock.elapsed();
        held.usable(now).ok_or_else(|| held.failed(now))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch(
        &self,
        exchange: &Exchange,
        context: &ActionContext<'_>,
    ) -> Result<(KeySet, Url, Duration), ActionError> {
        let url = match &self.source {
            Source::Url(url) => url.clone(),
            Source::Issuer {
                issuer,
                configuration,
            } => self.find(issuer, configuration, exchange, context).await?,
        };
        let (document, fresh) = self.document(&url, exchange, context).await?;
        let keys = KeySet::from_json(self.algorithm, &document)
            .ok_or_else(|| unavailable(&url, "the document is no JSON Web Key Set"))?;
        tracing::debug!(url = url.as_str(), keys = keys.len(), "fetched a key set");
        Ok((keys, url, fresh))
    }

    /// Where the issuer has its keys: as it said when it was last asked.
    async fn find(
        &self,
        issuer: &str,
        configuration: &Url,
        exchange: &Exchange,
        context: &ActionContext<'_>,
    ) -> Result<Url, ActionError> {
        let found = self.held().found.clone();
        if let Some(url) = found {
            return Ok(url);
        }
        let (document, _) = self.document(configuration, exchange, context).await?;
        let url = key_set_url(issuer, configuration, &document)
            .map_err(|problem| unavailable(configuration, problem))?;
        self.held().found = Some(url.clone());
        Ok(url)
    }

    /// A JSON object, and how long it counts.
    async fn document(
        &self,
        url: &Url,
        exchange: &Exchange,
        context: &ActionContext<'_>,
    ) -> Result<(Map<String, Value>, Duration), ActionError> {
        let request = Request {
            method: Method::GET,
            url: url.clone(),
            headers: HeaderMap::from_iter([(
                ACCEPT,
                HeaderValue::from_static("application/jwk-set+json, application/json"),
            )]),
            body: None,
            timeout: TIMEOUT,
            accept: vec![StatusRange(200..=200)],
            follow_redirects: true,
            is_repeatable: true,
            secrets: Vec::new(),
        };
        let retold = |error: ActionError| {
            let (retry, provider) = (error.retry, error.provider.clone());
            let mut error = unavailable(url, error.message).with_retry(retry);
            error.provider = provider;
            error
        };
        let answer = exchange
            .send(&request, context)
            .await
            .map_err(|failure| retold(failure.into_error(&request)))?;
        if !request.accepts(answer.status.as_u16()) {
            let now = self.clock.now().as_second();
            return Err(retold(refused(&request, &answer, now)));
        }
        if answer.body.len() > MAX_DOCUMENT {
            let problem = format!("the document has {} bytes", answer.body.len());
            return Err(unavailable(url, problem));
        }
        let document = serde_json::from_slice(&answer.body)
            .map_err(|_| unavailable(url, "the document is no JSON object"))?;
        Ok((document, freshness::of(&answer.headers)))
    }
}

impl Held {
    fn usable(&self, now: Duration) -> Option<Arc<Fetched>> {
        self.known.clone().filter(|fetched| now < fetched.stale_until)
    }

    /// Why there is nothing usable.
    fn failed(&self, now: Duration) -> ActionError {
        let mut error = self.failure.clone().unwrap_or_else(|| {
            ActionError::new(
                KEY_SET_UNAVAILABLE,
                "the keys are too old, and nobody gives newer ones",
            )
        });
        if let Retry::NothingHappened { after } = &mut error.retry {
            let rest = self.rest_until.saturating_sub(now);
            *after = Some(after.map_or(rest, |after| after.max(rest)));
        }
        error
    }

    fn keep(&mut self, outcome: Result<(KeySet, Url, Duration), ActionError>, now: Duration) {
        self.generation += 1;
        match outcome {
            Ok((keys, url, fresh)) => {
                self.known = Some(Arc::new(Fetched {
                    keys,
                    url,
                    generation: self.generation,
                    fresh_until: now + fresh,
                    stale_until: now + STALE,
                }));
                self.rest_until = now + COOLDOWN;
                self.failure = None;
            }
            Err(error) => {
                match self.usable(now) {
                    Some(_) => {
                        tracing::warn!(%error, "the known keys are used on");
                        self.rest_until = now + COOLDOWN;
                    }
                    None => self.rest_until = now + PAUSE,
                }
                // It may have moved.
                self.found = None;
                self.failure = Some(error);
            }
        }
    }
}

fn unavailable(url: &Url, problem: impl fmt::Display) -> ActionError {
    ActionError::new(
        KEY_SET_UNAVAILABLE,
        format!(
            "the keys at {} cannot be had: {problem}",
            url.origin().ascii_serialization()
        ),
    )
}

/// Where the configuration of an issuer says that its keys are (OpenID Connect Discovery 1.0 §4.3).
fn key_set_url(
    issuer: &str,
    configuration: &Url,
    document: &Map<String, Value>,
) -> Result<Url, &'static str> {
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    if text("issuer") != Some(issuer) {
        return Err("the configuration is that of another issuer; the names must be equal to the letter");
    }
    let url = text("jwks_uri")
        .and_then(|url| Url::parse(url).ok())
        .ok_or("the configuration has no `jwks_uri`")?;
    // Whoever reads on the way could write there, too.
    if url.scheme() != "https" && url.scheme() != configuration.scheme() {
        return Err("the configuration's `jwks_uri` is not https");
    }
    Ok(url)
}

#[cfg(test)]
#[path = "remote_tests.rs"]
mod tests;
