//! What is wrong in texts of test files and connectors, as `lockgate test` and `lockgate check` say it.

use std::sync::Arc;

use lockgate_flow::diagnostic::Diagnostic;
use lockgate_flow::source::Source;
use lockgate_flow::yaml::{Limits, load};
use lockgate_studio::path::FileKind;
use lockgate_testing::{Subject, check, file};

use crate::catalogue;
use crate::connectors::{Connectors, is_contract};
use crate::workspace::Loaded;

/// What is wrong in texts, each in the place of the file of its path.
pub(super) fn findings(loaded: &Loaded, texts: &[(FileKind, Arc<Source>)]) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let mut subject = None;
    for (kind, source) in texts {
        match kind {
            FileKind::Tests => {
                let subject = subject.get_or_insert_with(|| {
                    Subject::new(
                        &loaded.checked,
                        loaded.actions(),
                        Arc::clone(&loaded.catalog),
                        lockgate_catalogue::connection_types(&loaded.connectors.all),
                    )
                });
                let (file, found) = file::parse(source);
                findings.extend(found);
                findings.extend(check(subject, &file));
            }
            // Tests of the project read contracts; here they have to be YAML.
            FileKind::Connector if is_contract(source.path()) => {
                findings.extend(load(source, Limits::default()).diagnostics);
            }
            FileKind::Connector => findings.extend(of_connector(loaded, source)),
            FileKind::Workspace | FileKind::Flow => {}
        }
    }
    findings
}

/// With the other connectors as they were read.
fn of_connector(loaded: &Loaded, source: &Arc<Source>) -> Vec<Diagnostic> {
    let mut sources: Vec<Arc<Source>> = loaded.connectors.own.clone();
    sources.retain(|known| known.path() != source.path());
    sources.push(Arc::clone(source));
    sources.sort_by(|a, b| a.path().cmp(b.path()));
    let mut findings = Connectors::of(sources, &catalogue::catalog()).findings;
    findings.retain(|finding| finding.primary.source.path() == source.path());
    findings
}
