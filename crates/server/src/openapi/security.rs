//! What callers must show, as security schemes.

use std::collections::{BTreeMap, BTreeSet};

use lockgate_flow::syntax::{AuthKind, HttpTrigger};
use serde_json::{Map, Value, json};

/// The schemes of a document. A kind is one scheme, unless flows name several connections of it: then callers need a
/// secret for each, and each connection is a scheme.
#[derive(Debug, Default)]
pub(super) struct Security {
    connections: BTreeMap<&'static str, BTreeSet<String>>,
    used: BTreeMap<String, AuthKind>,
}

impl Security {
    pub(super) fn of<'a>(triggers: impl IntoIterator<Item = &'a HttpTrigger>) -> Self {
        let mut security = Self::default();
        for auth in triggers.into_iter().filter_map(|trigger| trigger.auth.as_ref()) {
            if let Some(connection) = &auth.value.connection {
                let named = security.connections.entry(auth.value.kind.name()).or_default();
                named.insert(connection.value.clone());
            }
        }
        security
    }

    /// `security` of an operation; `None` where anyone may call.
    pub(super) fn requirement(&mut self, trigger: &HttpTrigger) -> Option<Value> {
        let auth = &trigger.auth.as_ref()?.value;
        if auth.kind == AuthKind::None {
            return None;
        }
        let kind = auth.kind.name();
        let several = self.connections.get(kind).is_some_and(|named| named.len() > 1);
        let name = match &auth.connection {
            Some(connection) if several => format!("{kind}-{}", connection.value),
            _ => kind.to_owned(),
        };
        self.used.insert(name.clone(), auth.kind);
        Some(json!([{ name: [] }]))
    }

    /// The schemes that operations ask for.
    pub(super) fn schemes(self) -> Map<String, Value> {
        self.used
            .into_iter()
            .map(|(name, kind)| (name, scheme(kind)))
            .collect()
    }
}

fn scheme(kind: AuthKind) -> Value {
    match kind {
        AuthKind::Bearer => json!({
            "type": "http", "scheme": "bearer",
            "description": "A token in `Authorization: Bearer …`."
        }),
        AuthKind::Basic => json!({
            "type": "http", "scheme": "basic",
            "description": "A name and a password in `Authorization: Basic …`."
        }),
        AuthKind::Hmac | AuthKind::None => json!({
            "type": "apiKey", "in": "header", "name": "Lockgate-Signature",
            "description": "A signature over the time and the body, made with the shared secret."
        }),
    }
}
