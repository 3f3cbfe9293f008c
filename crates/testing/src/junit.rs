//! The report as JUnit's XML, which build servers read: a suite for each test file, a test case for each case.
//!
//! Nobody has standardised it; this is what Ant's task wrote first and what Jenkins, GitLab and GitHub's actions read:
//! `testsuites`, `testsuite`, `testcase` with one `failure` or `skipped`, times in seconds.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use lockgate_flow::diagnostic::render_text;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::diff::diff;
use crate::report::{CaseReport, Report, Verdict};

/// The document.
///
/// # Errors
/// What it is written to takes no more.
pub fn write(report: &Report, to: &mut dyn io::Write) -> io::Result<()> {
    let mut writer = Writer::new_with_indent(to, b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let mut suites: Vec<(&str, Vec<&CaseReport>)> = Vec::new();
    for case in &report.cases {
        match suites.last_mut() {
            Some((file, cases)) if *file == case.file => cases.push(case),
            _ => suites.push((&case.file, vec![case])),
        }
    }
    let all: Vec<&CaseReport> = report.cases.iter().collect();
    writer
        .create_element("testsuites")
        .with_attribute(("name", "lockgate"))
        .with_attributes(counts(&all, report.took).iter().map(pair))
        .write_inner_content(|writer| {
            for (file, cases) in &suites {
                suite(writer, file, cases)?;
            }
            Ok(())
        })?;
    writer.get_mut().write_all(b"\n")
}

type To<'a> = Writer<&'a mut dyn io::Write>;

fn suite(writer: &mut To<'_>, file: &str, cases: &[&CaseReport]) -> io::Result<()> {
    let flow = cases.first().map_or("", |case| case.flow.as_str());
    let took = cases.iter().map(|case| case.took).sum();
    writer
        .create_element("testsuite")
        .with_attribute(("name", &*legal(flow)))
        .with_attribute(("file", &*legal(file)))
        .with_attributes(counts(cases, took).iter().map(pair))
        .write_inner_content(|writer| {
            for case in cases {
                test_case(writer, case)?;
            }
            Ok(())
        })?;
    Ok(())
}

fn test_case(writer: &mut To<'_>, case: &CaseReport) -> io::Result<()> {
    let line = case.position.line.to_string();
    let element = writer
        .create_element("testcase")
        .with_attribute(("name", &*legal(&case.name)))
        .with_attribute(("classname", &*legal(&case.flow)))
        .with_attribute(("file", &*legal(&case.file)))
        .with_attribute(("line", line.as_str()))
        .with_attribute(("time", seconds(case.took).as_str()));
    match &case.verdict {
        Verdict::Passed => element.write_empty()?,
        Verdict::Skipped(why) => element.write_inner_content(|writer| {
            let skipped = writer.create_element("skipped");
            skipped.with_attribute(("message", &*legal(why))).write_empty()?;
            Ok(())
        })?,
        Verdict::Failed => element.write_inner_content(|writer| {
            let first = case.failures.first().map(|failure| &failure.finding);
            writer
                .create_element("failure")
                .with_attribute(("message", &*legal(first.map_or("", |finding| &finding.message))))
                .with_attribute(("type", first.map_or("", |finding| finding.code.as_str())))
                .write_text_content(BytesText::new(&legal(&failures(case))))?;
            Ok(())
        })?,
    };
    Ok(())
}

/// What did not hold, as on the terminal: the place, and expected and actual as a diff.
fn failures(case: &CaseReport) -> String {
    let mut text = String::new();
    for failure in &case.failures {
        text.push_str(&render_text(std::slice::from_ref(&failure.finding), false));
        if let Some(values) = &failure.values {
            text.push_str("- expected  + found\n");
            for line in diff(values) {
                let _ = writeln!(text, "{} {}", line.side.mark(), line.text);
            }
        }
    }
    text
}

fn counts(cases: &[&CaseReport], took: Duration) -> [(&'static str, String); 5] {
    let count = |is: fn(&Verdict) -> bool| cases.iter().filter(|case| is(&case.verdict)).count().to_string();
    [
        ("tests", cases.len().to_string()),
        ("failures", count(|verdict| *verdict == Verdict::Failed)),
        // A case that could not be run is one that failed.
        ("errors", "0".to_owned()),
        ("skipped", count(|verdict| matches!(verdict, Verdict::Skipped(_)))),
        ("time", seconds(took)),
    ]
}

fn pair<'a>((name, value): &'a (&'static str, String)) -> (&'a str, &'a str) {
    (name, value.as_str())
}

fn seconds(duration: Duration) -> String {
    format!("{:.6}", duration.as_secs_f64())
}

/// Without the characters that XML 1.0 §2.2 forbids; what is special in XML the writer escapes.
fn legal(text: &str) -> Cow<'_, str> {
    let is_forbidden = |character: char| matches!(character, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if text.contains(is_forbidden) {
        Cow::Owned(text.replace(is_forbidden, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}
