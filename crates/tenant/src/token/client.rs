//! Applications that may ask for tokens.

use std::collections::BTreeMap;

use jsonwebtoken::DecodingKey;

/// What a client may do with users unless it is told otherwise: everything that the emulated endpoints ask for.
const DEFAULT_SCOPES: [&str; 13] = [
    "read:users",
    "update:users",
    "delete:users",
    "create:users",
    "read:users_app_metadata",
    "update:users_app_metadata",
    "delete:users_app_metadata",
    "create:users_app_metadata",
    "create:user_tickets",
    "read:roles",
    "read:role_members",
    "create:role_members",
    "delete:role_members",
];

/// A machine-to-machine application of the tenant, with its client grants.
#[derive(Clone)]
pub struct Client {
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
    pub(crate) public_key: Option<DecodingKey>,
    pub(crate) may_use_client_credentials: bool,
    /// Scopes of the grant for the Management API; without a grant there is none.
    pub(crate) management: Option<Vec<String>>,
    /// Scopes of the grants for other APIs, by identifier.
    pub(crate) grants: BTreeMap<String, Vec<String>>,
}

/// A public key is not the PEM of an RSA key.
#[derive(Debug, thiserror::Error)]
#[error("reading the client's public key: {0}")]
pub struct ClientKeyError(#[from] jsonwebtoken::errors::Error);

impl Client {
    /// A client with a secret and all scopes on users.
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            secret: Some(secret.into()),
            ..Self::without_secret(id)
        }
    }

    /// A client that authenticates with `private_key_jwt` (RFC 7523), checked with this RSA public key.
    pub fn with_public_key(id: impl Into<String>, pem: &[u8]) -> Result<Self, ClientKeyError> {
        Ok(Self {
            public_key: Some(DecodingKey::from_rsa_pem(pem)?),
            ..Self::without_secret(id)
        })
    }

    /// Sets the scopes of the grant for the Management API. An empty list is a grant of nothing.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.management = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// Takes the grant for the Management API away.
    #[must_use]
    pub fn without_grant(mut self) -> Self {
        self.management = None;
        self
    }

    /// Adds a grant for another API of the tenant (see `Builder::api`).
    #[must_use]
    pub fn grant<S: Into<String>>(
        mut self,
        audience: impl Into<String>,
        scopes: impl IntoIterator<Item = S>,
    ) -> Self {
        self.grants
            .insert(audience.into(), scopes.into_iter().map(Into::into).collect());
        self
    }

    /// Takes the grant type `client_credentials` away.
    #[must_use]
    pub fn without_client_credentials(mut self) -> Self {
        self.may_use_client_credentials = false;
        self
    }

    fn without_secret(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: None,
            public_key: None,
            may_use_client_credentials: true,
            management: Some(DEFAULT_SCOPES.map(str::to_owned).to_vec()),
            grants: BTreeMap::new(),
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("id", &self.id)
            .field("management", &self.management)
            .finish_non_exhaustive()
    }
}
