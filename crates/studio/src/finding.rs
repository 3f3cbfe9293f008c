//! Findings as a browser shows them: where they stand in the text, in which step, and under which of its keys.

use std::collections::HashMap;
use std::sync::Arc;

use lockgate_flow::diagnostic::{Diagnostic, Label};
use lockgate_flow::graph;
use lockgate_flow::source::{Source, Span};
use lockgate_flow::syntax::FlowSyntax;
use lockgate_flow::yaml::{Data, Node};
use serde::Serialize;

use crate::positions::Positions;

/// A finding: `Diagnostic` of the API.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    code: &'static str,
    severity: &'static str,
    message: String,
    help: Option<String>,
    path: String,
    from: usize,
    to: usize,
    line: usize,
    column: usize,
    /// The structural path of the innermost step that it stands in.
    pub(crate) step: Option<String>,
    key: Option<String>,
    related: Vec<Related>,
}

#[derive(Clone, Debug, Serialize)]
struct Related {
    path: String,
    from: usize,
    to: usize,
    line: usize,
    message: String,
}

/// Turns findings of several files into those of the API. What was counted in a text is kept for the next finding of it.
#[derive(Default)]
pub(crate) struct Findings<'a> {
    positions: HashMap<*const Source, Positions>,
    steps: HashMap<&'a str, Steps<'a>>,
}

/// The steps of a flow, for finding the one that a place is in.
struct Steps<'a> {
    syntax: &'a FlowSyntax,
    /// The tree of the text, if it is there.
    root: Option<&'a Node>,
}

impl<'a> Findings<'a> {
    /// Knows the steps of a flow from now on, and the tree of its text.
    pub(crate) fn know(&mut self, syntax: &'a FlowSyntax, root: Option<&'a Node>) {
        self.steps.insert(syntax.source.path(), Steps { syntax, root });
    }

    /// Shows a finding.
    pub(crate) fn show(&mut self, finding: &Diagnostic) -> Finding {
        let (from, to) = self.place(&finding.primary);
        let Label { source, span, .. } = &finding.primary;
        let position = source.position(span.start);
        let (step, key) = self
            .steps
            .get(source.path())
            .filter(|steps| Arc::ptr_eq(&steps.syntax.source, source))
            .map_or((None, None), |steps| steps.of(*span));
        let related = finding.secondary.iter().map(|label| {
            let (from, to) = self.place(label);
            Related {
                path: label.source.path().to_owned(),
                from,
                to,
                line: label.source.position(label.span.start).line,
                message: label.message.clone(),
            }
        });
        Finding {
            code: finding.code.as_str(),
            severity: finding.severity.name(),
            message: finding.message.clone(),
            help: finding.help.clone(),
            path: source.path().to_owned(),
            from,
            to,
            line: position.line,
            column: position.column,
            step,
            key,
            related: related.collect(),
        }
    }

    /// Shows several.
    pub(crate) fn show_all<'d>(
        &mut self,
        findings: impl IntoIterator<Item = &'d Diagnostic>,
    ) -> Vec<Finding> {
        findings.into_iter().map(|finding| self.show(finding)).collect()
    }

    fn place(&mut self, label: &Label) -> (usize, usize) {
        let positions = self
            .positions
            .entry(Arc::as_ptr(&label.source))
            .or_insert_with(|| Positions::of(label.source.text()));
        units(positions, label.span)
    }
}

/// A span in UTF-16 code units.
pub(crate) fn units(positions: &Positions, span: Span) -> (usize, usize) {
    let range = span.range();
    (positions.unit(range.start), positions.unit(range.end))
}

impl Steps<'_> {
    /// The innermost step around a place, and the key in it.
    fn of(&self, span: Span) -> (Option<String>, Option<String>) {
        let around = |step: &&lockgate_flow::syntax::Step| holds(step.span, span);
        // Those inside stand after those around them.
        let Some(step) = graph::flatten(self.syntax).into_iter().rfind(around) else {
            return (None, None);
        };
        let key = self.root.and_then(|root| key_in(root, step.span, span));
        (Some(step.path.clone()), key)
    }
}

fn holds(outer: Span, inner: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// The JSON Pointer, within the map that stands at `step`, of what stands at `place`.
fn key_in(root: &Node, step: Span, place: Span) -> Option<String> {
    let (mut node, mut pointer, mut is_inside) = (root, String::new(), false);
    loop {
        // A list of one step stands where the step does.
        if node.span == step && matches!(node.data, Data::Map(_)) {
            is_inside = true;
            pointer.clear();
        }
        let next = match &node.data {
            Data::Map(entries) => entries
                .iter()
                .find(|entry| holds(entry.span(), place))
                .map(|entry| (entry.key.text.clone(), &entry.value)),
            Data::List(nodes) => nodes
                .iter()
                .enumerate()
                .find(|(_, node)| holds(node.span, place))
                .map(|(index, node)| (index.to_string(), node)),
            Data::Scalar(_) | Data::Invalid => None,
        };
        let Some((token, value)) = next else { break };
        pointer.push('/');
        pointer.push_str(&token.replace('~', "~0").replace('/', "~1"));
        node = value;
    }
    (is_inside && !pointer.is_empty()).then_some(pointer)
}

#[cfg(test)]
mod tests {
    use lockgate_flow::diagnostic::Code;
    use lockgate_flow::syntax::parse;
    use lockgate_flow::yaml::{Limits, load};

    use super::*;

    const FLOW: &str = "name: ä🎉
steps:
  - if: input.x
    then:
      - id: a
        action: http.request
        with: { url: 'https://x', \"a/b\": [1, { c: here }] }
  - for_each: input.list
    steps:
      - set: { total: 1 }
";

    fn found(place: &str) -> (Option<String>, Option<String>, String) {
        let source = Source::new("flows/a.yaml", FLOW);
        let start = FLOW.find(place).unwrap();
        let span = Span::new(start, start + place.len());
        let flow = parse(&source).flow.unwrap();
        let tree = load(&source, Limits::default());
        let mut findings = Findings::default();
        // The one that was parsed is the one that a finding stands in.
        findings.know(&flow, tree.root.as_ref());
        let finding = findings.show(&Diagnostic::new(Code::UnknownField, &flow.source, span, "x"));
        let units: Vec<u16> = FLOW.encode_utf16().collect();
        let text = String::from_utf16(&units[finding.from..finding.to]).unwrap();
        (finding.step, finding.key, text)
    }

    #[test]
    fn a_finding_says_its_step_and_the_key_in_it() {
        for (place, step, key) in [
            ("name: ä🎉", None, None),
            ("here", Some("steps/0/then/0"), Some("/with/a~1b/1/c")),
            ("\"a/b\"", Some("steps/0/then/0"), Some("/with/a~1b")),
            ("http.request", Some("steps/0/then/0"), Some("/action")),
            ("input.x", Some("steps/0"), Some("/if")),
            ("input.list", Some("steps/1"), Some("/for_each")),
            ("total", Some("steps/1/each/#/steps/0"), Some("/set/total")),
        ] {
            let (found_step, found_key, text) = found(place);
            assert_eq!(
                (found_step.as_deref(), found_key.as_deref()),
                (step, key),
                "{place}"
            );
            assert_eq!(text, place);
        }
    }
}
