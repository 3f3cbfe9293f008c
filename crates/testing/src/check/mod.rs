//! Test files against the flows: names, mocks, expectations. All mistakes are found before anything runs.

mod expectations;
mod mocks;
mod names;

use lockgate_flow::diagnostic::Diagnostic;

use crate::file::TestFile;
use crate::recorded::find_gaps;
use crate::subject::Subject;

/// Everything that is wrong with a test file that was read.
pub fn check(subject: &Subject, file: &TestFile) -> Vec<Diagnostic> {
    let mut findings = names::check(subject, file);
    // Of a flow that is not there nothing more can be said.
    if findings.is_empty() {
        findings = mocks::check(subject, file);
        findings.extend(expectations::check(subject, file));
    }
    let gaps = find_gaps(&file.source);
    // What else may be said of a gap is not worth it.
    let is_of_gap = |finding: &Diagnostic| {
        gaps.iter().any(|gap| {
            let (gap, found) = (gap.primary.span, finding.primary.span);
            found.start <= gap.start && gap.end <= found.end
        })
    };
    findings.retain(|finding| !is_of_gap(finding));
    findings.extend(gaps);
    findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    findings
}
