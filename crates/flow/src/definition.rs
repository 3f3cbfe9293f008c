//! What a run is pinned to: everything that decides what a flow does, as data that can be kept and compiled again.
//!
//! Not here: the settings of connections. A run that goes on uses those of today.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::catalog::Catalog;
use crate::check::{Given, check_again};
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{Flow, hex};
use crate::source::{Source, Span};
use crate::syntax::parse;
use crate::workspace::LANGUAGE_VERSION;

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
    ///
    /// The connection that checks a flow's callers (`auth`) is not in it: who may start a run is settled before there is one.
    pub fn of(
        flow: &Flow,
        flows: &BTreeMap<String, Arc<Flow>>,
        connections: &BTreeMap<String, String>,
    ) -> Self {
        let mut definition = Self {
            flow: flow.name.clone(),
            files: BTreeMap::new(),
            config: (*flow.config).clone(),
            connections: BTreeMap::new(),
            version: LANGUAGE_VERSION,
        };
        let mut waiting = vec![flow];
        while let Some(flow) = waiting.pop() {
            if definition.files.contains_key(&flow.name) {
                continue;
            }
            let file = DefinitionFile {
                path: flow.source.path().to_owned(),
                text: flow.source.text().to_owned(),
            };
            definition.files.insert(flow.name.clone(), file);
            for used in flow.connections() {
                if let Some(kind) = connections.get(used) {
                    definition.connections.insert(used.to_owned(), kind.clone());
                }
            }
            let called = flow.calls().filter_map(|name| flows.get(name));
            waiting.extend(called.map(|flow| &**flow));
        }
        definition
    }

    /// SHA-256 of its content, in hex: equal for equal definitions.
    pub fn digest(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        hex(&Sha256::digest(&text))
    }

    /// Compiles it again, like the workspace that it came from.
    ///
    /// What starts a flow is not checked again: the run has begun. Which connection a step uses does not depend on those
    /// that are not in the definition: where several of a type are declared, every step names its own, else the flow
    /// had not been runnable; and the one that a step found without a name is in it.
    ///
    /// # Errors
    /// This binary cannot run it any more: an action is gone or takes something else. The findings say what.
    pub fn compile(&self, catalog: &Catalog) -> Result<Compiled, Vec<Diagnostic>> {
        let mut findings = Vec::new();
        let mut given = Vec::new();
        for file in self.files.values() {
            let source = Source::new(file.path.clone(), file.text.clone());
            let parsed = parse(&source);
            findings.extend(parsed.diagnostics);
            given.push(Given {
                source,
                syntax: parsed.flow,
                is_complete: parsed.complete,
            });
        }
        findings.retain(|finding| finding.is_error() && finding.code != Code::InvalidTrigger);
        if self.version != LANGUAGE_VERSION {
            let message = format!("version {} of the flow language", self.version);
            findings.insert(0, self.finding(Code::LanguageVersion, message));
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        let connections: Vec<(String, String)> = self
            .connections
            .iter()
            .map(|(name, kind)| (name.clone(), kind.clone()))
            .collect();
        let config = Arc::new(self.config.clone());
        let flows: BTreeMap<String, Arc<Flow>> = check_again(given, &config, &connections, catalog)?
            .into_iter()
            .map(|flow| (flow.name.clone(), Arc::new(flow)))
            .collect();
        let Some(flow) = flows.get(&self.flow) else {
            let message = format!("the definition of `{}` does not hold its file", self.flow);
            return Err(vec![self.finding(Code::UnknownFlow, message)]);
        };
        Ok(Compiled {
            flow: Arc::clone(flow),
            flows,
        })
    }

    /// A finding about the definition as a whole.
    fn finding(&self, code: Code, message: String) -> Diagnostic {
        let file = self.files.get(&self.flow);
        let source = file.map_or_else(
            || Source::new(self.flow.clone(), String::new()),
            |file| Source::new(file.path.clone(), file.text.clone()),
        );
        Diagnostic::new(code, &source, Span::new(0, 0), message)
    }
}
