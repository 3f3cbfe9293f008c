//! The typed tree that expressions are lowered to before a run, so that nothing is parsed while it goes on.
//!
//! Spans are byte ranges inside the text that was parsed (the scalar's value, not the file).

use std::ops::Range;
use std::sync::Arc;

use regex::Regex;
use serde_json::Value;

use super::functions::Function;

/// One expression: what stands between `{{` and `}}`, or bare in `if`, `switch` and `for_each`.
#[derive(Clone, Debug)]
pub enum Expression {
    /// A written-out value: `"pro"`, `3`, `true`, `null`, `["a", "b"]`.
    Literal(Literal),
    /// A reference: `input.email`.
    Path(Path),
    /// A function call: `lower input.email`.
    Call(Call),
}

/// A written-out value.
#[derive(Clone, Debug, PartialEq)]
pub struct Literal {
    /// The value.
    pub value: Value,
    /// Where it stands.
    pub span: Range<usize>,
}

/// A reference to a value in scope.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The names and indices, the root first. Inside a block, `this` and `../` are not among them: they are in
    /// the slot.
    pub segments: Vec<Segment>,
    /// Where each segment stands.
    pub segment_spans: Vec<Range<usize>>,
    /// Where the whole path stands.
    pub span: Range<usize>,
    /// Which value the path starts from. The parser fills it for what a block brings into scope; the checker
    /// fills the rest.
    pub slot: Slot,
    /// As written, for messages.
    pub text: Box<str>,
    /// A plain name inside `{{#each}}` or `{{#with}}` that is none of the [roots](ROOTS): the parser reads it as a
    /// field of the block's value. Where it is the name of an enclosing `for_each`, the checker sets the slot.
    pub bare_in_block: bool,
}

/// The names that a path may begin with anywhere. `index` and a `for_each`'s own name come on top, where it runs.
/// Inside a block these names keep their meaning; `this.input` is a block value's field of that name.
pub const ROOTS: [&str; 7] = ["input", "steps", "vars", "config", "request", "run", "error"];

/// One step of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A field.
    Key(Box<str>),
    /// `items.0` or `items.[0]`: an element of a list, or the field `"0"` of an object.
    Index(usize),
}

/// Which value a [`Path`] starts from. The comment says how many segments the slot stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Slot {
    /// Not looked up yet; evaluates as missing.
    #[default]
    Unresolved,
    /// `input`: 1.
    Input,
    /// `steps.<id>`: 2.
    Step(u32),
    /// `steps.<id>` on the way to `error`, of a step with `on_error: continue`: 2. The path goes on with `error`.
    StepError(u32),
    /// `vars.<name>`: 2.
    Var(u32),
    /// `config`: 1.
    Config,
    /// `request`: 1.
    Request,
    /// `run`: 1.
    Run,
    /// `error`: 1.
    Error,
    /// The element of an enclosing `for_each`, by its depth: 1.
    Item(u32),
    /// `index` of an enclosing `for_each`, by its depth: 1.
    Index(u32),
    /// A value that flows do not have, by a number that whoever evaluates has given it (a connector's `response`): 1.
    Other(u32),
    /// The value of an enclosing `{{#each}}` or `{{#with}}`; 0 is the innermost: none.
    Block(u32),
    /// A fact about the `{{#each}}` that is the given number of blocks out: none.
    BlockLocal(u32, Local),
}

/// What `{{#each}}` tells about its present element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Local {
    /// `@index`: position, from 0.
    Index,
    /// `@key`: the field's name over an object, the index over a list.
    Key,
    /// `@first`
    First,
    /// `@last`
    Last,
}

impl Slot {
    /// How many leading segments of a path the slot stands for.
    pub fn consumed(self) -> usize {
        match self {
            Self::Unresolved | Self::Block(_) | Self::BlockLocal(..) => 0,
            Self::Step(_) | Self::StepError(_) | Self::Var(_) => 2,
            Self::Input
            | Self::Config
            | Self::Request
            | Self::Run
            | Self::Error
            | Self::Item(_)
            | Self::Index(_)
            | Self::Other(_) => 1,
        }
    }

    /// Whether the value comes from a block of the same template, not from the run.
    pub fn is_block_local(self) -> bool {
        matches!(self, Self::Block(_) | Self::BlockLocal(..))
    }
}

impl Path {
    /// The first name, `input` of `input.email`.
    pub fn root(&self) -> Option<&str> {
        match self.segments.first()? {
            Segment::Key(name) => Some(name),
            Segment::Index(_) => None,
        }
    }

    /// The segments after those that the slot stands for.
    pub fn rest(&self) -> &[Segment] {
        self.segments.get(self.slot.consumed()..).unwrap_or_default()
    }
}

/// A call of a function of the table.
#[derive(Clone, Debug)]
pub struct Call {
    /// The function.
    pub function: &'static Function,
    /// Its arguments; their number is right.
    pub arguments: Vec<Expression>,
    /// From the function's name to its last argument.
    pub span: Range<usize>,
    /// Where the function's name stands.
    pub name_span: Range<usize>,
    /// The compiled pattern, where a regular expression is written out.
    pub(super) pattern: Option<Arc<Regex>>,
}

/// A bare expression, as `if`, `switch` and `for_each` take it.
#[derive(Clone, Debug)]
pub struct BareExpression {
    /// The expression.
    pub expression: Expression,
    /// Whether its author put braces around it, which are not needed.
    pub was_braced: bool,
}

/// A text that may hold expressions.
#[derive(Clone, Debug)]
pub enum Template {
    /// No expression in it.
    Constant(Value),
    /// Exactly one expression and nothing around it: its value keeps its type.
    Expression(Expression),
    /// Text with expressions or blocks: makes a string.
    Text(Text),
}

/// A template that makes a string.
#[derive(Clone, Debug)]
pub struct Text {
    /// In the order of the text.
    pub parts: Vec<Part>,
    /// Whether the values of expressions are HTML-escaped.
    pub html: bool,
}

/// A piece of a [`Text`].
#[derive(Clone, Debug)]
pub enum Part {
    /// Written as it is.
    Text(String),
    /// Its value is written as text.
    Expression(Expression),
    /// `{{#if}}`, `{{#unless}}`, `{{#each}}`, `{{#with}}`
    Block(Box<Block>),
}

/// A block helper.
#[derive(Clone, Debug)]
pub struct Block {
    /// Which one.
    pub kind: BlockKind,
    /// What it decides or goes over.
    pub subject: Expression,
    /// What it writes.
    pub body: Vec<Part>,
    /// After `{{else}}`.
    pub otherwise: Vec<Part>,
    /// Whether there is an `{{else}}`.
    pub has_else: bool,
    /// The opening tag.
    pub span: Range<usize>,
}

/// The blocks that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockKind {
    /// Writes the body if the subject is true.
    If,
    /// Writes the body if the subject is false.
    Unless,
    /// Writes the body for each element of a list or field of an object.
    Each,
    /// Writes the body with the subject as `this`, if it is true.
    With,
}

/// A value with templates in it, such as what stands under `with:`.
#[derive(Clone, Debug)]
pub enum ValueTemplate {
    /// No template in it.
    Constant(Value),
    /// One text.
    Template(Template),
    /// A list.
    List(Vec<ValueTemplate>),
    /// A map, in the order in which its author wrote it.
    Map(Vec<(String, ValueTemplate)>),
}

impl Expression {
    /// Where it stands.
    pub fn span(&self) -> Range<usize> {
        match self {
            Self::Literal(literal) => literal.span.clone(),
            Self::Path(path) => path.span.clone(),
            Self::Call(call) => call.span.clone(),
        }
    }
}

impl Template {
    /// The same template for a field that holds HTML: the values of its expressions are escaped, so it always
    /// makes a string.
    #[must_use]
    pub fn into_html(self) -> Self {
        match self {
            Self::Constant(value) => Self::Constant(value),
            Self::Expression(expression) => Self::Text(Text {
                parts: vec![Part::Expression(expression)],
                html: true,
            }),
            Self::Text(text) => Self::Text(Text { html: true, ..text }),
        }
    }
}

impl ValueTemplate {
    /// A list; constant if all its elements are.
    pub fn list(items: Vec<Self>) -> Self {
        if items.iter().all(|item| matches!(item, Self::Constant(_))) {
            return Self::Constant(Value::Array(
                items.into_iter().filter_map(Self::into_constant).collect(),
            ));
        }
        Self::List(items)
    }

    /// A map; constant if all its values are. Of two equal keys the last stands.
    pub fn map(entries: Vec<(String, Self)>) -> Self {
        if entries
            .iter()
            .all(|(_, value)| matches!(value, Self::Constant(_)))
        {
            let fields = entries
                .into_iter()
                .filter_map(|(key, value)| Some((key, value.into_constant()?)));
            return Self::Constant(Value::Object(fields.collect()));
        }
        Self::Map(entries)
    }

    fn into_constant(self) -> Option<Value> {
        match self {
            Self::Constant(value) => Some(value),
            _ => None,
        }
    }
}

impl From<Template> for ValueTemplate {
    fn from(template: Template) -> Self {
        match template {
            Template::Constant(value) => Self::Constant(value),
            template => Self::Template(template),
        }
    }
}
