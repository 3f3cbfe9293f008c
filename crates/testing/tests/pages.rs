//! The pages of the codes of tests: what is wrong gives the code, alone; what is right passes.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;

use lockgate_flow::diagnostic::Code;
use support::Bed;

/// The files of a section of a page, by path.
fn files(page: &'static str, section: &str) -> BTreeMap<&'static str, String> {
    let mut found: BTreeMap<&str, String> = BTreeMap::new();
    let (mut here, mut open) = (false, None);
    for line in page.lines() {
        match (open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some(info.split_once("file=").unwrap().1),
            (Some(_), Some(_)) => open = None,
            (Some(file), None) if here => {
                let text = found.entry(file).or_default();
                text.push_str(line);
                text.push('\n');
            }
            (None, None) if line.starts_with("## ") => here = line == format!("## {section}"),
            _ => {}
        }
    }
    found
}

fn bed(page: &'static str, section: &str) -> Bed {
    let files = files(page, section);
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    assert!(files.len() >= 2, "{section}");
    Bed::new(&files)
}

/// The codes of all findings, of cases that failed too.
fn codes(bed: &Bed) -> Vec<Code> {
    let mut codes: Vec<Code> = bed.findings.iter().map(|finding| finding.code).collect();
    if !bed
        .findings
        .iter()
        .any(lockgate_flow::diagnostic::Diagnostic::is_error)
    {
        let cases = bed.run().cases;
        codes.extend(
            cases
                .iter()
                .flat_map(|case| &case.failures)
                .map(|failure| failure.finding.code),
        );
    }
    codes
}

#[test]
fn the_wrong_files_give_the_code_and_the_right_ones_pass() {
    let of_tests = Code::ALL.iter().filter(|code| code.as_str().starts_with("LG09"));
    let mut seen = 0;
    for code in of_tests {
        seen += 1;
        let wrong = codes(&bed(code.page(), "Wrong"));
        assert!(
            !wrong.is_empty() && wrong.iter().all(|found| found == code),
            "{code}: {wrong:?}"
        );
        let right = bed(code.page(), "Right");
        assert_eq!(codes(&right), [], "{code}: {}", right.failures());
    }
    assert_eq!(seen, 8);
}
