//! Everything that a running tenant is, shared by its connections and its handle. All of it in memory.

use std::collections::{HashMap, HashSet};
use std::sync::RwLock;
use std::time::Duration;

use crate::clock::Clock;
use crate::fault::FaultPlan;
use crate::identifiers::Identifiers;
use crate::messages::Messages;
use crate::rate_limit::RateLimits;
use crate::requests::Requests;
use crate::roles::Roles;
use crate::token::{Client, SeenAssertions, Tokens};
use crate::users::{Connection, User, Users};

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) clock: Clock,
    /// Without a slash at the end.
    pub(crate) url: String,
    /// The URL with a slash: `iss` of tokens, `aud` of assertions.
    pub(crate) issuer: String,
    /// The identifier of the Management API.
    pub(crate) audience: String,
    /// Identifiers of other APIs.
    pub(crate) apis: HashSet<String>,
    pub(crate) default_audience: Option<String>,
    pub(crate) clients: RwLock<HashMap<String, Client>>,
    pub(crate) tokens: Tokens,
    pub(crate) assertions: SeenAssertions,
    /// Seconds.
    pub(crate) token_lifetime: i64,
    pub(crate) connections: Vec<Connection>,
    /// What stands in for a connection that only a seeded user names, by the provider of the identity.
    pub(crate) foreign: [Connection; 4],
    pub(crate) users: RwLock<Users>,
    pub(crate) roles: RwLock<Roles>,
    pub(crate) messages: Messages,
    pub(crate) search_lag: Duration,
    pub(crate) custom_domains: RwLock<Vec<String>>,
    pub(crate) faults: FaultPlan,
    pub(crate) limits: RateLimits,
    pub(crate) retry_after: bool,
    pub(crate) requests: Requests,
    pub(crate) identifiers: Identifiers,
}

impl State {
    pub(crate) fn connection(&self, name: &str) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.name == name)
    }

    pub(crate) fn connection_of(&self, user: &User) -> &Connection {
        let [database, email, sms, external] = &self.foreign;
        self.connection(user.connection())
            .unwrap_or(match user.provider() {
                "auth0" => database,
                "email" => email,
                "sms" => sms,
                _ => external,
            })
    }
}
