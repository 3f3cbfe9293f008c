//! Evaluation: an expression and a scope give a value. Paths are borrowed, never copied.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::arguments::Arguments;
use super::ast::{
    Block, BlockKind, Call, Expression, Local, Part, Path, Segment, Slot, Template, Text, ValueTemplate,
};
use super::error::{EvaluationError, EvaluationErrorKind};
use super::value::{Output, TooLong, truthy};

/// The values that a run has at hand.
pub trait Scope {
    /// The value of a slot; `None` where there is none (a step that has not run).
    fn root(&self, slot: Slot) -> Option<&Value>;
}

/// What impure functions take from outside, so that a run can be replayed and tested on virtual time.
pub trait Ambient {
    /// The time.
    fn now(&mut self) -> jiff::Timestamp;
    /// Fills the buffer with random bytes that cannot be foretold.
    fn random_bytes(&mut self, buffer: &mut [u8]);
    /// Asks that this text be masked wherever the run is written from now on.
    fn mask(&mut self, text: &str);
}

/// What an expression gave.
#[derive(Clone, Debug, PartialEq)]
pub enum Evaluated<'a> {
    /// A value.
    Value(Cow<'a, Value>),
    /// Nothing: a path that leads nowhere, the first element of an empty list.
    Missing,
    /// The key or element is to be left out (`omit_if_missing`).
    Omit,
}

impl From<Value> for Evaluated<'_> {
    fn from(value: Value) -> Self {
        Self::Value(Cow::Owned(value))
    }
}

impl From<String> for Evaluated<'_> {
    fn from(text: String) -> Self {
        Value::String(text).into()
    }
}

impl From<bool> for Evaluated<'_> {
    fn from(value: bool) -> Self {
        Value::Bool(value).into()
    }
}

impl<'a> From<&'a Value> for Evaluated<'a> {
    fn from(value: &'a Value) -> Self {
        Self::Value(Cow::Borrowed(value))
    }
}

impl<'a> From<Option<Cow<'a, Value>>> for Evaluated<'a> {
    fn from(value: Option<Cow<'a, Value>>) -> Self {
        value.map_or(Self::Missing, Self::Value)
    }
}

/// Where paths are looked up: the run's scope and the blocks around.
#[derive(Clone, Copy)]
pub(super) struct Environment<'a> {
    scope: &'a dyn Scope,
    frame: Option<&'a Frame<'a>>,
}

/// An enclosing `{{#each}}` or `{{#with}}`.
struct Frame<'a> {
    value: &'a Value,
    index: usize,
    key: Option<&'a str>,
    last: bool,
    parent: Option<&'a Frame<'a>>,
}

impl Expression {
    /// Evaluates. A missing value is given as [`Evaluated::Missing`] where the whole expression is missing, so that
    /// conditions can take it for false; inside a call it is an error unless the function accepts it.
    pub fn evaluate<'a>(
        &'a self,
        scope: &'a dyn Scope,
        ambient: &mut dyn Ambient,
    ) -> Result<Evaluated<'a>, EvaluationError> {
        self.evaluate_in(Environment { scope, frame: None }, ambient)
    }

    /// Evaluates to a value; missing is an error that names the path.
    pub fn value<'a>(
        &'a self,
        scope: &'a dyn Scope,
        ambient: &mut dyn Ambient,
    ) -> Result<Cow<'a, Value>, EvaluationError> {
        match self.evaluate(scope, ambient)? {
            Evaluated::Value(value) => Ok(value),
            Evaluated::Missing | Evaluated::Omit => Err(self.missing()),
        }
    }

    /// Evaluates as a condition; missing is false.
    pub fn is_true(&self, scope: &dyn Scope, ambient: &mut dyn Ambient) -> Result<bool, EvaluationError> {
        self.evaluate(scope, ambient).map(|evaluated| evaluated.is_true())
    }

    pub(super) fn evaluate_in<'a>(
        &'a self,
        environment: Environment<'a>,
        ambient: &mut dyn Ambient,
    ) -> Result<Evaluated<'a>, EvaluationError> {
        match self {
            Self::Literal(literal) => Ok((&literal.value).into()),
            Self::Path(path) => Ok(path.look_up(environment)),
            Self::Call(call) => call.evaluate_in(environment, ambient),
        }
    }

    /// The error that says that this expression has no value.
    pub(super) fn missing(&self) -> EvaluationError {
        let path = match self {
            Self::Literal(literal) => literal.value.to_string(),
            Self::Path(path) => path.text.to_string(),
            Self::Call(call) => format!("({} …)", call.function.name),
        };
        EvaluationError::new(EvaluationErrorKind::Missing { path }, &self.span())
    }
}

impl Evaluated<'_> {
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Value(value) => truthy(value),
            Self::Missing | Self::Omit => false,
        }
    }
}

impl Path {
    fn look_up<'a>(&'a self, environment: Environment<'a>) -> Evaluated<'a> {
        let start = match self.slot {
            Slot::Block(up) => environment.frame_at(up).map(|frame| frame.value),
            Slot::BlockLocal(up, local) => {
                return environment
                    .frame_at(up)
                    .map_or(Evaluated::Missing, |frame| frame.local(local).into());
            }
            slot => environment.scope.root(slot),
        };
        let mut value = start;
        for segment in self.rest() {
            value = value.and_then(|value| step(value, segment));
        }
        value.map_or(Evaluated::Missing, Evaluated::from)
    }
}

fn step<'a>(value: &'a Value, segment: &Segment) -> Option<&'a Value> {
    match (value, segment) {
        (Value::Object(fields), Segment::Key(key)) => fields.get(&**key),
        (Value::Array(items), Segment::Index(index)) => items.get(*index),
        (Value::Object(fields), Segment::Index(index)) => {
            // The field "0" of an object, without allocating its name.
            let mut digits = [0_u8; 20];
            let mut start = digits.len();
            let mut rest = *index;
            loop {
                start -= 1;
                digits[start] = b"0123456789"[rest % 10];
                rest /= 10;
                if rest == 0 {
                    break;
                }
            }
            fields.get(std::str::from_utf8(&digits[start..]).ok()?)
        }
        _ => None,
    }
}

impl<'a> Environment<'a> {
    fn frame_at(self, up: u32) -> Option<&'a Frame<'a>> {
        let mut frame = self.frame?;
        for _ in 0..up {
            frame = frame.parent?;
        }
        Some(frame)
    }
}

impl Frame<'_> {
    fn local(&self, local: Local) -> Value {
        match local {
            Local::Index => self.index.into(),
            Local::Key => self.key.map_or_else(|| self.index.into(), Value::from),
            Local::First => (self.index == 0).into(),
            Local::Last => self.last.into(),
        }
    }
}

impl Call {
    fn evaluate_in<'a>(
        &'a self,
        environment: Environment<'a>,
        ambient: &mut dyn Ambient,
    ) -> Result<Evaluated<'a>, EvaluationError> {
        let mut arguments = Arguments::new(self, environment, ambient);
        (self.function.call)(&mut arguments).map_err(|fault| fault.of(self))
    }
}

impl Template {
    /// Evaluates. `None` where an `omit_if_missing` in it says to leave the whole value out.
    pub fn evaluate<'a>(
        &'a self,
        scope: &'a dyn Scope,
        ambient: &mut dyn Ambient,
    ) -> Result<Option<Cow<'a, Value>>, EvaluationError> {
        match self {
            Self::Constant(value) => Ok(Some(Cow::Borrowed(value))),
            Self::Expression(expression) => match expression.evaluate(scope, ambient)? {
                Evaluated::Value(value) => Ok(Some(value)),
                Evaluated::Missing => Err(expression.missing()),
                Evaluated::Omit => Ok(None),
            },
            Self::Text(text) => {
                let value = text.write(Environment { scope, frame: None }, ambient)?;
                Ok(value.map(|text| Cow::Owned(Value::String(text))))
            }
        }
    }
}

impl ValueTemplate {
    /// Evaluates every template in it. Keys and elements that an `omit_if_missing` leaves out are dropped; `None` where
    /// it is the whole value that is left out.
    pub fn evaluate<'a>(
        &'a self,
        scope: &'a dyn Scope,
        ambient: &mut dyn Ambient,
    ) -> Result<Option<Cow<'a, Value>>, EvaluationError> {
        match self {
            Self::Constant(value) => Ok(Some(Cow::Borrowed(value))),
            Self::Template(template) => template.evaluate(scope, ambient),
            Self::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    let value = item
                        .evaluate(scope, ambient)
                        .map_err(|error| error.inside(index))?;
                    list.extend(value.map(Cow::into_owned));
                }
                Ok(Some(Cow::Owned(Value::Array(list))))
            }
            Self::Map(entries) => {
                let mut map = Map::with_capacity(entries.len());
                for (key, entry) in entries {
                    let value = entry
                        .evaluate(scope, ambient)
                        .map_err(|error| error.inside(key))?;
                    if let Some(value) = value {
                        map.insert(key.clone(), value.into_owned());
                    }
                }
                Ok(Some(Cow::Owned(Value::Object(map))))
            }
        }
    }
}

/// Why writing stopped.
enum Stop {
    Error(EvaluationError),
    Omit,
}

impl From<EvaluationError> for Stop {
    fn from(error: EvaluationError) -> Self {
        Self::Error(error)
    }
}

impl Text {
    /// `None` where the whole text is to be left out.
    fn write(
        &self,
        environment: Environment<'_>,
        ambient: &mut dyn Ambient,
    ) -> Result<Option<String>, EvaluationError> {
        let written_out = self.parts.iter().map(|part| match part {
            Part::Text(text) => text.len(),
            Part::Expression(_) => 24,
            Part::Block(_) => 64,
        });
        let mut output = Output::new(self.html, written_out.sum());
        match write_parts(&self.parts, environment, ambient, &mut output) {
            Ok(()) => Ok(Some(output.into_text())),
            Err(Stop::Omit) => Ok(None),
            Err(Stop::Error(error)) => Err(error),
        }
    }
}

fn write_parts(
    parts: &[Part],
    environment: Environment<'_>,
    ambient: &mut dyn Ambient,
    output: &mut Output,
) -> Result<(), Stop> {
    for part in parts {
        match part {
            Part::Text(text) => output.raw(text).map_err(|TooLong| too_long(&(0..0)))?,
            Part::Expression(expression) => match expression.evaluate_in(environment, ambient)? {
                Evaluated::Value(value) => {
                    output
                        .value(&value)
                        .map_err(|TooLong| too_long(&expression.span()))?;
                }
                Evaluated::Missing => return Err(expression.missing().into()),
                Evaluated::Omit => return Err(Stop::Omit),
            },
            Part::Block(block) => block.write(environment, ambient, output)?,
        }
    }
    Ok(())
}

fn too_long(span: &std::ops::Range<usize>) -> EvaluationError {
    EvaluationError::new(EvaluationErrorKind::TooLong, span)
}

impl Block {
    fn write(
        &self,
        environment: Environment<'_>,
        ambient: &mut dyn Ambient,
        output: &mut Output,
    ) -> Result<(), Stop> {
        let subject = match self.subject.evaluate_in(environment, ambient)? {
            Evaluated::Value(value) => Some(value),
            Evaluated::Missing | Evaluated::Omit if self.accepts_missing() => None,
            Evaluated::Missing | Evaluated::Omit => return Err(self.subject.missing().into()),
        };
        let is_true = subject.as_deref().is_some_and(truthy);
        let writes_body = if self.kind == BlockKind::Unless {
            !is_true
        } else {
            is_true
        };
        let value = match (writes_body, self.kind, subject.as_deref()) {
            (true, BlockKind::Each | BlockKind::With, Some(value)) => value,
            (true, ..) => return write_parts(&self.body, environment, ambient, output),
            (false, BlockKind::Each, Some(value)) if !is_iterable(value) && !value.is_null() => {
                return Err(self.not_iterable().into());
            }
            (false, ..) => return write_parts(&self.otherwise, environment, ambient, output),
        };
        let parent = environment.frame;
        let scope = environment.scope;
        let mut write = |value, index, key, last| {
            let frame = Frame {
                value,
                index,
                key,
                last,
                parent,
            };
            write_parts(
                &self.body,
                Environment {
                    scope,
                    frame: Some(&frame),
                },
                ambient,
                output,
            )
        };
        match (self.kind, value) {
            (BlockKind::With, value) => write(value, 0, None, true),
            (_, Value::Array(items)) => items
                .iter()
                .enumerate()
                .try_for_each(|(index, item)| write(item, index, None, index + 1 == items.len())),
            (_, Value::Object(fields)) => fields.iter().enumerate().try_for_each(|(index, (key, item))| {
                write(item, index, Some(key), index + 1 == fields.len())
            }),
            _ => Err(self.not_iterable().into()),
        }
    }

    fn not_iterable(&self) -> EvaluationError {
        let message = "`{{#each}}` goes over a list or an object".to_owned();
        EvaluationError::new(EvaluationErrorKind::Block { message }, &self.subject.span())
    }
}

fn is_iterable(value: &Value) -> bool {
    matches!(value, Value::Array(_) | Value::Object(_))
}
