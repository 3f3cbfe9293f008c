//! How a tenant is set up and started.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::fault::{Fault, FaultPlan};
use crate::identifiers::Identifiers;
use crate::messages::Messages;
use crate::rate_limit::{RateLimit, RateLimits};
use crate::requests::Requests;
use crate::roles::{Role, Roles};
use crate::route::Operation;
use crate::serve::serve;
use crate::state::State;
use crate::tenant::{Server, Tenant};
use crate::token::{self, Client, SeenAssertions, Tokens};
use crate::users::{Connection, SeedError, SeedUser, Users};

/// The client of a tenant that is given none.
const CLIENT_ID: &str = "lockgate-tenant-client";
const CLIENT_SECRET: &str = "lockgate-tenant-secret";

/// The lifetime of a Management API token unless it is set otherwise, in seconds.
const TOKEN_LIFETIME: u64 = 86_400;

/// The URL of a tenant that does not listen, unless it is set. (`.test` is nobody's: RFC 6761.)
const URL: &str = "https://tenant.test";

/// Sets up a tenant. See [`Tenant::builder`].
#[derive(Debug)]
#[must_use]
pub struct Builder {
    port: u16,
    url: Option<String>,
    clock: Clock,
    seed: Vec<SeedUser>,
    faults: Vec<Fault>,
    clients: Vec<Client>,
    scopes: Option<Vec<String>>,
    connections: Vec<Connection>,
    roles: Vec<Role>,
    apis: HashSet<String>,
    default_audience: Option<String>,
    token_lifetime: Duration,
    rate_limit: RateLimit,
    token_rate_limit: RateLimit,
    endpoint_rate_limits: Vec<(String, String, RateLimit)>,
    retry_after: bool,
    search_lag: Duration,
    custom_domains: Vec<String>,
    random_seed: u64,
}

/// Why a tenant cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The port is taken, or not ours to take.
    #[error("listening on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the operating system said.
        source: io::Error,
    },
    /// A user cannot be seeded.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// A rate limit is for an endpoint that the tenant does not have.
    #[error("limiting {method} {path}: the tenant has no such endpoint")]
    Endpoint {
        /// The method.
        method: String,
        /// The path template.
        path: String,
    },
    /// Two clients, or two connections, have one name.
    #[error("{0:?} is configured twice")]
    Twice(String),
    /// The signing key cannot be used.
    #[error("reading the signing key: {0}")]
    Key(#[from] jsonwebtoken::errors::Error),
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            port: 0,
            url: None,
            clock: Clock::default(),
            seed: Vec::new(),
            faults: Vec::new(),
            clients: Vec::new(),
            scopes: None,
            connections: Vec::new(),
            roles: Vec::new(),
            apis: HashSet::new(),
            default_audience: None,
            token_lifetime: Duration::from_secs(TOKEN_LIFETIME),
            rate_limit: RateLimit::wide(),
            token_rate_limit: RateLimit::wide(),
            endpoint_rate_limits: Vec::new(),
            retry_after: false,
            search_lag: Duration::ZERO,
            custom_domains: Vec::new(),
            random_seed: 0,
        }
    }
}

impl Builder {
    /// The port on the loopback interface; 0, the default, lets the operating system choose.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The URL that a tenant without a socket says it has: in its audience, its issuer and its documents.
    /// `https://tenant.test` unless set. One that listens has the URL of its socket.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        let mut url: String = url.into();
        url.truncate(url.trim_end_matches('/').len());
        self.url = Some(url);
        self
    }

    /// Where the tenant reads the time, in milliseconds since the Unix epoch: of what it creates, of its tokens,
    /// of its rate limits. The machine's clock unless set. (Delays sleep on tokio's clock in any case.)
    pub fn clock(mut self, now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        self.clock = Clock::given(now);
        self
    }

    /// Adds users to start with.
    pub fn seed(mut self, users: impl IntoIterator<Item = SeedUser>) -> Self {
        self.seed.extend(users);
        self
    }

    /// Adds faults.
    pub fn faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.faults.extend(faults);
        self
    }

    /// Adds a client. The first one is what [`Tenant::client_id`] names; without any there is one with every
    /// scope on users.
    pub fn client(mut self, client: Client) -> Self {
        self.clients.push(client);
        self
    }

    /// Sets what the client may do that a tenant has without any other: the scopes of its grant for the Management API.
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// Adds an identity connection. Without any there are the database `Username-Password-Authentication` and the
    /// passwordless `email` and `sms`.
    pub fn connection(mut self, connection: Connection) -> Self {
        self.connections.push(connection);
        self
    }

    /// Adds roles.
    pub fn roles(mut self, roles: impl IntoIterator<Item = Role>) -> Self {
        self.roles.extend(roles);
        self
    }

    /// Registers another API, so that its identifier is a known audience.
    pub fn api(mut self, identifier: impl Into<String>) -> Self {
        self.apis.insert(identifier.into());
        self
    }

    /// The audience of a token request that names none. Without it such a request is refused.
    pub fn default_audience(mut self, audience: impl Into<String>) -> Self {
        self.default_audience = Some(audience.into());
        self
    }

    /// How long tokens are valid; 24 hours by default. Whole seconds count.
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = lifetime;
        self
    }

    /// The limit of the Management API. By default it is too wide to be met.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = limit;
        self
    }

    /// The limit of the token endpoint. By default it is too wide to be met.
    pub fn token_rate_limit(mut self, limit: RateLimit) -> Self {
        self.token_rate_limit = limit;
        self
    }

    /// A limit for one endpoint, by method and path template (`GET`, `/api/v2/users/{id}`), behind the global one.
    pub fn endpoint_rate_limit(
        mut self,
        method: impl Into<String>,
        path: impl Into<String>,
        limit: RateLimit,
    ) -> Self {
        self.endpoint_rate_limits
            .push((method.into(), path.into(), limit));
        self
    }

    /// Sends `Retry-After` (seconds) with a 429 of a rate limit. Auth0 does so for some policies only.
    pub fn retry_after(mut self, send: bool) -> Self {
        self.retry_after = send;
        self
    }

    /// How far user search (`GET /users`) is behind writes. Reads by id and by email are never behind.
    pub fn search_lag(mut self, lag: Duration) -> Self {
        self.search_lag = lag;
        self
    }

    /// The verified custom domains. With two or more, creates and updates without an `auth0-custom-domain` header
    /// are refused.
    pub fn custom_domains<S: Into<String>>(mut self, domains: impl IntoIterator<Item = S>) -> Self {
        self.custom_domains = domains.into_iter().map(Into::into).collect();
        self
    }

    /// The seed of everything random: which requests a fault strikes by chance, and ids.
    pub fn random_seed(mut self, seed: u64) -> Self {
        self.random_seed = seed;
        self
    }

    /// A tenant without a socket, for [`Tenant::handle`]. It needs no runtime, and costs next to nothing.
    pub fn build(mut self) -> Result<Tenant, StartError> {
        let url = self.url.take().unwrap_or_else(|| URL.to_owned());
        let (state, main) = self.into_state(url)?;
        Ok(Tenant::new(state, main, None))
    }

    /// Starts to listen, and to answer on the current tokio runtime.
    pub async fn start(self) -> Result<Tenant, StartError> {
        let port = self.port;
        let listen_error = |source| StartError::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let (state, main) = self.into_state(format!("http://{address}"))?;
        let (stop, stopped) = watch::channel(false);
        #[allow(clippy::disallowed_methods)] // the handle owns it: `shutdown` joins it, dropping stops it
        let serving = tokio::spawn(serve(listener, Arc::clone(&state), stopped));
        let server = Server {
            address,
            stop,
            serving,
        };
        Ok(Tenant::new(state, main, Some(server)))
    }

    /// All that the tenant is, and its first client.
    fn into_state(mut self, url: String) -> Result<(Arc<State>, Client), StartError> {
        token::check_keys()?;
        let endpoints = self.endpoint_limits()?;
        if self.connections.is_empty() {
            self.connections = Connection::defaults();
        }
        if self.clients.is_empty() {
            let client = Client::new(CLIENT_ID, CLIENT_SECRET);
            self.clients.push(match self.scopes {
                Some(scopes) => client.scopes(scopes),
                None => client,
            });
        }
        check_distinct(self.connections.iter().map(|connection| &connection.name))?;
        check_distinct(self.clients.iter().map(|client| &client.id))?;

        let identifiers = Identifiers::new(self.random_seed);
        check_distinct(self.roles.iter().flat_map(|role| [&role.id, &role.name]))?;
        let mut users = Users::new(self.clock.clone());
        let mut roles = Roles::new(self.roles);
        for (index, user) in self.seed.into_iter().enumerate() {
            let seeded = user
                .build(&self.connections, &identifiers, self.clock.now())
                .map_err(|reason| SeedError::Refused { index, reason })?;
            seeded
                .insert(&mut users, &mut roles)
                .map_err(|reason| SeedError::Refused { index, reason })?;
        }
        let main = self.clients[0].clone();
        let state = Arc::new(State {
            issuer: format!("{url}/"),
            audience: format!("{url}/api/v2/"),
            url,
            apis: self.apis,
            default_audience: self.default_audience,
            clients: RwLock::new(
                self.clients
                    .into_iter()
                    .map(|client| (client.id.clone(), client))
                    .collect::<HashMap<_, _>>(),
            ),
            tokens: Tokens::default(),
            assertions: SeenAssertions::default(),
            token_lifetime: i64::try_from(self.token_lifetime.as_secs()).unwrap_or(i64::MAX / 2),
            connections: self.connections,
            foreign: [
                Connection::database(""),
                Connection::email(""),
                Connection::sms(""),
                Connection::external(""),
            ],
            users: RwLock::new(users),
            roles: RwLock::new(roles),
            messages: Messages::default(),
            search_lag: self.search_lag,
            custom_domains: RwLock::new(self.custom_domains),
            faults: FaultPlan::new(self.faults, self.random_seed),
            limits: RateLimits::new(self.rate_limit, self.token_rate_limit, endpoints, &self.clock),
            retry_after: self.retry_after,
            requests: Requests::default(),
            identifiers,
            clock: self.clock,
        });
        Ok((state, main))
    }

    fn endpoint_limits(&self) -> Result<Vec<(Operation, RateLimit)>, StartError> {
        let one = |(method, path, limit): &(String, String, RateLimit)| match Operation::named(method, path) {
            Some(operation) if !operation.is_authentication_api() => Ok((operation, *limit)),
            _ => Err(StartError::Endpoint {
                method: method.clone(),
                path: path.clone(),
            }),
        };
        self.endpoint_rate_limits.iter().map(one).collect()
    }
}

fn check_distinct<'a>(names: impl Iterator<Item = &'a String>) -> Result<(), StartError> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(StartError::Twice(name.clone()));
        }
    }
    Ok(())
}
