//! Reads maps key by key: takes what is known, reports the rest with suggestions.

use std::sync::Arc;
use std::time::Duration;

use crate::diagnostic::{Code, Diagnostic, nearest, suggestion};
use crate::duration::parse_duration;
use crate::source::{Source, Span};
use crate::yaml::{Data, Entry, Node, Spanned};

/// Collects findings while a tree is read.
#[derive(Debug)]
pub struct Reader {
    /// The text that is read.
    pub source: Arc<Source>,
    /// What was found so far.
    pub diagnostics: Vec<Diagnostic>,
}

impl Reader {
    /// A reader without findings.
    pub fn new(source: &Arc<Source>) -> Self {
        Self {
            source: Arc::clone(source),
            diagnostics: Vec::new(),
        }
    }

    /// Reports a finding.
    pub fn report(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.diagnostics
            .push(Diagnostic::new(code, &self.source, span, message));
    }

    /// Reports a finding with a help text.
    pub fn report_help(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.diagnostics
            .push(Diagnostic::new(code, &self.source, span, message).help(help));
    }

    /// Reports that `what` must be something else than it is. Silent on what was reported already.
    pub fn wrong_type(&mut self, node: &Node, what: &str, expected: &str) {
        if node.data != Data::Invalid {
            self.report(
                Code::WrongType,
                node.span,
                format!("{what} must be {expected}, not {}", node.describe()),
            );
        }
    }

    /// A text.
    pub fn text(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        if let Some(text) = node.as_str() {
            return Some(Spanned::new(text.to_owned(), node.span));
        }
        self.wrong_type(node, what, "a text");
        None
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        if let Data::Scalar(scalar) = &node.data
            && let Some(value) = scalar.value.as_bool()
        {
            return Some(value);
        }
        self.wrong_type(node, what, "`true` or `false`");
        if let Some("yes" | "no" | "on" | "off") = node.as_str()
            && let Some(finding) = self.diagnostics.last_mut()
        {
            finding.help = Some("YAML 1.2 knows only `true` and `false`".to_owned());
        }
        None
    }

    /// A whole number within bounds.
    pub fn whole(&mut self, node: &Node, what: &str, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
        if let Data::Scalar(scalar) = &node.data
            && let Some(number) = scalar.value.as_u64()
            && range.contains(&number)
        {
            return Some(number);
        }
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        match &node.data {
            // That it is a number is no news; which one is.
            Data::Scalar(scalar) if scalar.value.is_number() => {
                let message = format!("{what} must be {expected}, not {}", scalar.text);
                self.report(Code::WrongType, node.span, message);
            }
            _ => self.wrong_type(node, what, &expected),
        }
        None
    }

    /// A duration like `30s`.
    pub fn duration(&mut self, node: &Node, what: &str) -> Option<Spanned<Duration>> {
        let text = match &node.data {
            Data::Scalar(scalar) if !scalar.value.is_null() => scalar.text.clone(),
            _ => {
                self.wrong_type(node, what, "a duration like `30s`");
                return None;
            }
        };
        match parse_duration(&text) {
            Ok(duration) => Some(Spanned::new(duration, node.span)),
            Err(error) => {
                self.report_help(
                    Code::InvalidDuration,
                    node.span,
                    format!("{what}: {error}"),
                    "write `200ms`, `30s`, `5m`, `2h`, `3d` or ISO 8601 like `PT5M`",
                );
                None
            }
        }
    }

    /// The fields of a map; a finding and none where the node is no map.
    pub fn fields<'n>(&mut self, node: &'n Node, what: &'static str) -> Option<Fields<'n>> {
        if let Data::Map(entries) = &node.data {
            Some(Fields {
                what,
                span: node.span,
                entries,
                taken: vec![false; entries.len()],
            })
        } else {
            self.wrong_type(node, what, "a map");
            None
        }
    }
}

/// The entries of a map while it is read.
#[derive(Debug)]
pub struct Fields<'n> {
    what: &'static str,
    span: Span,
    entries: &'n [Entry],
    taken: Vec<bool>,
}

impl<'n> Fields<'n> {
    /// Takes the entry of a key.
    pub fn entry(&mut self, key: &str) -> Option<&'n Entry> {
        let index = self.entries.iter().position(|entry| entry.key.text == key)?;
        self.taken[index] = true;
        self.entries.get(index)
    }

    /// Takes the value of a key.
    pub fn take(&mut self, key: &str) -> Option<&'n Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Takes the value of a key; where it is not there, the value of a misspelt one that seems to stand in its place.
    /// The misspelt key stays untaken, so that `finish` reports it.
    pub fn take_or_recover(&mut self, key: &str, known: &[&str]) -> Option<&'n Node> {
        self.take(key).or_else(|| {
            self.entries
                .iter()
                .zip(&self.taken)
                .find(|(entry, taken)| {
                    let name = entry.key.text.as_str();
                    !**taken && !known.contains(&name) && nearest(name, known.iter().copied()) == Some(key)
                })
                .map(|(entry, _)| &entry.value)
        })
    }

    /// Takes the value of a key that must be there.
    pub fn need(&mut self, reader: &mut Reader, key: &str) -> Option<&'n Node> {
        let found = self.take(key);
        if found.is_none() {
            self.missing(reader, key);
        }
        found
    }

    /// Reports a missing key, unless a misspelt one stands in its place (which is reported by `finish`).
    pub fn missing(&self, reader: &mut Reader, key: &str) {
        let misspelt = self
            .entries
            .iter()
            .zip(&self.taken)
            .any(|(entry, taken)| !taken && nearest(&entry.key.text, [key]).is_some());
        if !misspelt {
            reader.report(
                Code::MissingKey,
                self.span,
                format!("{} has no `{key}`", self.what),
            );
        }
    }

    /// Whether a key is there, without taking it.
    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key.text == key)
    }

    /// Where the map stands.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Reports every key that nobody took.
    pub fn finish(self, reader: &mut Reader, known: &[&str]) {
        for (entry, taken) in self.entries.iter().zip(&self.taken) {
            // A key that stands twice is known, and has been reported.
            let is_second = known.contains(&entry.key.text.as_str())
                && self
                    .entries
                    .iter()
                    .take_while(|earlier| earlier.key.span != entry.key.span)
                    .any(|earlier| earlier.key.text == entry.key.text);
            if *taken || entry.key.text.is_empty() || is_second {
                continue;
            }
            let message = format!("unknown key `{}` in {}", entry.key.text, self.what);
            let mut finding = Diagnostic::new(Code::UnknownKey, &reader.source, entry.key.span, message);
            finding.help = elsewhere(&entry.key.text)
                .filter(|key| known.contains(key))
                .map(|key| format!("did you mean `{key}`?"))
                .or_else(|| suggestion(&entry.key.text, known.iter().copied()));
            reader.diagnostics.push(finding);
        }
    }
}

/// The key that does here what a key of other flow languages does there.
fn elsewhere(key: &str) -> Option<&'static str> {
    Some(match key {
        "when" | "condition" | "unless" => "if",
        "args" | "arguments" | "params" | "parameters" | "inputs" => "with",
        "uses" | "run" | "task" => "action",
        "catch" | "rescue" | "on_failure" => "on_error",
        "do" => "steps",
        "concurrency" | "max_parallel" => "at_once",
        "retries" => "retry",
        "label" | "title" => "name",
        "comment" | "note" => "notes",
        "goto" | "flow" => "call",
        _ => return None,
    })
}
