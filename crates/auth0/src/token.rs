//! The connection's access token: one for all runs, fetched once however many ask, renewed before it expires.
//!
//! A fetch runs in a task of its own, so that a caller who is cancelled cancels nobody else's token. The task
//! belongs to this store and ends with it. How a token is fetched is the `token_endpoint` module's job.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use lockgate_engine::action::{ActionError, Retry};
use lockgate_engine::clock::Clock;
use lockgate_engine::trace;
use reqwest::header::HeaderValue;
use secrecy::SecretString;
use tokio::task::AbortHandle;
use tracing::Instrument as _;

use crate::token_endpoint::TokenEndpoint;

/// A token counts as expired this long before it is, as in Auth0's SDKs: a request takes time too.
const EXPIRY_LEEWAY: Duration = Duration::from_secs(10);

/// Renewal in the background begins this long before the expiry, or at nine tenths of a short life.
const RENEWAL_WINDOW: Duration = Duration::from_mins(5);

/// How long the background waits after a renewal that failed.
const RENEWAL_PAUSE: Duration = Duration::from_secs(10);

/// Each forced renewal costs a token of the tenant's quota: this many in a row may be of no use, then
/// one each [`FORCED_PAUSE`].
const FORCED_BURST: u32 = 5;
const FORCED_PAUSE: Duration = Duration::from_secs(30);

/// An access token, and what the answer told about it.
pub(crate) struct Token {
    /// Which of the store's tokens: a later one has a higher number.
    pub(crate) serial: u64,
    pub(crate) secret: SecretString,
    /// `Bearer …`, marked as sensitive.
    pub(crate) authorization: HeaderValue,
    /// The scopes that were granted, where the answer or the token told.
    pub(crate) scopes: Option<Vec<String>>,
    /// How long it was valid when it came.
    pub(crate) lifetime: Duration,
    /// When it came, by [`Clock::elapsed`].
    pub(crate) fetched_at: Duration,
}

impl Token {
    fn age(&self, now: Duration) -> Duration {
        now.saturating_sub(self.fetched_at)
    }

    fn is_valid(&self, now: Duration) -> bool {
        self.age(now)
            < self
                .lifetime
                .saturating_sub(EXPIRY_LEEWAY.min(self.lifetime / 20))
    }

    fn is_due(&self, now: Duration) -> bool {
        self.age(now)
            >= self
                .lifetime
                .saturating_sub(RENEWAL_WINDOW.min(self.lifetime / 10))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("serial", &self.serial)
            .field("scopes", &self.scopes)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

type FetchResult = Result<Arc<Token>, ActionError>;

struct Fetch {
    number: u64,
    result: Shared<BoxFuture<'static, FetchResult>>,
    task: AbortHandle,
}

struct State {
    current: Option<Arc<Token>>,
    fetch: Option<Fetch>,
    next_number: u64,
    background_not_before: Duration,
    forced: u32,
    forced_at: Duration,
}

struct Inner {
    endpoint: TokenEndpoint,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

/// The store. Dropping it ends a fetch that is under way.
pub(crate) struct TokenStore {
    inner: Arc<Inner>,
}

impl TokenStore {
    pub(crate) fn new(endpoint: TokenEndpoint, clock: Arc<dyn Clock>) -> Self {
        let state = State {
            current: None,
            fetch: None,
            next_number: 1,
            background_not_before: Duration::ZERO,
            forced: 0,
            forced_at: Duration::ZERO,
        };
        Self {
            inner: Arc::new(Inner {
                endpoint,
                clock,
                state: Mutex::new(state),
            }),
        }
    }

    /// A valid token. Near the end of its life the old one is given while a new one is on its way.
    pub(crate) async fn get(&self) -> FetchResult {
        let fetch = {
            let mut state = self.inner.lock();
            let now = self.inner.clock.elapsed();
            match state.current.clone().filter(|token| token.is_valid(now)) {
                Some(token) => {
                    if token.is_due(now) && state.fetch.is_none() && now >= state.background_not_before {
                        tracing::debug!("renewing the access token in the background");
                        // The task runs by itself; the next to ask finds its token.
                        let _ = self.join(&mut state);
                    }
                    return Ok(token);
                }
                None => self.join(&mut state),
            }
        };
        self.finish(fetch).await
    }

    /// A newer token than `old`. `None` where too many forced renewals were of no use lately.
    pub(crate) async fn renew(&self, old: &Token) -> Option<FetchResult> {
        let fetch = {
            let mut state = self.inner.lock();
            let now = self.inner.clock.elapsed();
            match &state.current {
                Some(token) if token.serial > old.serial && token.is_valid(now) => {
                    return Some(Ok(Arc::clone(token)));
                }
                _ => {}
            }
            if state.fetch.is_none() {
                if now >= state.forced_at + FORCED_PAUSE {
                    state.forced = state.forced.min(FORCED_BURST - 1);
                }
                if state.forced >= FORCED_BURST {
                    return None;
                }
                state.forced += 1;
                state.forced_at = now;
            }
            self.join(&mut state)
        };
        Some(self.finish(fetch).await)
    }

    /// A forced renewal has helped: the next ones need not be counted with the useless ones.
    pub(crate) fn renewal_helped(&self) {
        self.inner.lock().forced = 0;
    }

    /// A new token, whatever is cached.
    pub(crate) async fn fetch(&self) -> FetchResult {
        let fetch = self.join(&mut self.inner.lock());
        self.finish(fetch).await
    }

    /// The fetch that is under way, or a new one.
    fn join(&self, state: &mut State) -> (u64, Shared<BoxFuture<'static, FetchResult>>) {
        if let Some(fetch) = &state.fetch {
            return (fetch.number, fetch.result.clone());
        }
        let number = state.next_number;
        state.next_number += 1;
        let inner = Arc::clone(&self.inner);
        // A child of the step that asked first; others wait for the same fetch.
        let span = tracing::info_span!(target: trace::TARGET, "token", "otel.name" = "fetch a token");
        #[expect(
            clippy::disallowed_methods,
            reason = "owned by the store, which aborts it when dropped"
        )]
        let task = tokio::spawn(async move { inner.run(number).await }.instrument(span));
        let abort = task.abort_handle();
        let result = async move {
            task.await.unwrap_or_else(|_| {
                Err(ActionError::new("unavailable", "the token request was abandoned")
                    .with_retry(Retry::NothingHappened { after: None }))
            })
        };
        let result = result.boxed().shared();
        state.fetch = Some(Fetch {
            number,
            result: result.clone(),
            task: abort,
        });
        (number, result)
    }

    async fn finish(&self, (number, result): (u64, Shared<BoxFuture<'static, FetchResult>>)) -> FetchResult {
        let result = result.await;
        // The task clears its own entry, unless it was aborted or panicked.
        self.inner.clear(number);
        result
    }
}

impl Drop for TokenStore {
    fn drop(&mut self) {
        if let Some(fetch) = &self.inner.lock().fetch {
            fetch.task.abort();
        }
    }
}

impl Inner {
    async fn run(&self, number: u64) -> FetchResult {
        let result = self.endpoint.fetch(number, &*self.clock).await.map(Arc::new);
        let mut state = self.lock();
        match &result {
            Ok(token) => state.current = Some(Arc::clone(token)),
            Err(error) => {
                // Whoever asked for it gets the error; a renewal ahead of time is tried again.
                tracing::info!(code = %error.code, "no access token");
                state.background_not_before = self.clock.elapsed() + RENEWAL_PAUSE;
            }
        }
        state.fetch.take_if(|fetch| fetch.number == number);
        result
    }

    fn clear(&self, number: u64) {
        self.lock().fetch.take_if(|fetch| fetch.number == number);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change under the lock is a plain assignment: a panic elsewhere leaves no half-made state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
