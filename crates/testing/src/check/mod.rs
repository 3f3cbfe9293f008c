//! Test files against the flows: names, mocks, expectations. All mistakes are found before anything runs.

mod expectations;
mod mocks;
mod names;

use lockgate_flow::diagnostic::Diagnostic;

use crate::file::TestFile;
use crate::subject::Subject;

/// Everything that is wrong with a test file that was read.
pub fn check(subject: &Subject, file: &TestFile) -> Vec<Diagnostic> {
    let mut findings = names::check(subject, file);
    // Of a flow that is not there nothing more can be said.
    if findings.is_empty() {
        findings = mocks::check(subject, file);
        findings.extend(expectations::check(subject, file));
    }
    findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    findings
}
