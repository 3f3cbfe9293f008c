//! A stored user: the document as Auth0 answers it, rendered once, and the values that must be unique.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::identities::is_identity;

/// Fields of an identity that only `read:user_idp_tokens` shows.
const IDP_TOKENS: [&str; 3] = ["access_token", "access_token_secret", "refresh_token"];

/// A user, immutable: an update makes a new one, so that answers can be sent without holding a lock.
#[derive(Debug)]
pub(crate) struct User {
    /// The document, in the order of its keys on the wire.
    pub(crate) profile: Map<String, Value>,
    rendered: Bytes,
    with_idp_tokens: Option<Bytes>,
}

/// A value that no other user of the same connection may have.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct UniqueKey {
    connection: String,
    pub(crate) field: &'static str,
    value: String,
}

impl User {
    pub(crate) fn new(profile: Map<String, Value>) -> Self {
        let full = render(&profile);
        let public = without_idp_tokens(&profile);
        match public {
            None => Self {
                profile,
                rendered: full,
                with_idp_tokens: None,
            },
            Some(public) => Self {
                profile,
                rendered: render(&public),
                with_idp_tokens: Some(full),
            },
        }
    }

    pub(crate) fn id(&self) -> &str {
        self.text("user_id").unwrap_or_default()
    }

    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.profile.get(field).and_then(Value::as_str)
    }

    /// The whole document as JSON, with the identity providers' tokens only where the caller may see them.
    pub(crate) fn json(&self, idp_tokens: bool) -> Bytes {
        match &self.with_idp_tokens {
            Some(full) if idp_tokens => full.clone(),
            _ => self.rendered.clone(),
        }
    }

    /// The document itself, as the caller may see it.
    pub(crate) fn visible(&self, idp_tokens: bool) -> Map<String, Value> {
        if idp_tokens {
            None
        } else {
            without_idp_tokens(&self.profile)
        }
        .unwrap_or_else(|| self.profile.clone())
    }

    /// The name of the connection of the main identity.
    pub(crate) fn connection(&self) -> &str {
        self.identities()
            .next()
            .and_then(|identity| identity.get("connection")?.as_str())
            .unwrap_or_default()
    }

    /// The provider of the main identity.
    pub(crate) fn provider(&self) -> &str {
        self.identities()
            .next()
            .and_then(|identity| identity.get("provider")?.as_str())
            .unwrap_or_default()
    }

    pub(crate) fn has_connection(&self, name: &str) -> bool {
        self.identities()
            .any(|identity| identity.get("connection").and_then(Value::as_str) == Some(name))
    }

    /// The identity of this provider with this own id.
    pub(crate) fn identity(&self, provider: &str, local: &str) -> Option<&Value> {
        self.identities()
            .find(|identity| is_identity(identity, provider, local))
    }

    /// Whether that identity is the main one.
    pub(crate) fn is_main(&self, provider: &str, local: &str) -> bool {
        self.identities()
            .next()
            .is_some_and(|identity| is_identity(identity, provider, local))
    }

    /// What the user occupies in its connection, and what linked identities occupy in theirs.
    pub(crate) fn unique_keys(&self) -> Vec<UniqueKey> {
        let mut keys = Vec::new();
        let mut occupy = |connection: &str, profile: &Map<String, Value>| {
            for field in ["email", "username", "phone_number"] {
                if let Some(value) = profile.get(field).and_then(Value::as_str) {
                    keys.push(UniqueKey {
                        connection: connection.to_owned(),
                        field,
                        value: value.to_lowercase(),
                    });
                }
            }
        };
        occupy(self.connection(), &self.profile);
        for identity in self.identities().skip(1) {
            if let Some(profile) = identity.get("profileData").and_then(Value::as_object) {
                let connection = identity.get("connection").and_then(Value::as_str);
                occupy(connection.unwrap_or_default(), profile);
            }
        }
        keys
    }

    pub(crate) fn identities(&self) -> impl Iterator<Item = &Value> {
        self.profile
            .get("identities")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    }
}

fn render(profile: &Map<String, Value>) -> Bytes {
    // Rendering a JSON value cannot fail: its keys are strings and its numbers finite.
    serde_json::to_vec(profile).unwrap_or_default().into()
}

fn without_idp_tokens(profile: &Map<String, Value>) -> Option<Map<String, Value>> {
    let identities = profile.get("identities")?.as_array()?;
    let has_tokens = identities
        .iter()
        .any(|identity| IDP_TOKENS.iter().any(|token| identity.get(token).is_some()));
    if !has_tokens {
        return None;
    }
    let mut public = profile.clone();
    for identity in public.get_mut("identities")?.as_array_mut()? {
        if let Some(identity) = identity.as_object_mut() {
            identity.retain(|key, _| !IDP_TOKENS.contains(&key.as_str()));
        }
    }
    Some(public)
}
