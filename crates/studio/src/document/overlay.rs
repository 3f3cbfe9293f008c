//! A text in the place of a file's, checked with the other files of the workspace as they were read last.

use std::sync::Arc;

use lockgate_flow::diagnostic::Diagnostic;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::{CheckedFlow, Workspace};

use crate::files::{Desk, Files};
use crate::path::{FileKind, FilePath};

/// A workspace with one text that is being edited.
pub(crate) struct Overlay {
    /// The text.
    pub(crate) source: Arc<Source>,
    /// The workspace with it; where it is neither a flow nor `lockgate.yaml`, as it was read.
    pub(crate) workspace: Arc<Workspace>,
    /// What is wrong in the text.
    pub(crate) findings: Vec<Diagnostic>,
}

impl Overlay {
    /// Puts a text over a workspace, and checks.
    pub(crate) fn of(files: &dyn Files, desk: &Desk, path: &FilePath, text: String) -> Self {
        let source = Source::new(path.as_str(), text);
        let kind = path.kind();
        let (workspace, mut findings) = match kind {
            FileKind::Flow => checked(desk.checked.with_flow(&source, &desk.catalog)),
            FileKind::Workspace => {
                let flows: Vec<_> = desk
                    .checked
                    .flows
                    .iter()
                    .map(|flow| Arc::clone(&flow.source))
                    .collect();
                checked(Workspace::check(Some(&source), &flows, &desk.catalog))
            }
            FileKind::Tests | FileKind::Connector => (
                Arc::clone(&desk.checked),
                files.findings(&[(kind, Arc::clone(&source))]),
            ),
        };
        findings.retain(|finding| finding.primary.source.path() == path.as_str());
        Self {
            source,
            workspace,
            findings,
        }
    }

    /// The text as a flow.
    pub(crate) fn flow(&self) -> Option<&CheckedFlow> {
        let mut flows = self.workspace.flows.iter();
        flows.find(|flow| Arc::ptr_eq(&flow.source, &self.source))
    }
}

fn checked(mut workspace: Workspace) -> (Arc<Workspace>, Vec<Diagnostic>) {
    let findings = std::mem::take(&mut workspace.diagnostics);
    (Arc::new(workspace), findings)
}
