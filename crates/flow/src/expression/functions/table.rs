//! How a function is declared. The checker, the parser's messages and the reference page read these declarations.

use serde_json::Value;

use super::super::arguments::{Arguments, Outcome};
use crate::schema::TypeSet;

/// A function of the expression language.
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// The chapter of the reference that it stands in.
    pub group: Group,
    /// What it does: one or two sentences.
    pub summary: &'static str,
    /// What it takes. Required ones come first; only the last may be variadic.
    pub parameters: &'static [Parameter],
    /// What it may give.
    pub returns: TypeSet,
    /// Whether the same arguments always give the same result.
    pub pure: bool,
    /// Expressions and the JSON that they give. They are evaluated over [`EXAMPLE_INPUT`] in a test.
    pub examples: &'static [(&'static str, &'static str)],
    /// The code.
    pub(in crate::expression) call: Implementation,
}

/// The code of a function.
pub(in crate::expression) type Implementation = for<'a, 'b> fn(&mut Arguments<'a, 'b>) -> Outcome<'a>;

/// The `input` over which the examples of the reference are evaluated.
pub const EXAMPLE_INPUT: &str = r#"{
  "name": "Ada Lovelace",
  "email": "Ada@Example.com",
  "age": 36,
  "plan": "pro",
  "tags": ["admin", "beta"],
  "address": { "city": "London", "zip": "W1" },
  "born": "1815-12-10T08:30:00Z"
}"#;

/// A chapter of functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Comparisons, conditions, absent values.
    Logic,
    /// Text.
    Text,
    /// Arithmetic and conversions.
    Numbers,
    /// Lists and objects.
    Json,
    /// Points in time.
    Time,
    /// Random values and digests.
    Digests,
    /// Keeping things out of logs.
    Safety,
}

/// Looks at a written-out argument; the error is a lower-case fragment.
pub(in crate::expression) type Check = fn(&Value) -> Result<(), String>;

/// One parameter of a [`Function`].
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// The types that it takes.
    pub types: TypeSet,
    /// Whether it must be given.
    pub required: bool,
    /// Whether more arguments of the same kind may follow.
    pub variadic: bool,
    /// Whether a missing value is fine.
    pub accepts_missing: bool,
    /// Checks an argument that is written out, at parse time.
    pub(in crate::expression) check: Option<Check>,
}

impl Parameter {
    /// A required parameter.
    pub(super) const fn new(name: &'static str, types: TypeSet) -> Self {
        Self {
            name,
            types,
            required: true,
            variadic: false,
            accepts_missing: false,
            check: None,
        }
    }

    /// That may be left out.
    pub(super) const fn optional(self) -> Self {
        Self {
            required: false,
            ..self
        }
    }

    /// That may be repeated.
    pub(super) const fn variadic(self) -> Self {
        Self {
            variadic: true,
            ..self
        }
    }

    /// That takes a missing value.
    pub(super) const fn accepts_missing(self) -> Self {
        Self {
            accepts_missing: true,
            ..self
        }
    }

    /// Whose written-out arguments are checked at parse time.
    pub(super) const fn checked(self, check: Check) -> Self {
        Self {
            check: Some(check),
            ..self
        }
    }
}

impl Function {
    /// A declaration; pure unless [`impure`](Self::impure) follows.
    pub(super) const fn new(
        group: Group,
        name: &'static str,
        summary: &'static str,
        parameters: &'static [Parameter],
        returns: TypeSet,
        examples: &'static [(&'static str, &'static str)],
        call: Implementation,
    ) -> Self {
        Self {
            name,
            group,
            summary,
            parameters,
            returns,
            pure: true,
            examples,
            call,
        }
    }

    /// That reads the clock or draws random numbers.
    pub(super) const fn impure(self) -> Self {
        Self { pure: false, ..self }
    }

    /// The parameter that takes the argument at a position (from 0).
    pub fn parameter(&self, position: usize) -> Option<&'static Parameter> {
        self.parameters
            .get(position)
            .or_else(|| self.parameters.last().filter(|last| last.variadic))
    }

    /// The smallest number of arguments.
    pub fn min_arguments(&self) -> usize {
        self.parameters
            .iter()
            .filter(|parameter| parameter.required)
            .count()
    }

    /// The largest number of arguments; `None` if there is no end.
    pub fn max_arguments(&self) -> Option<usize> {
        let variadic = self.parameters.last().is_some_and(|last| last.variadic);
        (!variadic).then_some(self.parameters.len())
    }

    /// Name and parameters: `round value [digits]`, `coalesce value…`.
    pub fn signature(&self) -> String {
        let mut signature = self.name.to_owned();
        for Parameter {
            name,
            required,
            variadic,
            ..
        } in self.parameters
        {
            let (open, close) = if *required { ("", "") } else { ("[", "]") };
            let dots = if *variadic { "…" } else { "" };
            signature.extend([" ", open, name, dots, close]);
        }
        signature
    }
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Function").field(&self.name).finish()
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
