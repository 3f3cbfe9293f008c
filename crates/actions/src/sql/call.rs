//! An input, parsed: what to run, with which values, within which bounds.

use std::time::Duration;

use lockgate_flow::duration::parse_duration;
use serde_json::{Map, Value};

use super::failure::Failure;
use super::statement::{Name, Statement};

/// Rows of a result where a step does not say.
pub(super) const USUAL_ROWS: usize = 100;

/// Rows of a result at the most.
pub(super) const MOST_ROWS: usize = 10_000;

const USUAL_TIMEOUT: Duration = Duration::from_secs(5);

/// Whether it may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Read,
    Write,
}

/// A statement that can be run.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) statement: Statement,
    /// One for each of the statement's parameters, in their order.
    pub(super) values: Vec<Value>,
    pub(super) limit: usize,
    pub(super) timeout: Duration,
    pub(super) mode: Mode,
}

impl Call {
    /// The value of the parameter with this number, from 0, as [`Statement::numbered`] counts.
    pub(super) fn value(&self, index: usize) -> Option<&Value> {
        self.position(index)
            .and_then(|position| self.values.get(position))
    }

    /// What that parameter is called in the statement.
    pub(super) fn called(&self, index: usize) -> String {
        let names = self.statement.parameters();
        match self.position(index).and_then(|position| names.get(position)) {
            Some(Name::Text(name)) => format!("`:{name}`"),
            Some(Name::Number(_)) | None => format!("`${}`", index + 1),
        }
    }

    /// Names are numbered in the order in which they stand; numbers are what they say.
    fn position(&self, index: usize) -> Option<usize> {
        let names = self.statement.parameters();
        if matches!(names.first(), Some(Name::Number(_))) {
            names.iter().position(|name| **name == Name::Number(index + 1))
        } else {
            Some(index)
        }
    }

    /// Reads an input.
    pub(super) fn parse(input: &Value, mode: Mode) -> Result<Self, Failure> {
        let text = input.get("statement").and_then(Value::as_str).unwrap_or_default();
        let statement = Statement::parse(text).map_err(|problem| {
            Failure::new(
                "invalid_statement",
                format!("the statement was not run: {problem}"),
            )
        })?;
        let given = match input.get("parameters") {
            None | Some(Value::Null) => Parameters::None,
            Some(Value::Array(list)) => Parameters::List(list),
            Some(Value::Object(map)) => Parameters::Map(map),
            Some(_) => {
                return Err(Failure::new(
                    "invalid_parameters",
                    "`parameters` is no list and no map",
                ));
            }
        };
        let values = given.fit(&statement).map_err(|problem| {
            Failure::new(
                "invalid_parameters",
                format!("the statement was not run: {problem}"),
            )
        })?;
        let timeout = match input.get("timeout").and_then(Value::as_str).map(parse_duration) {
            None => USUAL_TIMEOUT,
            Some(Ok(timeout)) if !timeout.is_zero() => timeout,
            Some(_) => {
                return Err(Failure::new(
                    "invalid_parameters",
                    "`timeout` is no duration, like `5s`",
                ));
            }
        };
        let limit = input
            .get("limit")
            .and_then(Value::as_u64)
            .and_then(|limit| usize::try_from(limit).ok())
            .map_or(USUAL_ROWS, |limit| limit.min(MOST_ROWS));
        Ok(Self {
            statement,
            values,
            limit,
            timeout,
            mode,
        })
    }
}

/// The values as an input gives them.
#[derive(Clone, Copy)]
pub(super) enum Parameters<'a> {
    None,
    List(&'a [Value]),
    Map(&'a Map<String, Value>),
}

impl Parameters<'_> {
    /// One value for each of the statement's parameters. One too many is as wrong as one too few: a name was misspelt.
    pub(super) fn fit(self, statement: &Statement) -> Result<Vec<Value>, String> {
        let names = statement.parameters();
        let mut values = Vec::with_capacity(names.len());
        for name in &names {
            values.push(match (name, self) {
                (Name::Number(number), Self::List(list)) => number
                    .checked_sub(1)
                    .and_then(|index| list.get(index))
                    .ok_or_else(|| format!("`${number}` has no value: `parameters` has {}", list.len()))?
                    .clone(),
                (Name::Text(name), Self::Map(map)) => map
                    .get(name)
                    .ok_or_else(|| format!("`:{name}` has no value in `parameters`"))?
                    .clone(),
                (Name::Number(number), Self::None) => {
                    return Err(format!("`${number}` has no value: give `parameters`"));
                }
                (Name::Text(name), Self::None) => {
                    return Err(format!("`:{name}` has no value: give `parameters`"));
                }
                (Name::Number(_), Self::Map(_)) => {
                    return Err(
                        "numbered parameters take a list of values, and `parameters` is a map".to_owned(),
                    );
                }
                (Name::Text(_), Self::List(_)) => {
                    return Err(
                        "named parameters take a map of values, and `parameters` is a list".to_owned(),
                    );
                }
            });
        }
        match self {
            Self::List(list) => {
                for number in 1..=list.len() {
                    if !names.contains(&&Name::Number(number)) {
                        return Err(format!(
                            "the statement has no `${number}`, and `parameters` has {}",
                            list.len()
                        ));
                    }
                }
            }
            Self::Map(map) => {
                for name in map.keys() {
                    if !names
                        .iter()
                        .any(|known| matches!(known, Name::Text(known) if known == name))
                    {
                        return Err(format!("the statement has no `:{name}`"));
                    }
                }
            }
            Self::None => {}
        }
        Ok(values)
    }
}
