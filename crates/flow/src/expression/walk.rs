//! Visiting what a template refers to: the checker's questions.

use super::ast::{Block, BlockKind, Call, Expression, Part, Path, Template, ValueTemplate};

/// A place where a path is used.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'a> {
    /// The path.
    pub path: &'a Path,
    /// Whether a missing value is fine here: an argument of `optional`, `default`, `and` …, or the subject of
    /// `{{#if}}`. For a bare `if` the whole expression stands in such a place; that is for the caller to know.
    pub accepts_missing: bool,
}

/// What a walk comes by, in the order of the text; a call comes before its arguments.
#[derive(Clone, Copy, Debug)]
pub enum Node<'a> {
    /// A path.
    Reference(Reference<'a>),
    /// A call.
    Call(&'a Call),
    /// A block; its subject and its parts follow.
    Block(&'a Block),
}

impl Expression {
    /// Visits every path and call.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(Node<'a>)) {
        self.walk_in(false, visit);
    }

    fn walk_in<'a>(&'a self, accepts_missing: bool, visit: &mut dyn FnMut(Node<'a>)) {
        match self {
            Self::Literal(_) => {}
            Self::Path(path) => visit(Node::Reference(Reference {
                path,
                accepts_missing,
            })),
            Self::Call(call) => {
                visit(Node::Call(call));
                for (position, argument) in call.arguments.iter().enumerate() {
                    let accepts = call
                        .function
                        .parameter(position)
                        .is_some_and(|it| it.accepts_missing);
                    argument.walk_in(accepts, visit);
                }
            }
        }
    }

    /// Visits every path, to fill its slot.
    pub fn paths_mut(&mut self, visit: &mut dyn FnMut(&mut Path)) {
        match self {
            Self::Literal(_) => {}
            Self::Path(path) => visit(path),
            Self::Call(call) => call
                .arguments
                .iter_mut()
                .for_each(|argument| argument.paths_mut(visit)),
        }
    }

    /// Every path in it.
    pub fn references(&self) -> Vec<Reference<'_>> {
        let mut references = Vec::new();
        self.walk(&mut |node| collect(node, &mut references));
        references
    }

    /// Whether the same scope always gives the same value: no `now`, `uuid`, `random`.
    pub fn is_pure(&self) -> bool {
        let mut pure = true;
        self.walk(&mut |node| pure &= is_pure(node));
        pure
    }
}

impl Template {
    /// Visits every path, call and block.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(Node<'a>)) {
        match self {
            Self::Constant(_) => {}
            Self::Expression(expression) => expression.walk(visit),
            Self::Text(text) => walk_parts(&text.parts, visit),
        }
    }

    /// Visits every path, to fill its slot.
    pub fn paths_mut(&mut self, visit: &mut dyn FnMut(&mut Path)) {
        match self {
            Self::Constant(_) => {}
            Self::Expression(expression) => expression.paths_mut(visit),
            Self::Text(text) => part_paths_mut(&mut text.parts, visit),
        }
    }

    /// Every path in it.
    pub fn references(&self) -> Vec<Reference<'_>> {
        let mut references = Vec::new();
        self.walk(&mut |node| collect(node, &mut references));
        references
    }

    /// Whether the same scope always gives the same value: no `now`, `uuid`, `random`.
    pub fn is_pure(&self) -> bool {
        let mut pure = true;
        self.walk(&mut |node| pure &= is_pure(node));
        pure
    }
}

impl ValueTemplate {
    /// Visits every template in it, in order.
    pub fn templates<'a>(&'a self, visit: &mut dyn FnMut(&'a Template)) {
        match self {
            Self::Constant(_) => {}
            Self::Template(template) => visit(template),
            Self::List(items) => items.iter().for_each(|item| item.templates(visit)),
            Self::Map(entries) => entries.iter().for_each(|(_, value)| value.templates(visit)),
        }
    }

    /// Visits every path, to fill its slot.
    pub fn paths_mut(&mut self, visit: &mut dyn FnMut(&mut Path)) {
        match self {
            Self::Constant(_) => {}
            Self::Template(template) => template.paths_mut(visit),
            Self::List(items) => items.iter_mut().for_each(|item| item.paths_mut(visit)),
            Self::Map(entries) => entries.iter_mut().for_each(|(_, value)| value.paths_mut(visit)),
        }
    }

    /// Every path in it.
    pub fn references(&self) -> Vec<Reference<'_>> {
        let mut references = Vec::new();
        self.templates(&mut |template| references.extend(template.references()));
        references
    }

    /// Whether the same scope always gives the same value.
    pub fn is_pure(&self) -> bool {
        let mut pure = true;
        self.templates(&mut |template| pure &= template.is_pure());
        pure
    }
}

fn collect<'a>(node: Node<'a>, references: &mut Vec<Reference<'a>>) {
    if let Node::Reference(reference) = node {
        references.push(reference);
    }
}

fn is_pure(node: Node<'_>) -> bool {
    !matches!(node, Node::Call(call) if !call.function.pure)
}

fn walk_parts<'a>(parts: &'a [Part], visit: &mut dyn FnMut(Node<'a>)) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Expression(expression) => expression.walk(visit),
            Part::Block(block) => {
                visit(Node::Block(block));
                block.subject.walk_in(block.accepts_missing(), visit);
                walk_parts(&block.body, visit);
                walk_parts(&block.otherwise, visit);
            }
        }
    }
}

fn part_paths_mut(parts: &mut [Part], visit: &mut dyn FnMut(&mut Path)) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Expression(expression) => expression.paths_mut(visit),
            Part::Block(block) => {
                block.subject.paths_mut(visit);
                part_paths_mut(&mut block.body, visit);
                part_paths_mut(&mut block.otherwise, visit);
            }
        }
    }
}

impl Block {
    /// Whether the subject may be missing: `{{#if}}` and `{{#unless}}` always take it for false, `{{#each}}` and
    /// `{{#with}}` only where an `{{else}}` says what to write then.
    pub fn accepts_missing(&self) -> bool {
        matches!(self.kind, BlockKind::If | BlockKind::Unless) || self.has_else
    }
}
