//! Whether a connection works, and what it may do: for `lockgate connections check`.

use std::time::Duration;

use lockgate_engine::action::ActionError;
use lockgate_flow::catalog::ScopeNeed;

use crate::connection::Auth0Connection;

/// What a token fetched just now tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// The connection's name in the workspace.
    pub connection: String,
    /// Host (and port, if any) of the token endpoint.
    pub token_host: String,
    /// The API that the token is for.
    pub audience: String,
    /// The application that it was given to.
    pub client_id: String,
    /// How long the token is valid.
    pub expires_in: Duration,
    /// The granted scopes, sorted. `None` where neither the answer nor the token tells: an opaque token.
    pub scopes: Option<Vec<String>>,
}

impl CheckReport {
    /// Whether one of the need's scopes is granted; `None` where the scopes are unknown.
    pub fn grants(&self, need: &ScopeNeed) -> Option<bool> {
        let scopes = self.scopes.as_ref()?;
        Some(need.0.iter().any(|scope| scopes.contains(scope)))
    }
}

impl Auth0Connection {
    /// Fetches a new token, whatever is cached, and reports what it grants. Later calls use that token.
    ///
    /// # Errors
    /// As for any call: `unauthorized` with what to check, `unavailable`, `rate_limited`, ….
    pub async fn check(&self) -> Result<CheckReport, ActionError> {
        let token = self.tokens().fetch().await?;
        let mut scopes = token.scopes.clone();
        if let Some(scopes) = &mut scopes {
            scopes.sort_unstable();
            scopes.dedup();
        }
        Ok(CheckReport {
            connection: self.name().to_owned(),
            token_host: self.token_host(),
            audience: self.audience().to_owned(),
            client_id: self.client_id().to_owned(),
            expires_in: token.lifetime,
            scopes,
        })
    }
}
