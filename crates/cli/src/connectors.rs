//! The connectors of a workspace: `connectors/*.yaml`, beside those that ship.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use lockgate_connectors::{Connector, shipped};
use lockgate_flow::catalog::Catalog;
use lockgate_flow::diagnostic::{Code, Diagnostic};
use lockgate_flow::source::{Source, Span};
use lockgate_flow::yaml::{Limits, load};

use crate::workspace::read;

/// The folder that they stand in.
pub(crate) const CONNECTORS: &str = "connectors";

/// The connectors that a workspace can use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connectors {
    /// The shipped ones that no other stands in the place of, then the workspace's own.
    pub(crate) all: Vec<Arc<Connector>>,
    /// The files of its own.
    pub(crate) own: Vec<Arc<Source>>,
    /// What is wrong with these.
    pub(crate) findings: Vec<Diagnostic>,
}

impl Connectors {
    /// Those that ship.
    pub(crate) fn shipped() -> Self {
        Self {
            all: shipped().to_vec(),
            ..Self::default()
        }
    }

    /// Reads the connectors of a workspace. `catalog` holds what this binary offers.
    ///
    /// # Errors
    /// The folder or a file in it cannot be read.
    pub(crate) fn find(root: &Path, catalog: &Catalog) -> Result<Self> {
        let folder = root.join(CONNECTORS);
        if !folder.is_dir() {
            return Ok(Self::shipped());
        }
        let listing = || format!("listing {}", folder.display());
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(&folder).with_context(listing)? {
            let path = entry.with_context(listing)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_connector = name.ends_with(".yaml") && !is_contract(&name) && !name.starts_with('.');
            if is_connector && path.is_file() {
                paths.push(path);
            }
        }
        paths.sort();
        let (mut sources, mut broken) = (Vec::new(), Vec::new());
        for path in paths {
            let (source, finding) = read(root, &path)?;
            sources.push(source);
            broken.extend(finding);
        }
        let mut found = Self::of(sources, catalog);
        found.findings.extend(broken);
        Ok(found)
    }

    /// Those of these files.
    pub(crate) fn of(sources: Vec<Arc<Source>>, catalog: &Catalog) -> Self {
        let mut found = Self::default();
        let mut named: BTreeMap<String, Arc<Connector>> = BTreeMap::new();
        for source in sources {
            let (connector, findings) = Connector::parse(&source);
            found.findings.extend(findings);
            if let Some(connector) = connector.map(Arc::new) {
                found.add(connector, &mut named, catalog);
            }
            found.own.push(source);
        }
        let is_replaced = |connector: &&Arc<Connector>| !named.contains_key(connector.name());
        found.all = shipped().iter().filter(is_replaced).cloned().collect();
        found.all.extend(named.into_values());
        found
    }

    fn add(
        &mut self,
        connector: Arc<Connector>,
        named: &mut BTreeMap<String, Arc<Connector>>,
        catalog: &Catalog,
    ) {
        let name = connector.name();
        if let Some(other) = named.get(name) {
            let finding = Diagnostic::new(
                Code::DuplicateConnector,
                connector.source(),
                place(connector.source()),
                format!("there are two connectors `{name}`"),
            );
            let finding = finding
                .and_in(other.source(), place(other.source()), "the other one")
                .help("give each a name of its own");
            self.findings.push(finding);
        } else if is_built_in(name, catalog) {
            let finding = Diagnostic::new(
                Code::InvalidConnector,
                connector.source(),
                place(connector.source()),
                format!("`{name}` is the name of actions or connections that Lockgate has itself"),
            );
            self.findings
                .push(finding.help("give the connector another name"));
        } else {
            named.insert(name.to_owned(), connector);
        }
    }

    /// The catalog of a workspace: what this binary offers, with the workspace's own connectors.
    pub(crate) fn catalog(&self, catalog: &Catalog) -> Catalog {
        let mut catalog = catalog.clone();
        let own = self.own();
        for connector in &own {
            catalog.remove_connection(connector.name());
        }
        lockgate_connectors::declare(&mut catalog, own);
        catalog
    }

    /// The workspace's own.
    fn own(&self) -> Vec<&Arc<Connector>> {
        let is_own = |connector: &&Arc<Connector>| {
            self.own
                .iter()
                .any(|source| Arc::ptr_eq(source, connector.source()))
        };
        self.all.iter().filter(is_own).collect()
    }

    /// Whether the files of two are the same.
    pub(crate) fn are_as(&self, other: &Self) -> bool {
        let texts = |connectors: &Self| -> Vec<String> {
            let texts = connectors.own.iter();
            texts.map(|source| source.text().to_owned()).collect()
        };
        texts(self) == texts(other)
    }

    /// The text of a connector of the workspace; none of one that ships.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        Some(self.source(name)?.text().to_owned())
    }

    /// The file of a connector of the workspace.
    pub(crate) fn path(&self, name: &str) -> Option<&str> {
        Some(self.source(name)?.path())
    }

    fn source(&self, name: &str) -> Option<&Arc<Source>> {
        let mut own = self.own().into_iter();
        let connector = own.find(|connector| connector.name() == name)?;
        Some(connector.source())
    }
}

/// Whether a file says what a connector is held to, and is none itself.
pub(crate) fn is_contract(name: &str) -> bool {
    name.ends_with(".contract.yaml")
}

/// Whether actions or connections of this name come from the program, and not from a shipped connector.
fn is_built_in(name: &str, catalog: &Catalog) -> bool {
    if shipped().iter().any(|connector| connector.name() == name) {
        return false;
    }
    let is_group = |action: &str| {
        action == name
            || action
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('.'))
    };
    catalog.connection(name).is_some() || catalog.actions().any(|spec| is_group(&spec.name))
}

/// Where a connector says its name.
fn place(source: &Arc<Source>) -> Span {
    let loaded = load(source, Limits::default());
    loaded
        .root
        .as_ref()
        .and_then(|root| root.get("connector"))
        .map_or(Span::new(0, 0), |node| node.span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    const ACME: &str = "connector: acme\nsummary: Contacts of Acme\nconnection:\n  key: { type: string, secret: true }\nbase_url: https://api.acme.example\nauth: { bearer: \"{{connection.key}}\" }\noperations:\n  get:\n    summary: Reads\n    effect: read\n    request: { method: GET, path: /me }\n";

    fn found(files: &[(&str, &str)]) -> (Connectors, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join(CONNECTORS)).unwrap();
        for (name, text) in files {
            std::fs::write(root.join(CONNECTORS).join(name), text).unwrap();
        }
        let connectors = Connectors::find(&root, &catalogue::catalog()).unwrap();
        let findings = connectors.findings.iter();
        let findings = findings
            .map(|finding| {
                let place = finding.primary.source.position(finding.primary.span.start);
                let path = finding.primary.source.path();
                format!("{path}:{} {} {}", place.line, finding.code, finding.message)
            })
            .collect();
        (connectors, findings)
    }

    #[test]
    fn own_connectors_stand_beside_and_in_the_place_of_shipped_ones() {
        let stripe = ACME.replace("acme", "stripe");
        let (connectors, findings) = found(&[
            ("acme.yaml", ACME),
            ("acme.contract.yaml", "not: one"),
            (".acme.yaml.swp", ""),
            ("stripe.yaml", &stripe),
        ]);
        assert_eq!(findings, Vec::<String>::new());
        let catalog = connectors.catalog(&catalogue::catalog());
        assert!(catalog.action("acme.get").is_some() && catalog.connection("acme").is_some());
        // Nothing of the shipped one is left.
        let of_stripe: Vec<_> = catalog
            .actions()
            .filter(|spec| spec.name.starts_with("stripe."))
            .map(|spec| spec.name.to_string())
            .collect();
        assert_eq!(of_stripe, ["stripe.get"]);
        assert_eq!(connectors.text("acme").as_deref(), Some(ACME));
        assert_eq!(connectors.text("slack"), None);
        assert_eq!(connectors.all.len(), shipped().len() + 1);
    }

    #[test]
    fn names_that_are_taken_are_found() {
        let (connectors, findings) = found(&[
            ("a.yaml", ACME),
            ("b.yaml", &format!("# again\n{ACME}")),
            ("http.yaml", &ACME.replace("acme", "http")),
            ("auth0.yaml", &ACME.replace("acme", "auth0")),
        ]);
        assert_eq!(
            findings,
            [
                "connectors/auth0.yaml:1 LG0801 `auth0` is the name of actions or connections that Lockgate has itself",
                "connectors/b.yaml:2 LG0803 there are two connectors `acme`",
                "connectors/http.yaml:1 LG0801 `http` is the name of actions or connections that Lockgate has itself",
            ]
            .into_iter()
            .collect::<Vec<_>>()
            .as_slice(),
            "{findings:?}"
        );
        assert_eq!(connectors.all.len(), shipped().len() + 1);
    }

    /// One that has mistakes declares what it can, and offers nothing.
    #[test]
    fn a_connector_with_a_mistake_is_declared_and_not_offered() {
        let (connectors, findings) = found(&[("acme.yaml", &ACME.replace("method: GET", "method: FETCH"))]);
        assert_eq!(
            findings,
            ["connectors/acme.yaml:11 LG0801 `FETCH` is no method that can be sent"]
        );
        let catalog = connectors.catalog(&catalogue::catalog());
        assert!(catalog.action("acme.get").is_some());
        let actions = lockgate_catalogue::actions(lockgate_http::HttpPolicy::default(), &connectors.all);
        assert!(actions.get("acme.get").is_none() && actions.get("stripe.create_customer").is_some());
    }
}
