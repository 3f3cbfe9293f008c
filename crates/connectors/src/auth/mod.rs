//! How requests say who sends them: one file for each kind.
//!
//! ```text
//!  bearer, basic, api_key                 what the settings say, as it is
//!  oauth_client_credentials ┐
//!  oauth_refresh_token      ├─ token      one for all runs, minted once however many ask (`grant` asks for it)
//!  service_account          ┘
//!  aws_sigv4                              a signature over the whole request
//! ```

mod api_key;
mod aws_sigv4;
mod basic;
mod bearer;
mod grant;
mod oauth_client_credentials;
mod oauth_refresh_token;
mod service_account;
mod token;

use lockgate_engine::action::{ActionContext, ActionError};
use lockgate_flow::expression::EvaluationError;
use lockgate_http::{Exchange, Request};
use reqwest::header::{AUTHORIZATION, HeaderValue};

pub(crate) use api_key::{ApiKey, KeyPlace};
pub(crate) use aws_sigv4::AwsSigV4;
pub(crate) use basic::Basic;
pub(crate) use bearer::Bearer;
pub(crate) use grant::ClientAuthentication;
pub(crate) use oauth_client_credentials::ClientCredentials;
pub(crate) use oauth_refresh_token::RefreshToken;
pub(crate) use service_account::ServiceAccount;
pub(crate) use token::{Token, Tokens};

use crate::connection::LiveConnection;
use crate::read::Parameters;
use crate::scope::{Surroundings, Values};

/// A way to say who sends a request.
#[derive(Debug)]
pub(crate) struct Auth {
    pub(crate) kind: Kind,
    /// Which of the connection's tokens is its own.
    pub(crate) slot: usize,
}

/// The kinds.
#[derive(Debug)]
pub(crate) enum Kind {
    None,
    Bearer(Bearer),
    Basic(Basic),
    ApiKey(ApiKey),
    ClientCredentials(ClientCredentials),
    RefreshToken(RefreshToken),
    ServiceAccount(ServiceAccount),
    AwsSigV4(AwsSigV4),
}

/// Who calls, with what.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'a> {
    pub(crate) connection: &'a LiveConnection,
    pub(crate) exchange: &'a Exchange,
    pub(crate) context: &'a ActionContext<'a>,
}

impl Auth {
    /// Nothing is sent.
    pub(crate) const fn none() -> Self {
        Self {
            kind: Kind::None,
            slot: 0,
        }
    }

    /// The parameters of a grant, where tokens are minted.
    pub(crate) fn grant(&self) -> Option<&Parameters> {
        match &self.kind {
            Kind::ClientCredentials(grant) => Some(&grant.parameters),
            Kind::RefreshToken(grant) => Some(&grant.parameters),
            Kind::ServiceAccount(grant) => Some(&grant.parameters),
            Kind::None | Kind::Bearer(_) | Kind::Basic(_) | Kind::ApiKey(_) | Kind::AwsSigV4(_) => None,
        }
    }

    /// Puts credentials into a request. Gives the token where it is one that was minted; `stale` is one that was refused.
    ///
    /// # Errors
    /// There is no token, or the settings make no credentials. The request was not sent.
    pub(crate) async fn authorize(
        &self,
        request: &mut Request,
        caller: Caller<'_>,
        stale: Option<&Token>,
    ) -> Result<Option<Token>, ActionError> {
        let tokens = caller.connection.tokens(self.slot);
        let token = match &self.kind {
            Kind::None => return Ok(None),
            Kind::Bearer(bearer) => {
                bearer.authorize(request, caller)?;
                return Ok(None);
            }
            Kind::Basic(basic) => {
                basic.authorize(request, caller)?;
                return Ok(None);
            }
            Kind::ApiKey(key) => {
                key.authorize(request, caller)?;
                return Ok(None);
            }
            Kind::AwsSigV4(signature) => {
                signature.authorize(request, caller)?;
                return Ok(None);
            }
            Kind::ClientCredentials(grant) => {
                tokens
                    .get(&*caller.connection.clock, stale, grant.mint(caller))
                    .await?
            }
            Kind::RefreshToken(grant) => {
                tokens
                    .get(&*caller.connection.clock, stale, grant.mint(caller))
                    .await?
            }
            Kind::ServiceAccount(grant) => {
                tokens
                    .get(&*caller.connection.clock, stale, grant.mint(caller))
                    .await?
            }
        };
        put_bearer(request, token.secret())?;
        Ok(Some(token))
    }
}

impl Parameters {
    /// A text that may be left out.
    fn optional(&self, name: &str, caller: Caller<'_>) -> Result<Option<String>, ActionError> {
        let values = Values::of_connection(caller.connection.settings());
        self.text(name, &values, &mut Surroundings(caller.context))
            .map_err(|error| unusable(caller, &error))
    }

    /// A text that must be there.
    fn required(&self, name: &str, caller: Caller<'_>) -> Result<String, ActionError> {
        self.optional(name, caller)?.ok_or_else(|| {
            ActionError::new(
                "unauthorized",
                format!(
                    "the connection `{}` has no `{name}` to authenticate with",
                    caller.connection.name()
                ),
            )
        })
    }
}

/// An error's words name paths, never values.
fn unusable(caller: Caller<'_>, error: &EvaluationError) -> ActionError {
    ActionError::new(
        "unauthorized",
        format!(
            "the settings of the connection `{}` make no credentials: {error}",
            caller.connection.name()
        ),
    )
}

/// `Authorization: Bearer …` (RFC 6750 §2.1).
fn put_bearer(request: &mut Request, token: &str) -> Result<(), ActionError> {
    request.secrets.push(token.to_owned());
    put_authorization(request, &format!("Bearer {token}"))
}

fn put_authorization(request: &mut Request, text: &str) -> Result<(), ActionError> {
    request.headers.insert(AUTHORIZATION, sensitive(text)?);
    Ok(())
}

/// A header's value that is written nowhere.
fn sensitive(text: &str) -> Result<HeaderValue, ActionError> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| ActionError::new("unauthorized", "the credentials cannot be sent in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}
