//! What callers must show, as security schemes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockgate_flow::syntax::{AuthKind, HttpTrigger};
use serde_json::{Map, Value, json};

use crate::auth::Credentials;

/// The schemes of a document. A kind is one scheme, unless flows name several connections of it: then callers need a
/// secret for each, and each connection is a scheme.
pub(super) struct Security<'a> {
    credentials: &'a BTreeMap<String, Arc<Credentials>>,
    connections: BTreeMap<&'static str, BTreeSet<&'a str>>,
    used: BTreeMap<String, Value>,
}

impl<'a> Security<'a> {
    pub(super) fn of(
        triggers: impl IntoIterator<Item = &'a HttpTrigger>,
        credentials: &'a BTreeMap<String, Arc<Credentials>>,
    ) -> Self {
        let mut security = Self {
            credentials,
            connections: BTreeMap::new(),
            used: BTreeMap::new(),
        };
        for auth in triggers.into_iter().filter_map(|trigger| trigger.auth.as_ref()) {
            if let Some(connection) = &auth.value.connection {
                let named = security.connections.entry(auth.value.kind.name()).or_default();
                named.insert(&connection.value);
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
        if !self.used.contains_key(&name) {
            let connection = auth
                .connection
                .as_ref()
                .map(|connection| connection.value.as_str());
            let scheme = self.scheme(auth.kind, connection);
            self.used.insert(name.clone(), scheme);
        }
        Some(json!([{ name: [] }]))
    }

    /// The schemes that operations ask for.
    pub(super) fn schemes(self) -> Map<String, Value> {
        self.used.into_iter().collect()
    }

    fn scheme(&self, kind: AuthKind, connection: Option<&str>) -> Value {
        match kind {
            AuthKind::Bearer => json!({
                "type": "http", "scheme": "bearer",
                "description": "A token in `Authorization: Bearer …`."
            }),
            AuthKind::Basic => json!({
                "type": "http", "scheme": "basic",
                "description": "A name and a password in `Authorization: Basic …`."
            }),
            AuthKind::Hmac | AuthKind::None => {
                let header = self
                    .credentials
                    .iter()
                    .filter(|(name, credentials)| {
                        credentials.kind() == kind && connection.is_none_or(|wanted| wanted == *name)
                    })
                    .map(|(_, credentials)| credentials.header().as_str())
                    .next();
                json!({
                    "type": "apiKey", "in": "header", "name": header.unwrap_or(SIGNATURE),
                    "description": SIGNED
                })
            }
        }
    }
}

/// Where a signature stands, unless a connection says otherwise.
const SIGNATURE: &str = "lockgate-signature";

const SIGNED: &str = "\
A signature of the request: `t=<Unix seconds>,v1=<hex>`. `v1` is the HMAC-SHA256, with the shared secret, of the time, \
the method, the path with its query, and the body, with a line feed between them.";
