//! Snapshots: what a run gave, kept beside its test.

use std::sync::Arc;

use lockgate_flow::diagnostic::{Code, Diagnostic};
use lockgate_flow::source::{Source, Span};
use serde_json::{Map, Value, json};

use crate::file::{Case, SUFFIX};
use crate::matching::Pattern;
use crate::report::{RunReport, SnapshotChange, StepStatus, Values};

/// Where snapshots are kept. Paths are relative to the workspace.
pub trait Snapshots: Sync {
    /// What is kept under a path.
    fn read(&self, path: &str) -> Option<String>;
}

/// The folder of a test file's snapshots: `flows/sign-up.test.snap`.
pub fn folder(file: &str) -> String {
    format!("{}.test.snap", file.strip_suffix(SUFFIX).unwrap_or(file))
}

/// Where the snapshot of a run is kept.
pub(crate) fn path(file: &str, case: &Case, run: usize) -> String {
    let name = slug(&case.name.value);
    let run = if case.is_series {
        format!(".{}", run + 1)
    } else {
        String::new()
    };
    format!("{}/{name}{run}.json", folder(file))
}

/// Where the snapshots of a case are kept.
pub(crate) fn paths(file: &str, case: &Case) -> Vec<String> {
    let runs = case.runs.iter().enumerate();
    runs.filter(|(_, run)| run.expect.snapshot.is_some())
        .map(|(index, _)| path(file, case, index))
        .collect()
}

/// A name as part of a path: what is no letter or digit becomes a hyphen.
pub(crate) fn slug(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars() {
        if letter.is_alphanumeric() {
            slug.extend(letter.to_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        "case".to_owned()
    } else {
        slug.to_owned()
    }
}

pub(crate) struct Compared {
    pub(crate) finding: Option<(Diagnostic, Option<Values>)>,
    pub(crate) change: Option<SnapshotChange>,
}

pub(crate) fn compare(
    source: &Arc<Source>,
    span: Span,
    run: &RunReport,
    path: &str,
    kept: Option<&str>,
) -> Compared {
    let found = of(run);
    let change = |is_new| {
        Some(SnapshotChange {
            path: path.to_owned(),
            text: format!("{found:#}\n"),
            is_new,
        })
    };
    let Some(kept) = kept else {
        let message = format!("there is no snapshot yet: {path}");
        let finding = Diagnostic::new(Code::ExpectationFailed, source, span, message)
            .help("`lockgate test --update` writes it; look at it before you commit it");
        let values = Values {
            expected: None,
            actual: Some(found.clone()),
        };
        return Compared {
            finding: Some((finding, Some(values))),
            change: change(true),
        };
    };
    let expected: Value = serde_json::from_str(kept).unwrap_or(Value::Null);
    let compared = Pattern::exactly(&expected).compare(Some(&found));
    let Some(first) = compared.differences.first() else {
        return Compared {
            finding: None,
            change: None,
        };
    };
    let more = match compared.differences.len() {
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    let message = format!(
        "the run departs from {path} at {}: {}{more}",
        first.pointer, first.message
    );
    let finding = Diagnostic::new(Code::ExpectationFailed, source, span, message)
        .help("if this is what it should do now: `lockgate test --update`");
    Compared {
        finding: Some((
            finding,
            Some(Values {
                expected: Some(expected),
                actual: Some(found.clone()),
            }),
        )),
        change: change(false),
    }
}

/// What is kept of a run. Secrets are masked: what is kept goes into a repository, and some are never the same twice.
fn of(run: &RunReport) -> Value {
    let steps: Vec<Value> = run
        .steps
        .iter()
        .map(|step| {
            let mut seen = Map::new();
            seen.insert("step".to_owned(), json!(step.id.as_ref().unwrap_or(&step.title)));
            seen.insert("path".to_owned(), json!(step.key));
            if let Some(action) = &step.action {
                seen.insert("action".to_owned(), json!(action));
            }
            seen.insert("status".to_owned(), json!(step.status.name()));
            if step.status != StepStatus::Skipped && step.attempts > 1 {
                seen.insert("attempts".to_owned(), json!(step.attempts));
            }
            for (name, value) in [
                ("input", &step.input),
                ("output", &step.output),
                ("error", &step.error),
            ] {
                if let Some(value) = value {
                    seen.insert(name.to_owned(), value.clone());
                }
            }
            Value::Object(seen)
        })
        .collect();
    let mut seen = json!({ "flow": run.flow, "status": run.status, "response": run.response });
    for (name, value) in [("output", &run.output), ("error", &run.error)] {
        if let Some(value) = value {
            seen[name] = value.clone();
        }
    }
    seen["steps"] = Value::Array(steps);
    seen["tenant"] = json!({ "requests": run.requests });
    run.masks.apply_to(&seen).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_a_part_of_a_path() {
        for (name, expected) in [
            ("a pro plan gets its quota", "a-pro-plan-gets-its-quota"),
            ("  429: \"later\" ", "429-later"),
            ("Überfall/../x", "überfall-x"),
            ("!", "case"),
        ] {
            assert_eq!(slug(name), expected);
        }
        assert_eq!(folder("flows/sign-up.test.yaml"), "flows/sign-up.test.snap");
    }
}
