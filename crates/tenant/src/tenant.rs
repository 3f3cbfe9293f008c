//! The handle of a tenant: where it is, what it holds, what it was asked, and what is to go wrong next.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::builder::{Builder, StartError};
use crate::fault::Fault;
use crate::in_process::{self, Broken};
use crate::lock::{read, write};
use crate::requests::RequestRecord;
use crate::roles::Role;
use crate::route::Operation;
use crate::state::State;
use crate::token::Client;
use crate::users::{SeedError, SeedUser};

/// A tenant: one that listens ([`Builder::start`]), or one without a socket ([`Builder::build`]). Both answer
/// [`Tenant::handle`]. Dropping one that listens stops it; [`Tenant::shutdown`] stops it and waits.
#[derive(Debug)]
pub struct Tenant {
    state: Arc<State>,
    main: Client,
    server: Option<Server>,
}

/// The part of a tenant that listens.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) serving: JoinHandle<()>,
}

impl Tenant {
    /// A tenant to set up and start.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Starts a tenant with nothing set: no users, no faults, one client with every scope on users.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    pub(crate) fn new(state: Arc<State>, main: Client, server: Option<Server>) -> Self {
        Self { state, main, server }
    }

    /// Answers a request without a socket: routes, limits and faults are the server's. The request's URI may be
    /// absolute; its host is not looked at. Delays sleep on tokio's clock.
    pub async fn handle(
        &self,
        request: http::Request<bytes::Bytes>,
    ) -> Result<http::Response<bytes::Bytes>, Broken> {
        in_process::handle(&self.state, request).await
    }

    /// Stops accepting, lets running requests end (for at most five seconds), and closes every connection.
    pub async fn shutdown(self) {
        let Some(server) = self.server else { return };
        // Nobody listens only if the server has ended already.
        let _ = server.stop.send(true);
        if let Err(error) = server.serving.await {
            tracing::error!(%error, "the tenant's server ended badly");
        }
    }

    /// `http://127.0.0.1:<port>`, or [`Builder::url`] without a socket; no slash at the end.
    pub fn url(&self) -> &str {
        &self.state.url
    }

    /// Host and port: what a connection's `domain` is for a tenant at Auth0.
    pub fn domain(&self) -> String {
        let url = self.url();
        url.split_once("://").map_or(url, |(_, domain)| domain).to_owned()
    }

    /// The address that the tenant listens on, if it does.
    pub fn address(&self) -> Option<SocketAddr> {
        self.server.as_ref().map(|server| server.address)
    }

    /// The identifier of the Management API, `<url>/api/v2/`.
    pub fn audience(&self) -> &str {
        &self.state.audience
    }

    /// The id of the first client.
    pub fn client_id(&self) -> &str {
        &self.main.id
    }

    /// The secret of the first client; empty for one that has a key instead.
    pub fn client_secret(&self) -> &str {
        self.main.secret.as_deref().unwrap_or_default()
    }

    /// How many users there are.
    pub fn user_count(&self) -> usize {
        read(&self.state.users).len()
    }

    /// All users as the API shows them, oldest first.
    pub fn users(&self) -> Vec<Value> {
        read(&self.state.users)
            .all()
            .map(|user| Value::Object(user.visible(false)))
            .collect()
    }

    /// A user by id.
    pub fn user(&self, id: &str) -> Option<Value> {
        read(&self.state.users)
            .get(id)
            .map(|user| Value::Object(user.visible(false)))
    }

    /// Adds a user, as [`Builder::seed`] does before the start.
    pub fn seed(&self, user: SeedUser) -> Result<(), SeedError> {
        let refused = |reason| SeedError::Refused { index: 0, reason };
        let state = &self.state;
        let seeded = user
            .build(&state.connections, &state.identifiers, state.clock.now())
            .map_err(refused)?;
        seeded
            .insert(&mut write(&state.users), &mut write(&state.roles))
            .map_err(refused)
    }

    /// The roles that the tenant has.
    pub fn roles(&self) -> Vec<Value> {
        read(&self.state.roles).all().iter().map(Role::value).collect()
    }

    /// The roles of a user, in the order in which they were assigned.
    pub fn roles_of(&self, user_id: &str) -> Vec<Value> {
        read(&self.state.roles)
            .of(user_id)
            .into_iter()
            .map(Role::value)
            .collect()
    }

    /// The verification emails that would have been sent, oldest first: `to`, `user_id`, `sent_at`, and the `cause`,
    /// which is `create`, `update` or `job`.
    pub fn verification_emails(&self) -> Vec<Value> {
        self.state.messages.verification_emails()
    }

    /// The jobs, oldest first: `id`, `type`, `status`, `created_at`, and what the request said.
    pub fn jobs(&self) -> Vec<Value> {
        self.state.messages.jobs()
    }

    /// The tickets that were given out, oldest first: `type` (`password_change`, `email_verification`), the URL as
    /// `ticket`, `user_id`, `email`, `created_at`, `expires_at`, and what the request said.
    pub fn tickets(&self) -> Vec<Value> {
        self.state.messages.tickets()
    }

    /// How often an endpoint was asked, by method and path template (`GET`, `/api/v2/users/{id}`), whatever came
    /// of it; nothing for an endpoint that the tenant does not have.
    pub fn request_count(&self, method: &str, path_template: &str) -> Option<u64> {
        Operation::named(method, path_template).map(|operation| self.state.requests.count(operation))
    }

    /// How many requests there were in all, unknown routes included.
    pub fn total_requests(&self) -> u64 {
        self.state.requests.total()
    }

    /// The last 1000 requests, oldest first.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.state.requests.last()
    }

    /// Adds a fault.
    pub fn add_fault(&self, fault: Fault) {
        self.state.faults.add(fault);
    }

    /// Puts these faults in the place of all others; their counts begin anew.
    pub fn set_faults(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.faults.set(faults.into_iter().collect());
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.set_faults([]);
    }

    /// The faults, and how often each has struck.
    pub fn faults(&self) -> Vec<(Fault, u64)> {
        self.state.faults.struck()
    }

    /// Adds a scope to a client's grant for the Management API (and makes the grant, if there is none). Tokens that
    /// were issued before keep what they have, as at Auth0. Says whether there is such a client.
    pub fn grant_scope(&self, client_id: &str, scope: &str) -> bool {
        let mut clients = write(&self.state.clients);
        let Some(client) = clients.get_mut(client_id) else {
            return false;
        };
        let scopes = client.management.get_or_insert_default();
        if !scopes.iter().any(|granted| granted == scope) {
            scopes.push(scope.to_owned());
        }
        true
    }

    /// Takes a scope from a client's grant for the Management API. Tokens that were issued before keep it; see
    /// [`Tenant::expire_tokens`]. Says whether there is such a client.
    pub fn revoke_scope(&self, client_id: &str, scope: &str) -> bool {
        let mut clients = write(&self.state.clients);
        let Some(client) = clients.get_mut(client_id) else {
            return false;
        };
        if let Some(scopes) = &mut client.management {
            scopes.retain(|granted| granted != scope);
        }
        true
    }

    /// Deletes a client. Its tokens are invalid from now on. Says whether there was one.
    pub fn delete_client(&self, client_id: &str) -> bool {
        write(&self.state.clients).remove(client_id).is_some()
    }

    /// Makes every token that was issued so far an expired one.
    pub fn expire_tokens(&self) {
        self.state.tokens.expire_all();
    }

    /// Sets the verified custom domains, see [`Builder::custom_domains`].
    pub fn set_custom_domains<S: Into<String>>(&self, domains: impl IntoIterator<Item = S>) {
        *write(&self.state.custom_domains) = domains.into_iter().map(Into::into).collect();
    }
}
