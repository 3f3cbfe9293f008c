//! What a run is pinned to: everything that decides what a flow does, as data that can be kept and compiled again.
//!
//! Not here: the settings of connections. A run that goes on uses those of today.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::catalog::Catalog;
use crate::diagnostic::Diagnostic;
use crate::graph::Flow;

/// The text of a flow and of those that it calls, and what their checks and expressions look up in `lockgate.yaml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// The flow's name.
    pub flow: String,
    /// Its file and those of the flows that it calls, at any depth: by the flow's name.
    pub files: BTreeMap<String, DefinitionFile>,
    /// `config`.
    pub config: Value,
    /// The types of the declared connections, by name: of those that these flows use.
    pub connections: BTreeMap<String, String>,
    /// The version of the flow language.
    pub version: u64,
}

/// A flow file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefinitionFile {
    /// Its path in the workspace.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A definition that can run.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The flow.
    pub flow: Arc<Flow>,
    /// The flows that it calls, and itself.
    pub flows: BTreeMap<String, Arc<Flow>>,
}

impl Definition {
    /// The definition of a flow of a workspace: `flows` are its runnable flows, `connections` the types of its
    /// connections by name.
    pub fn of(
        flow: &Flow,
        flows: &BTreeMap<String, Arc<Flow>>,
        connections: &BTreeMap<String, String>,
    ) -> Self {
        let _ = (flow, flows, connections);
        unimplemented!()
    }

    /// SHA-256 of its content, in hex: equal for equal definitions.
    pub fn digest(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(&text)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Compiles it again, like the workspace that it came from.
    ///
    /// # Errors
    /// This binary cannot run it any more: an action is gone or takes something else. The findings say what.
    pub fn compile(&self, catalog: &Catalog) -> Result<Compiled, Vec<Diagnostic>> {
        let _ = catalog;
        unimplemented!()
    }
}
