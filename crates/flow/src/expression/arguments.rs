//! How a function takes its arguments: on demand, so that `and` and `default` can stop early, and with the types
//! that its declaration names.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use super::ast::{Call, Expression};
use super::error::{EvaluationError, EvaluationErrorKind};
use super::evaluate::{Ambient, Environment, Evaluated};
use super::limits::MAX_OUTPUT_BYTES;
use super::value::as_integer;
use crate::schema::TypeSet;

/// The arguments of one call.
pub(in crate::expression) struct Arguments<'a, 'b> {
    call: &'a Call,
    environment: Environment<'a>,
    pub(super) ambient: &'b mut (dyn Ambient + 'b),
}

/// Why a function gave nothing: an argument failed, or the function itself did.
pub(in crate::expression) enum Fault {
    /// An argument could not be evaluated.
    Argument(Box<EvaluationError>),
    /// The function's own complaint, a lower-case fragment.
    Function(String),
}

impl Fault {
    pub(super) fn of(self, call: &Call) -> EvaluationError {
        match self {
            Self::Argument(error) => *error,
            Self::Function(message) => EvaluationError::new(
                EvaluationErrorKind::Function {
                    name: call.function.name,
                    message,
                },
                &call.span,
            ),
        }
    }
}

impl From<EvaluationError> for Fault {
    fn from(error: EvaluationError) -> Self {
        Self::Argument(Box::new(error))
    }
}

impl From<String> for Fault {
    fn from(message: String) -> Self {
        Self::Function(message)
    }
}

impl From<&str> for Fault {
    fn from(message: &str) -> Self {
        Self::Function(message.to_owned())
    }
}

/// The result of a function.
pub(in crate::expression) type Outcome<'a> = Result<Evaluated<'a>, Fault>;

impl<'a, 'b> Arguments<'a, 'b> {
    pub(super) fn new(
        call: &'a Call,
        environment: Environment<'a>,
        ambient: &'b mut (dyn Ambient + 'b),
    ) -> Self {
        Self {
            call,
            environment,
            ambient,
        }
    }

    /// How many were written.
    pub(super) fn len(&self) -> usize {
        self.call.arguments.len()
    }

    /// The call itself, for what was prepared at parse time.
    pub(super) fn call(&self) -> &'a Call {
        self.call
    }

    fn expression(&self, position: usize) -> Result<&'a Expression, Fault> {
        // The parser has checked the number of arguments; this is for a declaration that disagrees with its code.
        self.call
            .arguments
            .get(position)
            .ok_or_else(|| "too few arguments".into())
    }

    /// An argument that may be missing.
    pub(super) fn evaluated(&mut self, position: usize) -> Outcome<'a> {
        let expression = self.expression(position)?;
        Ok(match expression.evaluate_in(self.environment, self.ambient)? {
            Evaluated::Omit => Evaluated::Missing,
            evaluated => evaluated,
        })
    }

    /// An argument of a declared type; missing is an error.
    pub(super) fn value(&mut self, position: usize) -> Result<Cow<'a, Value>, Fault> {
        let Evaluated::Value(value) = self.evaluated(position)? else {
            return Err(self.expression(position)?.missing().into());
        };
        if let Some(parameter) = self.call.function.parameter(position) {
            let given = TypeSet::of(&value);
            if parameter.types != TypeSet::ANY && !given.overlaps(parameter.types) {
                return Err(format!("takes {} as `{}`, got {given}", parameter.types, parameter.name).into());
            }
        }
        Ok(value)
    }

    /// An argument as text.
    pub(super) fn text(&mut self, position: usize) -> Result<Cow<'a, str>, Fault> {
        match self.value(position)? {
            Cow::Borrowed(Value::String(text)) => Ok(Cow::Borrowed(text)),
            Cow::Owned(Value::String(text)) => Ok(Cow::Owned(text)),
            other => Err(format!("takes string, got {}", TypeSet::of(&other)).into()),
        }
    }

    /// An argument as a number.
    pub(super) fn number(&mut self, position: usize) -> Result<Number, Fault> {
        match &*self.value(position)? {
            Value::Number(number) => Ok(number.clone()),
            other => Err(format!("takes number, got {}", TypeSet::of(other)).into()),
        }
    }

    /// An argument as a whole number; one that does not fit saturates.
    pub(super) fn integer(&mut self, position: usize) -> Result<i64, Fault> {
        let number = self.number(position)?;
        let integer = as_integer(&number).ok_or_else(|| format!("takes a whole number, got {number}"))?;
        Ok(i64::try_from(integer).unwrap_or(if integer < 0 { i64::MIN } else { i64::MAX }))
    }

    /// An argument as a list; elements are borrowed where the argument is.
    pub(super) fn list(&mut self, position: usize) -> Result<Cow<'a, [Value]>, Fault> {
        match self.value(position)? {
            Cow::Borrowed(Value::Array(items)) => Ok(Cow::Borrowed(items)),
            Cow::Owned(Value::Array(items)) => Ok(Cow::Owned(items)),
            other => Err(format!("takes array, got {}", TypeSet::of(&other)).into()),
        }
    }

    /// An argument as an object.
    pub(super) fn object(&mut self, position: usize) -> Result<Cow<'a, Map<String, Value>>, Fault> {
        match self.value(position)? {
            Cow::Borrowed(Value::Object(fields)) => Ok(Cow::Borrowed(fields)),
            Cow::Owned(Value::Object(fields)) => Ok(Cow::Owned(fields)),
            other => Err(format!("takes object, got {}", TypeSet::of(&other)).into()),
        }
    }
}

/// Refuses a result that is, or would be, too long.
pub(super) fn within_limit(bytes: usize) -> Result<(), Fault> {
    if bytes > MAX_OUTPUT_BYTES {
        return Err(format!("the result is longer than {MAX_OUTPUT_BYTES} bytes").into());
    }
    Ok(())
}
