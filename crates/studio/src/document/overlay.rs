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
            FileKind::Workspace | FileKind::Flow => {
                let file = if kind == FileKind::Workspace {
                    Some(&source)
                } else {
                    desk.workspace_file()
                };
                let flows = flows(desk, path, &source);
                let mut workspace = Workspace::check(file, &flows, &desk.catalog);
                let findings = std::mem::take(&mut workspace.diagnostics);
                (Arc::new(workspace), findings)
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

/// All flows, in the order of their paths, with the text in the place of one of them or as a new one.
fn flows(desk: &Desk, path: &FilePath, source: &Arc<Source>) -> Vec<Arc<Source>> {
    let mut files = desk.files.clone();
    files.insert(path.clone(), Arc::clone(source));
    let flows = files
        .into_iter()
        .filter(|(path, _)| path.kind() == FileKind::Flow);
    flows.map(|(_, source)| source).collect()
}
