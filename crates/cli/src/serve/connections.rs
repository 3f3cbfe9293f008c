//! The connections of a site: to Auth0, and what callers must show. One that stays as it is over a reload is kept, with
//! its tokens, its pool and its rate budget.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockgate_auth0::{Auth0Connection, CONNECTION_TYPE};
use lockgate_engine::clock::Clock;
use lockgate_engine::connection::Connections;
use lockgate_flow::diagnostic::Diagnostic;
use lockgate_flow::workspace::{ConnectionSyntax, Resolved, WorkspaceFile};
use lockgate_server::auth::{Credentials, Scheme};

use crate::connect::{self, Emulated};
use crate::workspace::Loaded;

/// How to do without credentials.
const WITHOUT_ACCOUNT: &str = "to try the flows without an Auth0 account: `lockgate dev`";

/// Open connections, by name.
#[derive(Clone, Default)]
pub(super) struct OpenConnections(BTreeMap<String, One>);

/// A connection, with what it was made from.
#[derive(Clone)]
struct One {
    made_from: MadeFrom,
    kind: Kind,
}

#[derive(Clone, PartialEq)]
struct MadeFrom {
    type_name: String,
    /// Nothing where a secret was made up, or the connection was left out.
    settings: Option<Resolved>,
    /// The connector of the workspace that it is for.
    connector: Option<String>,
}

/// What becomes of a connection that lacks a variable.
#[derive(Clone, Copy)]
pub(super) enum Missing<'a> {
    /// It cannot be used.
    Refused,
    /// One to Auth0 calls this tenant; a secret that callers must show is made up; any other is left out, and steps that use
    /// it fail.
    Replaced(Option<&'a Emulated>),
}

#[derive(Clone)]
enum Kind {
    Auth0(Arc<Auth0Connection>),
    Callers(Arc<Credentials>, Proof),
    Other(Arc<dyn Any + Send + Sync>),
    /// With what a step that uses it is told.
    LeftOut(String),
}

/// What a caller has to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proof {
    pub(super) scheme: Scheme,
    /// Where it was made up, so that it may be told: the token, `name:password`, or the secret to sign with.
    pub(super) made_up: Option<String>,
    /// As `lockgate.yaml` has it, `${NAME}` and all.
    pub(super) written: BTreeMap<String, String>,
}

/// Where a connection goes, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The emulated tenant at this URL, since these variables are not set.
    Emulated { url: String, missing: Vec<String> },
    /// Somebody's tenant.
    Real { url: String },
    /// Callers must show something that was made up, since these variables are not set.
    MadeUp { missing: Vec<String> },
    /// Callers must show what the settings say.
    Set,
    /// A provider is called.
    Provider { type_name: String },
    /// Steps that use it fail, since these variables are not set.
    LeftOut { missing: Vec<String> },
}

impl OpenConnections {
    /// Opens the connections of these names, but for those that `known` has. With those that cannot be used, and why.
    pub(super) fn of(
        loaded: &Loaded,
        names: &BTreeSet<String>,
        known: &Self,
        missing: Missing<'_>,
        clock: &Arc<dyn Clock>,
    ) -> (Self, BTreeMap<String, Diagnostic>) {
        let (mut open, mut unusable) = (Self::default(), BTreeMap::new());
        let Some(file) = &loaded.checked.file else {
            return (open, unusable);
        };
        let needed = |connection: &&ConnectionSyntax| names.contains(&connection.name.value);
        for connection in file.connections.iter().filter(needed) {
            let name = &connection.name.value;
            match One::open(loaded, file, connection, known.0.get(name), missing, clock) {
                Ok(one) => {
                    open.0.insert(name.clone(), one);
                }
                Err(finding) => {
                    unusable.insert(name.clone(), finding);
                }
            }
        }
        (open, unusable)
    }

    /// What steps call.
    pub(super) fn connections(&self) -> Connections {
        let mut connections = Connections::new();
        for (name, one) in &self.0 {
            match &one.kind {
                Kind::Auth0(auth0) => connections.insert(name, Arc::clone(auth0) as _),
                Kind::Other(other) => connections.insert(name, Arc::clone(other)),
                Kind::LeftOut(reason) => connections.leave_out(name, reason),
                Kind::Callers(..) => {}
            }
        }
        connections
    }

    /// What callers must show.
    pub(super) fn credentials(&self) -> BTreeMap<String, Arc<Credentials>> {
        let credentials = |(name, one): (&String, &One)| match &one.kind {
            Kind::Callers(credentials, _) => Some((name.clone(), Arc::clone(credentials))),
            _ => None,
        };
        self.0.iter().filter_map(credentials).collect()
    }

    /// What callers must show, for people.
    pub(super) fn proof(&self, name: &str) -> Option<&Proof> {
        match &self.0.get(name)?.kind {
            Kind::Callers(_, proof) => Some(proof),
            _ => None,
        }
    }

    /// One to Auth0.
    pub(super) fn auth0(&self, name: &str) -> Option<&Arc<Auth0Connection>> {
        match &self.0.get(name)?.kind {
            Kind::Auth0(auth0) => Some(auth0),
            _ => None,
        }
    }

    /// Why steps that use a connection fail.
    pub(super) fn left_out(&self, name: &str) -> Option<&str> {
        match &self.0.get(name)?.kind {
            Kind::LeftOut(reason) => Some(reason),
            _ => None,
        }
    }

    /// The names of all.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Where each goes. `tenant` is the URL of the emulated one.
    pub(super) fn targets(&self, loaded: &Loaded, tenant: Option<&str>) -> BTreeMap<String, Target> {
        let mut targets = BTreeMap::new();
        for connection in loaded.checked.connections() {
            let name = &connection.name.value;
            let Some(one) = self.0.get(name) else { continue };
            let missing = || {
                let variables = connect::variables(loaded, connection).into_iter();
                variables
                    .filter_map(|(name, is_set)| (!is_set).then_some(name))
                    .collect()
            };
            let target = match (&one.kind, tenant) {
                (Kind::Auth0(auth0), Some(tenant)) if auth0.base_url() == tenant => Target::Emulated {
                    url: tenant.to_owned(),
                    missing: missing(),
                },
                (Kind::Auth0(auth0), _) => Target::Real {
                    url: auth0.base_url().to_owned(),
                },
                (Kind::Callers(_, proof), _) if proof.made_up.is_some() => {
                    Target::MadeUp { missing: missing() }
                }
                (Kind::Callers(..), _) => Target::Set,
                (Kind::Other(_), _) => Target::Provider {
                    type_name: one.made_from.type_name.clone(),
                },
                (Kind::LeftOut(_), _) => Target::LeftOut { missing: missing() },
            };
            targets.insert(name.clone(), target);
        }
        targets
    }
}

impl One {
    fn open(
        loaded: &Loaded,
        file: &WorkspaceFile,
        connection: &ConnectionSyntax,
        known: Option<&Self>,
        missing: Missing<'_>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, Diagnostic> {
        let type_name = connection.type_name.value.clone();
        let scheme = Scheme::of_type(&type_name);
        let is_auth0 = type_name == CONNECTION_TYPE;
        let otherwise = connect::otherwise(&type_name, WITHOUT_ACCOUNT);
        let settings = match connect::resolve(loaded, file, connection, otherwise) {
            Ok(settings) => Some(settings),
            Err(finding) => match (missing, scheme) {
                (Missing::Replaced(_), Some(_)) => None,
                (Missing::Replaced(Some(tenant)), None) if is_auth0 => {
                    Some(connect::emulated_settings(loaded, connection, tenant))
                }
                (Missing::Replaced(_), None) if !is_auth0 => None,
                _ => return Err(finding),
            },
        };
        let connector = loaded.connectors.text(&type_name);
        let made_from = MadeFrom {
            type_name,
            settings,
            connector,
        };
        if let Some(known) = known.filter(|known| known.made_from == made_from) {
            return Ok(known.clone());
        }
        let kind = match (scheme, &made_from.settings) {
            (None, Some(settings)) => {
                let opened = connect::open(loaded, file, connection, settings, clock)?;
                match opened.downcast() {
                    Ok(auth0) => Kind::Auth0(auth0),
                    Err(other) => Kind::Other(other),
                }
            }
            (None, None) => Kind::LeftOut(connect::why_left_out(loaded, connection)),
            (Some(scheme), Some(settings)) => {
                let credentials = connect::open_credentials(file, connection, scheme, settings)?;
                Kind::Callers(Arc::new(credentials), Proof::of(scheme, None, connection))
            }
            (Some(scheme), None) => {
                let (credentials, secret) = Credentials::generate(scheme);
                Kind::Callers(Arc::new(credentials), Proof::of(scheme, Some(secret), connection))
            }
        };
        Ok(Self { made_from, kind })
    }
}

impl Proof {
    fn of(scheme: Scheme, made_up: Option<String>, connection: &ConnectionSyntax) -> Self {
        let text = |entry: &lockgate_flow::yaml::Entry| {
            let value = entry.value.to_value();
            // Of several, one is enough.
            let first = value.as_array().and_then(|list| list.first()).unwrap_or(&value);
            Some((entry.key.text.clone(), first.as_str()?.to_owned()))
        };
        Self {
            scheme,
            made_up,
            written: connection.settings.iter().filter_map(text).collect(),
        }
    }
}

/// Whether a connection to Auth0 of these names has to call an emulated tenant, since it lacks a variable.
pub(super) fn needs_tenant(loaded: &Loaded, names: &BTreeSet<String>) -> bool {
    loaded.checked.connections().iter().any(|connection| {
        names.contains(&connection.name.value)
            && connection.type_name.value == CONNECTION_TYPE
            && connect::variables(loaded, connection)
                .iter()
                .any(|(_, is_set)| !is_set)
    })
}
