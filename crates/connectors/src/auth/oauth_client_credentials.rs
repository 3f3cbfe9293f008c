//! `oauth_client_credentials`: a token for the application itself (RFC 6749 §4.4).

use lockgate_engine::action::ActionError;

use super::grant::{ClientAuthentication, Grant};
use super::{Caller, Token};
use crate::read::Parameters;

/// `token_url`, `client_id`, `client_secret`, `scope`, `audience`.
#[derive(Debug)]
pub(crate) struct ClientCredentials {
    pub(crate) parameters: Parameters,
    pub(crate) client_authentication: ClientAuthentication,
}

impl ClientCredentials {
    pub(super) async fn mint(&self, caller: Caller<'_>) -> Result<Token, ActionError> {
        let parameters = &self.parameters;
        let grant = Grant::new("client_credentials", parameters, caller)?
            .by_client(self.client_authentication, parameters, caller)?
            .with("scope", parameters.optional("scope", caller)?)
            .with("audience", parameters.optional("audience", caller)?);
        Ok(grant.ask(caller).await?.token)
    }
}
