//! Parser events → tree, within limits. Never panics and never stops at the first mistake that it can pass over.

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::Value;

use super::node::{Data, Entry, Key, Node, Scalar, Style};
use super::places::Places;
use super::scalar;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Source, Span};

/// Bounds against hostile files.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest text, in bytes.
    pub bytes: usize,
    /// Deepest nesting of lists and maps.
    pub depth: usize,
    /// Most nodes after aliases are expanded.
    pub nodes: usize,
}

impl Default for Limits {
    /// 1 MiB, 64 levels, 100,000 nodes: far more than a flow that a person can read.
    fn default() -> Self {
        Self {
            bytes: 1 << 20,
            depth: 64,
            nodes: 100_000,
        }
    }
}

/// What loading gave.
#[derive(Debug)]
pub struct Loaded {
    /// The tree: what there is of it, up to a syntax error.
    pub root: Option<Node>,
    /// Whether the text was read to its end.
    pub complete: bool,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
}

/// Loads one YAML document.
pub fn load(source: &Arc<Source>, limits: Limits) -> Loaded {
    let text = source.text();
    if text.len() > limits.bytes {
        let message = format!(
            "the file has {} bytes; at most {} are read",
            text.len(),
            limits.bytes
        );
        let finding = Diagnostic::new(Code::TooLarge, source, Span::new(0, 0), message)
            .help("split the flow: a part can become a flow of its own that is used with `call`");
        return Loaded {
            root: None,
            complete: false,
            diagnostics: vec![finding],
        };
    }
    let mut loader = Loader::new(source, limits);
    loader.run();
    Loaded {
        root: loader.root,
        complete: loader.complete,
        diagnostics: loader.diagnostics,
    }
}

/// The key that YAML 1.1 merges maps with.
const MERGE: &str = "<<";

enum Open {
    List {
        anchor: usize,
        start: Span,
        items: Vec<Node>,
    },
    Map {
        anchor: usize,
        start: Span,
        entries: Vec<Entry>,
        key: Option<Key>,
        skip_value: bool,
        /// Where each key stands, so that a map of many keys is no work for each of them.
        seen: HashMap<String, Span>,
    },
}

struct Loader<'a> {
    source: &'a Arc<Source>,
    limits: Limits,
    places: Places,
    stack: Vec<Open>,
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    documents: usize,
    root: Option<Node>,
    complete: bool,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Loader<'a> {
    fn new(source: &'a Arc<Source>, limits: Limits) -> Self {
        Self {
            source,
            limits,
            places: Places::of(source.text()),
            stack: Vec::new(),
            anchors: HashMap::new(),
            nodes: 0,
            documents: 0,
            root: None,
            complete: false,
            diagnostics: Vec::new(),
        }
    }

    fn span(&self, span: saphyr_parser::Span) -> Span {
        Span::new(
            self.places.byte(span.start.index()),
            self.places.byte(span.end.index()),
        )
    }

    fn report(&mut self, code: Code, span: Span, message: impl Into<String>, help: Option<&str>) {
        let mut finding = Diagnostic::new(code, self.source, span, message);
        finding.help = help.map(str::to_owned);
        self.diagnostics.push(finding);
    }

    fn run(&mut self) {
        let source = Arc::clone(self.source);
        let parser = Parser::new_from_str(source.text());
        for event in parser {
            match event {
                Ok((event, span)) => {
                    let span = self.span(span);
                    if !self.event(event, span) {
                        self.close_all();
                        return;
                    }
                }
                Err(error) => {
                    let at = self.places.byte(error.marker().index());
                    let end = source.text()[at..]
                        .chars()
                        .next()
                        .map_or(at, |c| at + c.len_utf8());
                    let span = Span::new(at, end);
                    if error.info().contains("recursion limit") {
                        // The parser looks ahead, so its own limit may come before ours.
                        self.too_deep(span);
                    } else {
                        let (message, help) = explain_syntax(error.info(), source.text(), at);
                        self.report(Code::Syntax, span, message, help);
                    }
                    self.close_all();
                    return;
                }
            }
        }
        self.complete = true;
    }

    /// Takes one event; `false` ends the loading.
    fn event(&mut self, event: Event<'_>, span: Span) -> bool {
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    let help = Some("put each flow in a file of its own");
                    self.report(
                        Code::NotOneDocument,
                        span,
                        "the file holds a second YAML document",
                        help,
                    );
                    return false;
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let node = self.scalar(text.into_owned(), style, span, tag.as_deref());
                return self.add(node, anchor);
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), span);
                self.stack.push(Open::List {
                    anchor,
                    start: span,
                    items: Vec::new(),
                });
                return self.check_depth(span);
            }
            Event::MappingStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), span);
                self.stack.push(Open::Map {
                    anchor,
                    start: span,
                    entries: Vec::new(),
                    key: None,
                    skip_value: false,
                    seen: HashMap::new(),
                });
                return self.check_depth(span);
            }
            Event::SequenceEnd | Event::MappingEnd => return self.close(span),
            Event::Alias(anchor) => return self.alias(anchor, span),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        true
    }

    fn check_depth(&mut self, span: Span) -> bool {
        if self.stack.len() <= self.limits.depth {
            return true;
        }
        self.too_deep(span);
        false
    }

    fn too_deep(&mut self, span: Span) {
        let message = format!("nested deeper than {} levels", self.limits.depth);
        self.report(
            Code::TooDeep,
            span,
            message,
            Some("move the inner part into a flow of its own and `call` it"),
        );
    }

    fn check_tag(&mut self, tag: Option<&saphyr_parser::Tag>, span: Span) {
        if let Some(tag) = tag {
            let known = tag.is_yaml_core_schema() && matches!(tag.suffix.as_str(), "seq" | "map" | "str");
            if !known {
                let message = format!("the tag `{}{}` has no meaning in a flow", tag.handle, tag.suffix);
                self.report(Code::Unsupported, span, message, Some("remove the tag"));
            }
        }
    }

    fn scalar(
        &mut self,
        text: String,
        style: ScalarStyle,
        span: Span,
        tag: Option<&saphyr_parser::Tag>,
    ) -> Node {
        self.check_tag(tag, span);
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        let value = if style == Style::Plain && tag.is_none() {
            let resolved = scalar::resolve(&text);
            if let Some(warning) = resolved.warning {
                let help = format!("write it in quotes, \"{text}\", if it is meant as text");
                self.report(Code::ChangedByYaml, span, warning, Some(&help));
            }
            resolved.value
        } else {
            Value::String(text.clone())
        };
        let trimmed = self.source.slice(span).trim_end().len();
        let span = Span::new(span.start as usize, span.start as usize + trimmed);
        Node {
            span,
            data: Data::Scalar(Scalar { value, text, style }),
        }
    }

    fn alias(&mut self, anchor: usize, span: Span) -> bool {
        if let Some((node, size)) = self.anchors.get(&anchor) {
            let (node, size) = (node.clone(), *size);
            self.nodes += size;
            if !self.check_nodes(span) {
                return false;
            }
            self.add(node, 0)
        } else {
            let help = Some("an anchor can be used after its value has ended, not inside it");
            self.report(
                Code::AliasExpansion,
                span,
                "the alias stands inside its own anchor",
                help,
            );
            self.add(
                Node {
                    span,
                    data: Data::Invalid,
                },
                0,
            )
        }
    }

    fn check_nodes(&mut self, span: Span) -> bool {
        if self.nodes <= self.limits.nodes {
            return true;
        }
        let message = format!(
            "aliases expand this file to more than {} values",
            self.limits.nodes
        );
        self.report(
            Code::AliasExpansion,
            span,
            message,
            Some("write the repeated part out, or use `call`"),
        );
        false
    }

    /// Hangs a finished node into what is open.
    fn add(&mut self, node: Node, anchor: usize) -> bool {
        self.nodes += 1;
        if !self.check_nodes(node.span) {
            return false;
        }
        if anchor > 0 {
            let size = count(&node);
            self.anchors.insert(anchor, (node.clone(), size));
        }
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map {
                entries,
                key,
                skip_value,
                seen,
                ..
            }) => match key.take() {
                Some(key) => {
                    if !std::mem::take(skip_value) {
                        entries.push(Entry { key, value: node });
                    } else if key.text == MERGE
                        && let Data::Map(merged) = node.data
                    {
                        // Reported already; with its keys in place nothing seems to be missing as well.
                        for entry in merged {
                            if !seen.contains_key(&entry.key.text) {
                                seen.insert(entry.key.text.clone(), entry.key.span);
                                entries.push(entry);
                            }
                        }
                    }
                }
                None => self.key(&node),
            },
        }
        true
    }

    /// Takes a node as the key of the innermost map.
    fn key(&mut self, node: &Node) {
        let (text, value) = match &node.data {
            Data::Scalar(scalar) => (scalar.text.clone(), scalar.value.clone()),
            Data::Invalid => (String::new(), Value::Null),
            _ => {
                let expression = self.source.text()[..node.span.start as usize].ends_with('{')
                    && self.source.slice(node.span).starts_with('{');
                if expression {
                    let help = "put the expression in quotes: \"{{…}}\"";
                    let before = (node.span.start as usize).saturating_sub(1);
                    self.report(
                        Code::Unsupported,
                        Span::new(before, node.span.end as usize),
                        "an expression without quotes is a map to YAML",
                        Some(help),
                    );
                } else {
                    self.report(Code::Unsupported, node.span, "a key must be a text", None);
                }
                (String::new(), Value::Null)
            }
        };
        let merge = text == MERGE;
        if merge {
            let help = Some("write the keys out, or give the whole value with an alias: `key: *name`");
            self.report(
                Code::Unsupported,
                node.span,
                "merge keys (`<<`) are not read",
                help,
            );
        }
        let Some(Open::Map {
            key,
            skip_value,
            seen,
            ..
        }) = self.stack.last_mut()
        else {
            return;
        };
        let first = seen.get(&text).copied();
        if first.is_none() {
            seen.insert(text.clone(), node.span);
        }
        *key = Some(Key {
            text: text.clone(),
            value,
            span: node.span,
        });
        *skip_value = first.is_some() || merge;
        if let Some(first) = first {
            let finding = Diagnostic::new(
                Code::DuplicateKey,
                self.source,
                node.span,
                format!("the key `{text}` stands twice in this map"),
            )
            .and(first, "first here")
            .help("remove one of the two: only one could count");
            self.diagnostics.push(finding);
        }
    }

    fn close(&mut self, end: Span) -> bool {
        let Some(open) = self.stack.pop() else { return true };
        // The parser's bracket reaches over the blanks and comments behind it.
        let bracket = self.source.text()[end.start as usize..].starts_with(['}', ']']);
        let end = Span::new(end.start as usize, end.start as usize + usize::from(bracket));
        let (node, anchor) = finish(open, Some(end));
        self.add(node, anchor)
    }

    fn close_all(&mut self) {
        while let Some(open) = self.stack.pop() {
            let (node, _) = finish(open, None);
            match self.stack.last_mut() {
                None => self.root = Some(node),
                Some(Open::List { items, .. }) => items.push(node),
                Some(Open::Map { entries, key, .. }) => {
                    if let Some(key) = key.take() {
                        entries.push(Entry { key, value: node });
                    }
                }
            }
        }
    }
}

/// The span of a block collection ends with its last child; one in brackets ends with its bracket.
fn finish(open: Open, end: Option<Span>) -> (Node, usize) {
    let close = |start: Span, first: Option<Span>, last: Option<Span>| {
        let end = end.filter(|end| end.end > end.start);
        let from = if start.end > start.start {
            start
        } else {
            first.unwrap_or(start)
        };
        from.to(end.or(last).unwrap_or(from))
    };
    match open {
        Open::List { anchor, start, items } => {
            let span = close(
                start,
                items.first().map(|node| node.span),
                items.last().map(|node| node.span),
            );
            (
                Node {
                    span,
                    data: Data::List(items),
                },
                anchor,
            )
        }
        Open::Map {
            anchor,
            start,
            entries,
            ..
        } => {
            let span = close(
                start,
                entries.first().map(Entry::span),
                entries.last().map(Entry::span),
            );
            (
                Node {
                    span,
                    data: Data::Map(entries),
                },
                anchor,
            )
        }
    }
}

fn count(node: &Node) -> usize {
    1 + match &node.data {
        Data::List(nodes) => nodes.iter().map(count).sum(),
        Data::Map(entries) => entries.iter().map(|entry| 1 + count(&entry.value)).sum(),
        _ => 0,
    }
}

/// The parser's own words, and the usual cause where the text around the place shows it.
fn explain_syntax(info: &str, text: &str, at: usize) -> (String, Option<&'static str>) {
    let line_start = text[..at].rfind('\n').map_or(0, |n| n + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let help = if line.contains('\t') && line[..line.len() - line.trim_start().len()].contains('\t') {
        Some("YAML is indented with spaces; this line begins with a tab")
    } else if line.contains(": {{") || line.contains("- {{") {
        Some("a value that begins with `{{` must stand in quotes: \"{{…}}\"")
    } else if info.contains("mapping values are not allowed") {
        // A second `: ` on one line stands in a text; the first goes with the line before, as deeper as it is.
        if text[line_start..at].contains(": ") {
            Some("a text with `: ` in it must stand in quotes: `note: \"this: that\"`")
        } else {
            Some("look at the indentation of this line and the one before")
        }
    } else if info.contains("did not find expected key") || info.contains("block") {
        Some("look at the indentation of this line and the one before")
    } else if info.contains("quote") || info.contains("scalar") {
        Some("a quote is not closed, or a text with `: ` or ` #` in it needs quotes")
    } else {
        None
    };
    (info.to_owned(), help)
}
