//! The connections as they are served now, for whoever shows or tests one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use lockgate_auth0::Auth0Connection;
use lockgate_engine::clock::Clock;
use lockgate_flow::diagnostic::Diagnostic;

use super::connections::{Missing, OpenConnections, Target};
use crate::connect::Emulated;
use crate::workspace::Loaded;

/// The connections of the site that is served.
#[derive(Default)]
pub(crate) struct Served(RwLock<State>);

#[derive(Clone, Default)]
struct State {
    open: OpenConnections,
    /// Whether what lacks a variable is replaced.
    is_replacing: bool,
    tenant: Option<Emulated>,
}

/// Connections of a workspace: those that are served as they are, the others opened to be looked at.
pub(crate) struct Looked {
    open: OpenConnections,
    /// Those that cannot be used, and why.
    pub(crate) unusable: BTreeMap<String, Diagnostic>,
    /// Where the others go.
    pub(crate) targets: BTreeMap<String, Target>,
    /// Those that are served.
    pub(crate) served: BTreeSet<String>,
    /// Whether what lacks a variable is replaced as soon as a flow uses it.
    pub(crate) is_replacing: bool,
}

impl Served {
    pub(super) fn set(&self, open: &OpenConnections, missing: Missing<'_>) {
        let (is_replacing, tenant) = match missing {
            Missing::Refused => (false, None),
            Missing::Replaced(tenant) => (true, tenant.cloned()),
        };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = State {
            open: open.clone(),
            is_replacing,
            tenant,
        };
    }

    /// Looks at connections of a workspace as it stands now. Nobody is called.
    pub(crate) fn look(&self, loaded: &Loaded, names: &BTreeSet<String>, clock: &Arc<dyn Clock>) -> Looked {
        let State {
            open: served,
            is_replacing,
            tenant,
        } = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let missing = if is_replacing {
            Missing::Replaced(tenant.as_ref())
        } else {
            Missing::Refused
        };
        let (open, unusable) = OpenConnections::of(loaded, names, &served, missing, clock);
        Looked {
            targets: open.targets(loaded, tenant.as_ref().map(|tenant| tenant.url.as_str())),
            served: served.names().map(str::to_owned).collect(),
            open,
            unusable,
            is_replacing,
        }
    }
}

impl Looked {
    /// A connection to Auth0, or to the tenant that stands in for it.
    pub(crate) fn auth0(&self, name: &str) -> Option<&Arc<Auth0Connection>> {
        self.open.auth0(name)
    }

    /// Why steps that use a connection fail, where it is left out.
    pub(crate) fn left_out(&self, name: &str) -> Option<&str> {
        self.open.left_out(name)
    }
}
