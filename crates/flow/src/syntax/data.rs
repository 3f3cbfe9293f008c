//! Data with expressions in its texts: `with`, `set`, `respond`, ….

use std::ops::Range;

use serde_json::Value;

use super::reader::Reader;
use crate::diagnostic::Code;
use crate::expression::limits::MAX_TEMPLATE_BYTES;
use crate::expression::{Expression, ParseError, ParseErrorKind, Path, Slot, Template};
use crate::source::Span;
use crate::yaml::{Data, Node, Scalar, Spanned, Style};

/// A piece of data with its place.
#[derive(Clone, Debug)]
pub struct DataNode {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: DataKind,
}

/// What a piece of data is.
#[derive(Clone, Debug)]
pub enum DataKind {
    /// A scalar without expressions.
    Constant(Value),
    /// A text with expressions. Their spans are places in the source.
    Template(Template),
    /// A list.
    List(Vec<DataNode>),
    /// A map. Keys are never templates.
    Map(Vec<(Spanned<String>, DataNode)>),
}

impl DataNode {
    /// Reads data; every text is parsed as a template.
    pub fn read(reader: &mut Reader, node: &Node) -> Self {
        let kind = match &node.data {
            Data::Scalar(scalar) if scalar.value.is_string() => read_text(reader, node, scalar),
            Data::Scalar(scalar) => DataKind::Constant(scalar.value.clone()),
            Data::List(nodes) => DataKind::List(nodes.iter().map(|node| Self::read(reader, node)).collect()),
            Data::Map(entries) => DataKind::Map(
                entries
                    .iter()
                    .map(|entry| {
                        let key = Spanned::new(entry.key.text.clone(), entry.key.span);
                        (key, Self::read(reader, &entry.value))
                    })
                    .collect(),
            ),
            Data::Invalid => return Self::unreadable(node),
        };
        Self {
            span: node.span,
            kind,
        }
    }

    /// Stands for data that was reported already: nothing is known of it, so that nothing more is said about it.
    pub(super) fn unreadable(node: &Node) -> Self {
        let nothing = Scalar {
            value: Value::Null,
            text: String::new(),
            style: Style::Plain,
        };
        Self {
            span: node.span,
            kind: DataKind::Template(Template::Expression(unreadable(node, &nothing))),
        }
    }

    /// The value, where no expression is in it.
    pub fn constant(&self) -> Option<Value> {
        match &self.kind {
            DataKind::Constant(value) => Some(value.clone()),
            DataKind::Template(_) => None,
            DataKind::List(nodes) => nodes.iter().map(Self::constant).collect(),
            DataKind::Map(entries) => entries
                .iter()
                .map(|(key, node)| Some((key.value.clone(), node.constant()?)))
                .collect::<Option<serde_json::Map<_, _>>>()
                .map(Value::Object),
        }
    }

    /// The value under a key of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.kind {
            DataKind::Map(entries) => entries
                .iter()
                .find(|(name, _)| name.value == key)
                .map(|(_, node)| node),
            _ => None,
        }
    }

    /// Finds the part at a JSON Pointer, or the nearest above it.
    pub fn at_pointer(&self, pointer: &str) -> &Self {
        let mut node = self;
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            let child = match &node.kind {
                DataKind::List(nodes) => token.parse::<usize>().ok().and_then(|index| nodes.get(index)),
                _ => node.get(&token),
            };
            match child {
                Some(child) => node = child,
                None => break,
            }
        }
        node
    }

    /// Visits every path, to fill its slot.
    pub fn paths_mut(&mut self, visit: &mut dyn FnMut(&mut Path)) {
        match &mut self.kind {
            DataKind::Constant(_) => {}
            DataKind::Template(template) => template.paths_mut(visit),
            DataKind::List(nodes) => nodes.iter_mut().for_each(|node| node.paths_mut(visit)),
            DataKind::Map(entries) => entries.iter_mut().for_each(|(_, node)| node.paths_mut(visit)),
        }
    }

    /// Every template in it.
    pub fn templates(&self) -> Vec<&Template> {
        let mut found = Vec::new();
        self.collect(&mut found);
        found
    }

    fn collect<'a>(&'a self, found: &mut Vec<&'a Template>) {
        match &self.kind {
            DataKind::Constant(_) => {}
            DataKind::Template(template) => found.push(template),
            DataKind::List(nodes) => nodes.iter().for_each(|node| node.collect(found)),
            DataKind::Map(entries) => entries.iter().for_each(|(_, node)| node.collect(found)),
        }
    }
}

fn read_text(reader: &mut Reader, node: &Node, scalar: &Scalar) -> DataKind {
    if !scalar.text.contains("{{") {
        return DataKind::Constant(scalar.value.clone());
    }
    if !check_length(reader, node, scalar) {
        return DataKind::Template(Template::Expression(unreadable(node, scalar)));
    }
    match Template::parse(&scalar.text) {
        Ok(mut template) => {
            let place = placer(reader, node, scalar);
            template.map_spans(&|range| place(range).range());
            DataKind::Template(template)
        }
        Err(errors) => {
            report(reader, node, scalar, &errors);
            DataKind::Template(Template::Expression(unreadable(node, scalar)))
        }
    }
}

/// Stands for an expression that could not be read and was reported: a value of which nothing is known, so that
/// nothing more is said about it.
fn unreadable(node: &Node, scalar: &Scalar) -> Expression {
    Expression::Path(Path {
        segments: Vec::new(),
        segment_spans: Vec::new(),
        span: node.span.range(),
        slot: Slot::Block(0),
        text: scalar.text.as_str().into(),
        bare_in_block: false,
    })
}

/// Reads a bare expression (`if`, `switch`, `for_each`). A boolean, number or null stands for itself. One that cannot
/// be read is reported, and stands for a value of which nothing is known.
pub fn read_expression(reader: &mut Reader, node: &Node, what: &str) -> Option<Spanned<Expression>> {
    let Data::Scalar(scalar) = &node.data else {
        reader.wrong_type(node, what, "an expression");
        return None;
    };
    let unreadable = || Some(Spanned::new(unreadable(node, scalar), node.span));
    if !check_length(reader, node, scalar) {
        return unreadable();
    }
    let parsed = match &scalar.value {
        Value::String(text) => Expression::parse(text),
        literal => {
            return Some(Spanned::new(
                Expression::literal(literal.clone(), node.span.range()),
                node.span,
            ));
        }
    };
    match parsed {
        Ok(bare) => {
            let mut expression = bare.expression;
            let place = placer(reader, node, scalar);
            expression.map_spans(&|range| place(range).range());
            Some(Spanned::new(expression, node.span))
        }
        Err(errors) => {
            report(reader, node, scalar, &errors);
            unreadable()
        }
    }
}

fn placer(reader: &Reader, node: &Node, scalar: &Scalar) -> impl Fn(Range<usize>) -> Span {
    let source = std::sync::Arc::clone(&reader.source);
    let (own, scalar) = (node.span, scalar.clone());
    move |range| scalar.span_in(&source, own, range)
}

fn check_length(reader: &mut Reader, node: &Node, scalar: &Scalar) -> bool {
    if scalar.text.len() <= MAX_TEMPLATE_BYTES {
        return true;
    }
    reader.report_help(
        Code::TemplateTooLong,
        node.span,
        format!(
            "a text with expressions may have {MAX_TEMPLATE_BYTES} bytes; this one has {}",
            scalar.text.len()
        ),
        "put the long part into `config` of the workspace, or build it in several steps with `set`",
    );
    false
}

fn report(reader: &mut Reader, node: &Node, scalar: &Scalar, errors: &[ParseError]) {
    for error in errors {
        let code = match error.kind {
            ParseErrorKind::UnknownFunction { .. } => Code::UnknownFunction,
            ParseErrorKind::Arity { .. } => Code::WrongArity,
            _ => Code::InvalidExpression,
        };
        let span = scalar.span_in(&reader.source, node.span, error.span.clone());
        let mut finding =
            crate::diagnostic::Diagnostic::new(code, &reader.source, span, error.message.clone());
        finding.help.clone_from(&error.help);
        reader.diagnostics.push(finding);
    }
}
