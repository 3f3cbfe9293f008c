//! `${GAP: password}`: what nobody has recorded, and an author has to fill in.

use std::sync::Arc;

use lockgate_engine::masks::MASKED;
use lockgate_flow::diagnostic::{Code, Diagnostic};
use lockgate_flow::source::{Source, Span};
use serde_json::Value;

const BEGIN: &str = "${GAP:";

/// The gap of a name.
pub(super) fn gap(name: &str) -> String {
    format!("{BEGIN} {name}}}")
}

/// Puts gaps in the place of what is masked. They are called by where they are: `password`, `card.number`.
pub(super) fn fill(value: &Value, name: &str) -> Value {
    match value {
        Value::String(text) if text.contains(MASKED) => Value::String(text.replace(MASKED, &gap(name))),
        Value::Array(items) => {
            let named = items.iter().enumerate();
            named
                .map(|(index, item)| fill(item, &below(name, &index.to_string())))
                .collect()
        }
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (key.clone(), fill(value, &below(name, key))))
            .collect(),
        _ => value.clone(),
    }
}

fn below(name: &str, key: &str) -> String {
    if name.is_empty() {
        key.to_owned()
    } else {
        format!("{name}.{key}")
    }
}

/// The gaps that a test file has. Comments have none.
pub(crate) fn find(source: &Arc<Source>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let mut start = 0;
    for line in source.text().split_inclusive('\n') {
        let is_comment = line.trim_start().starts_with('#');
        for (at, _) in line.match_indices(BEGIN).filter(|_| !is_comment) {
            let Some(end) = line[at..].find('}') else { continue };
            let name = line[at + BEGIN.len()..at + end].trim();
            let span = Span::new(start + at, start + at + end + 1);
            let message = format!("`{name}` is a gap: it was masked when the run was recorded");
            findings.push(
                Diagnostic::new(Code::InvalidCase, source, span, message)
                    .help("write a value in its place; a made-up one does where the flow only hands it on"),
            );
        }
        start += line.len();
    }
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_masked_becomes_a_gap_with_a_name() {
        let given =
            json!({ "email": "a@b.c", "password": MASKED, "cards": [{ "number": format!("No. {MASKED}") }] });
        let expected = json!({
            "email": "a@b.c",
            "password": "${GAP: password}",
            "cards": [{ "number": "No. ${GAP: cards.0.number}" }],
        });
        assert_eq!(fill(&given, ""), expected);
        assert_eq!(fill(&json!(MASKED), "x"), json!("${GAP: x}"));
    }

    #[test]
    fn gaps_are_found_with_their_places() {
        let source = Source::new(
            "a.test.yaml",
            "# ${GAP: none}\na: \"${GAP: one} ${GAP: two}\"\nb: ${GAP\n",
        );
        let found: Vec<(usize, usize, String)> = find(&source)
            .into_iter()
            .map(|finding| {
                let position = source.position(finding.primary.span.start);
                (position.line, position.column, finding.message)
            })
            .collect();
        let said = |name: &str| format!("`{name}` is a gap: it was masked when the run was recorded");
        assert_eq!(found, [(2, 5, said("one")), (2, 17, said("two"))]);
    }
}
