//! A live connection to one tenant: what every action calls through.
//!
//! Here the parts come together: a token, a place in the rate budget, one exchange, and what to do when Auth0
//! refuses the token, a scope, or the pace. What a call means is the actions' business.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use lockgate_engine::action::{ActionContext, ActionError};
use lockgate_engine::clock::Clock;
use lockgate_engine::connection::SettingsError;
use lockgate_engine::trace::Outgoing;
use lockgate_flow::catalog::{ActionSpec, KnownInput, ScopeNeed};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};

use crate::error::{self, Said, Subject};
use crate::path::ApiPath;
use crate::rate::{Budget, LONGEST_WAIT, Throttled};
use crate::redact::Redactor;
use crate::session_token::SessionTokens;
use crate::settings::{Credentials, Settings};
use crate::token::{Token, TokenStore};
use crate::token_endpoint::TokenEndpoint;
use crate::transport::{self, Answer, BuildError, EXCHANGE_TIMEOUT, Outbound, Transport};
use crate::wire::Wire;

/// One call meets no more 429s than this, however much time it has.
const MOST_THROTTLED: u32 = 8;

/// A connection of type `auth0`. Shared by all runs; holds the pool, the token and the rate budget.
pub struct Auth0Connection {
    name: String,
    settings: Arc<Settings>,
    transport: Arc<Transport>,
    tokens: TokenStore,
    budget: Budget,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Auth0Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth0Connection")
            .field("name", &self.name)
            .field("base_url", &self.settings.base.as_str())
            .field("client_id", &self.settings.client_id)
            .finish_non_exhaustive()
    }
}

impl Auth0Connection {
    /// Makes a connection from its resolved settings (all variables filled in). Opens no socket: the first
    /// call does.
    pub fn from_settings(
        name: &str,
        settings: &Map<String, Value>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, SettingsError> {
        let settings = Settings::parse(name, settings)?;
        let transport = Transport::new(settings.is_loopback_http);
        Self::assemble(name, settings, transport, clock)
    }

    /// As [`Self::from_settings`], but whatever the settings say of where to call: everything goes over the wire,
    /// with the URLs that the settings make.
    pub fn over(
        name: &str,
        settings: &Map<String, Value>,
        clock: Arc<dyn Clock>,
        wire: Arc<dyn Wire>,
    ) -> Result<Arc<Self>, SettingsError> {
        let settings = Settings::parse(name, settings)?;
        Self::assemble(name, settings, Transport::over(wire), clock)
    }

    fn assemble(
        name: &str,
        settings: Settings,
        transport: Result<Transport, BuildError>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, SettingsError> {
        let settings = Arc::new(settings);
        let transport = transport.map_err(|problem| SettingsError {
            connection: name.to_owned(),
            setting: String::new(),
            problem: problem.to_string(),
            help: Some("install the system's CA certificates (the package `ca-certificates`)".to_owned()),
        })?;
        let transport = Arc::new(transport);
        let endpoint = TokenEndpoint {
            connection: name.to_owned(),
            settings: Arc::clone(&settings),
            transport: Arc::clone(&transport),
        };
        Ok(Arc::new(Self {
            name: name.to_owned(),
            settings,
            transport,
            tokens: TokenStore::new(endpoint, Arc::clone(&clock)),
            budget: Budget::new(),
            clock,
        }))
    }

    /// The connection's name in the workspace.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it calls: `https://DOMAIN`, or the `base_url`. No slash at the end.
    pub fn base_url(&self) -> &str {
        self.settings.base.as_str().trim_end_matches('/')
    }

    /// The client id of the application that it calls as.
    pub fn client_id(&self) -> &str {
        &self.settings.client_id
    }

    /// The identifier of the Management API that its tokens are for.
    pub fn audience(&self) -> &str {
        &self.settings.audience
    }

    /// What it knows of session tokens.
    pub(crate) fn session_tokens(&self) -> &SessionTokens {
        &self.settings.session_tokens
    }

    /// Host, and port if it is not the scheme's own.
    pub(crate) fn token_host(&self) -> String {
        let host = self.settings.base.host_str().unwrap_or_default();
        self.settings
            .base
            .port()
            .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    pub(crate) fn tokens(&self) -> &TokenStore {
        &self.tokens
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }
}

/// One request of the Management API.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) path: ApiPath,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<&'a Value>,
}

impl Request<'_> {
    pub(crate) fn new(method: Method, path: ApiPath) -> Self {
        Self {
            method,
            path,
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: None,
        }
    }
}

/// A good answer, with the tokens that its request has shown.
pub(crate) struct Sent {
    answer: Answer,
    tokens: Vec<Arc<Token>>,
}

impl Deref for Sent {
    type Target = Answer;

    fn deref(&self) -> &Answer {
        &self.answer
    }
}

/// The requests of one attempt of one step: they share its time and its secrets.
pub(crate) struct Session<'a> {
    connection: &'a Auth0Connection,
    spec: &'a ActionSpec,
    /// Whatever the step got as a secret is masked in all that it hears, whichever request it was in.
    input: &'a Value,
    /// The scopes that the step needs; looked up when an answer is a refusal.
    needs: OnceLock<Vec<ScopeNeed>>,
    deadline: Option<Duration>,
    trace: Outgoing<'a>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        context: &'a ActionContext<'_>,
        spec: &'a ActionSpec,
        input: &'a Value,
    ) -> Result<Self, ActionError> {
        let connection: &Auth0Connection = context.connection()?;
        Ok(Self {
            connection,
            spec,
            input,
            needs: OnceLock::new(),
            deadline: context.time_left.map(|left| connection.clock.elapsed() + left),
            trace: context.trace,
        })
    }

    pub(crate) fn connection(&self) -> &Auth0Connection {
        self.connection
    }

    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject {
            spec: self.spec,
            connection: &self.connection.name,
            client_id: &self.connection.settings.client_id,
            needs: self.needs(),
        }
    }

    fn needs(&self) -> &[ScopeNeed] {
        self.needs.get_or_init(|| {
            let known = KnownInput {
                value: self.input.clone(),
                unknown: Vec::new(),
            };
            self.spec.scopes.map(|rule| rule(&known)).unwrap_or_default()
        })
    }

    fn time_left(&self) -> Option<Duration> {
        self.deadline
            .map(|deadline| deadline.saturating_sub(self.connection.clock.elapsed()))
    }

    /// Whether the step has twice this time left: for a pause and for something after it.
    pub(crate) fn has_time_for(&self, pause: Duration) -> bool {
        self.time_left().is_none_or(|left| left > pause * 2)
    }

    /// How long one exchange may take: our own limit, or the part of the time left that leaves room for finding out what
    /// became of the request.
    fn exchange_timeout(&self, leave_room: bool) -> Duration {
        // The limits of the step and of what is around it are the engine's, which drops the call: an error of ours just
        // before would be taken for the action's own, and a handler of the step could swallow the run's limit.
        let share = self.time_left().filter(|_| leave_room).map(|left| left / 2);
        share
            .unwrap_or(EXCHANGE_TIMEOUT)
            .clamp(Duration::from_millis(1), EXCHANGE_TIMEOUT)
    }

    /// Everything that must not be quoted from answers to this session.
    fn redactor(&self, tokens: &[Arc<Token>]) -> Redactor {
        let mut redactor = Redactor::default();
        for token in tokens {
            redactor.add(token.secret.expose_secret());
        }
        if let Credentials::Secret(secret) = &self.connection.settings.credentials {
            redactor.add(secret.expose_secret());
        }
        redactor.add_body(self.input);
        redactor
    }

    /// Sends the request, and gives an answer with a good status. Bad ones become errors.
    ///
    /// The error's `retry` tells what is known of the effect: [`Retry::Transient`] means that the request may
    /// have been carried out.
    ///
    /// [`Retry::Transient`]: lockgate_engine::action::Retry::Transient
    pub(crate) async fn send(&self, request: &Request<'_>, leave_room: bool) -> Result<Sent, ActionError> {
        let connection = self.connection;
        let clock = &*connection.clock;
        let mut is_token_renewed = false;
        let mut is_scope_renewed = false;
        let mut throttled = 0;
        let mut last_said = None;
        let mut token = connection.tokens.get().await?;
        let mut shown = Vec::new();
        loop {
            shown.push(Arc::clone(&token));
            let permit = connection
                .budget
                .acquire(clock, self.time_left())
                .await
                .map_err(|Throttled { after }| error::throttled(self.subject(), after, last_said.take()))?;
            let call = transport::call(
                &connection.settings.base,
                request.method.as_str(),
                request.path.own_template(),
            );
            let mut url = connection.settings.endpoint(&request.path);
            if !request.query.is_empty() {
                url.query_pairs_mut().extend_pairs(&request.query);
            }
            let mut outbound = Outbound::new(request.method.clone(), url);
            outbound.headers = request.headers.clone();
            outbound
                .headers
                .append(AUTHORIZATION, token.authorization.clone());
            // What an author writes there counts.
            if !request.headers.contains_key("traceparent") {
                for (name, value) in self.trace.headers(&call) {
                    // W3C Trace Context: what cannot be sent on is left out.
                    if let Ok(value) = HeaderValue::try_from(value) {
                        outbound.headers.append(name, value);
                    }
                }
            }
            if let Some(body) = request.body {
                outbound = outbound.with_body("application/json", body.to_string());
            }
            let started = clock.elapsed();
            let result = connection
                .transport
                .exchange(outbound, self.exchange_timeout(leave_room), call)
                .await;
            let now = clock.elapsed();
            let status = result.as_ref().map_or(0, |answer| answer.status.as_u16());
            tracing::debug!(
                connection = connection.name,
                method = %request.method,
                path = request.path.template(),
                status,
                duration_ms = now.saturating_sub(started).as_millis(),
                "called the Management API"
            );
            let answer = match result {
                Ok(answer) => answer,
                Err(failure) => {
                    return Err(error::failed(self.subject(), &self.redactor(&shown), &failure));
                }
            };
            permit.answered(now, clock.now(), &answer.headers);
            drop(permit);
            if answer.status.is_success() {
                if is_token_renewed || is_scope_renewed {
                    connection.tokens.renewal_helped();
                }
                return Ok(Sent {
                    answer,
                    tokens: shown,
                });
            }
            let redactor = self.redactor(&shown);
            let refusal = || error::refused(self.subject(), &redactor, &answer);
            match answer.status {
                StatusCode::TOO_MANY_REQUESTS => {
                    let after = connection.budget.throttled(now, clock.now(), &answer.headers);
                    throttled += 1;
                    if throttled >= MOST_THROTTLED || after > self.time_left().unwrap_or(LONGEST_WAIT) {
                        let said = error::provider(&answer, Said::read(&answer), &redactor);
                        return Err(error::throttled(self.subject(), after, Some(said)));
                    }
                    last_said = Some(error::provider(&answer, Said::read(&answer), &redactor));
                }
                // The request was refused before anything was done, so every method may be repeated.
                StatusCode::UNAUTHORIZED if !is_token_renewed => {
                    is_token_renewed = true;
                    tracing::debug!(connection = connection.name, "the token was refused: renewing it");
                    match connection.tokens.renew(&token).await {
                        Some(renewed) => token = renewed?,
                        None => return Err(refusal()),
                    }
                }
                // Scopes may have been granted since the token was fetched.
                StatusCode::FORBIDDEN if !is_scope_renewed && error::is_missing_scope(&answer) => {
                    is_scope_renewed = true;
                    tracing::debug!(
                        connection = connection.name,
                        "a scope is missing: renewing the token"
                    );
                    match connection.tokens.renew(&token).await {
                        // Without a new token there is still the better word: which scope is missing.
                        Some(Ok(renewed)) => token = renewed,
                        Some(Err(_)) | None => return Err(refusal()),
                    }
                }
                _ => return Err(refusal()),
            }
        }
    }

    /// [`Self::send`], and the body as JSON.
    pub(crate) async fn send_json(
        &self,
        request: &Request<'_>,
        leave_room: bool,
    ) -> Result<Value, ActionError> {
        let answer = self.send(request, leave_room).await?;
        self.read_json(&answer)
    }

    /// The body of a good answer as JSON.
    pub(crate) fn read_json(&self, answer: &Sent) -> Result<Value, ActionError> {
        answer
            .json()
            .ok_or_else(|| error::not_json(self.subject(), &self.redactor(&answer.tokens), answer))
    }
}
