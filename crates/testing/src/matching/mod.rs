//! Partial matching of JSON values: what is expected, what was found, and where they differ.
//!
//! A [`Pattern`] is read from JSON (or from YAML that became JSON). An object must have what is expected and may have more;
//! a list must be equal in length; numbers are compared as numbers. A map whose keys are all matchers stands for what
//! they say, all of them together:
//!
//! | matcher | holds for |
//! |---|---|
//! | `{ any: true }` | anything that is there, `null` too |
//! | `{ any: string }` | anything of that type: `string`, `number`, `integer`, `boolean`, `array`, `object`, `null` |
//! | `{ matches: "^auth0\\|" }` | a text in which the regular expression finds something |
//! | `{ absent: true }` | nothing: the key is not there |
//! | `{ exactly: … }` | the value without more, at every depth; a map's keys directly below are keys, never matchers |
//! | `{ contains: … }` | a list with such an element; or a text with this text in it |
//! | `{ one_of: [ … ] }` | what fits one of them |
//!
//! ```
//! use lockgate_testing::matching::Pattern;
//! use serde_json::json;
//!
//! let pattern = Pattern::parse(&json!({ "id": { "matches": "^cus_" }, "plan": "pro" })).unwrap();
//! let found = pattern.compare(Some(&json!({ "id": "cus_1", "plan": "free", "more": true })));
//! assert_eq!(found.differences.len(), 1);
//! assert_eq!(found.differences[0].pointer, "/plan");
//! assert_eq!(found.differences[0].message, "expected \"pro\", found \"free\"");
//! ```
//!
//! Knows nothing of flows, test files or terminals.

mod compare;
mod parse;

pub(crate) use parse::is_matchers;

use regex::Regex;
use serde_json::Value;

/// What is expected of a value.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As it was written.
    written: Value,
    form: Form,
}

/// A mistake in a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternMistake {
    /// JSON Pointer (RFC 6901) of the part of the pattern.
    pub pointer: String,
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// What a comparison found.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Where they differ; empty where the value is as expected.
    pub differences: Vec<Difference>,
    /// What is expected, to be shown beside [`Self::actual`]: what is as expected stands here as it was found, so that a
    /// diff of the two shows what is not, alone. `None` where nothing is expected.
    pub expected: Option<Value>,
    /// What was found, without what nobody asked for. `None` where nothing is there.
    pub actual: Option<Value>,
}

impl Comparison {
    /// Whether the value is as expected.
    pub fn holds(&self) -> bool {
        self.differences.is_empty()
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// JSON Pointer of the place in the value; of the place where something is missing.
    pub pointer: String,
    /// JSON Pointer of the part of the pattern that does not hold.
    pub pattern: String,
    /// What was expected and what was found: a lower-case fragment.
    pub message: String,
    /// What stands at the place; `None` for nothing.
    pub actual: Option<Value>,
}

/// What a part of a pattern asks for.
#[derive(Clone, Debug)]
enum Form {
    /// This scalar.
    Scalar,
    /// These elements, and no more.
    List(Vec<Pattern>),
    /// These fields; more only where it is open.
    Object {
        fields: Vec<(String, Pattern)>,
        is_open: bool,
    },
    /// All of these.
    Matchers(Vec<(&'static str, Matcher)>),
}

#[derive(Clone, Debug)]
enum Matcher {
    Any(Option<Kind>),
    Matches(Regex),
    Absent,
    Exactly(Box<Pattern>),
    Contains(Box<Pattern>),
    OneOf(Vec<Pattern>),
}

/// The types of JSON, by the names of JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    String,
    Number,
    Integer,
    Boolean,
    Array,
    Object,
    Null,
}

impl Kind {
    const ALL: [(&'static str, Self); 7] = [
        ("string", Self::String),
        ("number", Self::Number),
        ("integer", Self::Integer),
        ("boolean", Self::Boolean),
        ("array", Self::Array),
        ("object", Self::Object),
        ("null", Self::Null),
    ];

    /// A whole number is an integer however it is written (JSON Schema 2020-12, section 6.1.1).
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Number => value.is_number(),
            Self::Integer => {
                value.is_u64() || value.is_i64() || value.as_f64().is_some_and(|n| n.fract() == 0.0)
            }
            Self::Boolean => value.is_boolean(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
            Self::Null => value.is_null(),
        }
    }

    fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("", |(name, _)| name)
    }
}

impl Pattern {
    /// As it was written.
    pub fn written(&self) -> &Value {
        &self.written
    }
}

/// The pointer of a child.
fn child(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", token.replace('~', "~0").replace('/', "~1"))
}
