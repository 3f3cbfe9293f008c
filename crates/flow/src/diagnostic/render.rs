//! The renderings of findings: text with source and carets, JSON, GitHub annotations.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

use super::{Diagnostic, Label, Severity};

/// Renders findings for a terminal, as rustc does. Each ends with an empty line; nothing for none.
pub fn render_text(diagnostics: &[Diagnostic], colour: bool) -> String {
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut text = String::new();
    for diagnostic in diagnostics {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level
            .primary_title(diagnostic.message.as_str())
            .id(diagnostic.code.as_str());
        let mut group = Group::with_title(title).element(snippet(diagnostic));
        for label in &diagnostic.secondary {
            if label.source.path() != diagnostic.primary.source.path() {
                group = group.element(
                    Snippet::source(label.source.text())
                        .path(label.source.path())
                        .annotation(annotation(AnnotationKind::Context, label)),
                );
            }
        }
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        let _ = writeln!(text, "{}\n", renderer.render(&[group]));
    }
    text
}

fn snippet(diagnostic: &Diagnostic) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
    let primary = &diagnostic.primary;
    let mut snippet = Snippet::source(primary.source.text())
        .path(primary.source.path())
        .annotation(annotation(AnnotationKind::Primary, primary));
    for label in &diagnostic.secondary {
        if label.source.path() == primary.source.path() {
            snippet = snippet.annotation(annotation(AnnotationKind::Context, label));
        }
    }
    snippet
}

fn annotation(kind: AnnotationKind, label: &Label) -> annotate_snippets::Annotation<'_> {
    let text = label.source.text();
    // A block of many lines is shown by its first: the caret says where it begins.
    let range = label.span.range();
    let first_line = text
        .get(range.clone())
        .and_then(|slice| slice.find('\n'))
        .map_or(range.end, |n| range.start + n);
    let mut end = first_line.max(range.start).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut start = range.start.min(end);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let annotation = kind.span(start..end);
    if label.message.is_empty() {
        annotation
    } else {
        annotation.label(label.message.as_str())
    }
}

/// One finding as JSON: `code`, `severity`, `message`, `file`, `line`, `column`, `end_line`, `end_column`,
/// `help`, and `related` (further places). Lines and columns start at 1; the end is exclusive.
pub fn to_json(diagnostic: &Diagnostic) -> Value {
    let mut object = place(&diagnostic.primary);
    let mut finding = json!({
        "code": diagnostic.code.as_str(),
        "severity": diagnostic.severity.name(),
        "message": diagnostic.message,
    });
    if let (Value::Object(finding), Value::Object(place)) = (&mut finding, &mut object) {
        finding.append(place);
        finding.insert("help".to_owned(), json!(diagnostic.help));
        let related: Vec<Value> = diagnostic
            .secondary
            .iter()
            .map(|label| {
                let mut related = place_map(label);
                related.insert("message".to_owned(), json!(label.message));
                Value::Object(related)
            })
            .collect();
        finding.insert("related".to_owned(), Value::Array(related));
    }
    finding
}

fn place(label: &Label) -> Value {
    Value::Object(place_map(label))
}

fn place_map(label: &Label) -> serde_json::Map<String, Value> {
    let start = label.source.position(label.span.start);
    let end = label.source.position(label.span.end);
    [
        ("file", json!(label.source.path())),
        ("line", json!(start.line)),
        ("column", json!(start.column)),
        ("end_line", json!(end.line)),
        ("end_column", json!(end.column)),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}

/// All findings as a JSON list.
pub fn render_json(diagnostics: &[Diagnostic]) -> Value {
    Value::Array(diagnostics.iter().map(to_json).collect())
}

/// Findings as GitHub workflow commands, one line each, so that they show at the lines of a pull request.
pub fn render_github(diagnostics: &[Diagnostic]) -> String {
    let escape = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| escape(text).replace(':', "%3A").replace(',', "%2C");
    let mut text = String::new();
    for diagnostic in diagnostics {
        let label = &diagnostic.primary;
        let (start, end) = (
            label.source.position(label.span.start),
            label.source.position(label.span.end),
        );
        let help = diagnostic
            .help
            .as_deref()
            .map(|help| format!("\nhelp: {help}"))
            .unwrap_or_default();
        let _ = writeln!(
            text,
            "::{severity} file={file},line={line},col={column},endLine={end_line},endColumn={end_column},title={code}::{message}",
            severity = diagnostic.severity.name(),
            file = property(label.source.path()),
            line = start.line,
            column = start.column,
            end_line = end.line,
            end_column = end.column,
            code = diagnostic.code,
            message = escape(&format!("{}{help}", diagnostic.message)),
        );
    }
    text
}
