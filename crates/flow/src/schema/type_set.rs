//! The set of JSON types that a value may have.

use std::fmt;

use serde_json::Value;

/// A set of JSON types. `INTEGER` is a subset of numbers: a number type covers both bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TypeSet(u8);

impl TypeSet {
    /// No type: nothing fits.
    pub const NONE: Self = Self(0);
    /// `null`.
    pub const NULL: Self = Self(1);
    /// `true` or `false`.
    pub const BOOLEAN: Self = Self(2);
    /// Whole numbers.
    pub const INTEGER: Self = Self(4);
    /// All numbers, whole ones too.
    pub const NUMBER: Self = Self(4 | 8);
    /// Text.
    pub const STRING: Self = Self(16);
    /// Lists.
    pub const ARRAY: Self = Self(32);
    /// Objects.
    pub const OBJECT: Self = Self(64);
    /// Everything.
    pub const ANY: Self = Self(127);

    const NAMES: [(Self, &'static str); 7] = [
        (Self::STRING, "string"),
        (Self::NUMBER, "number"),
        (Self::INTEGER, "integer"),
        (Self::BOOLEAN, "boolean"),
        (Self::ARRAY, "array"),
        (Self::OBJECT, "object"),
        (Self::NULL, "null"),
    ];

    /// The type of one value.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) if number.is_i64() || number.is_u64() => Self::INTEGER,
            Value::Number(number) if number.as_f64().is_some_and(|n| n.fract() == 0.0) => Self::INTEGER,
            Value::Number(_) => Self(8),
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    /// Reads JSON Schema's `type` keyword: a name or a list of names. Unknown names count as anything.
    pub fn from_keyword(keyword: &Value) -> Self {
        match keyword {
            Value::String(name) => Self::named(name).unwrap_or(Self::ANY),
            Value::Array(names) => names.iter().map(Self::from_keyword).fold(Self::NONE, Self::union),
            _ => Self::ANY,
        }
    }

    /// The set of one JSON Schema type name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(set, _)| *set)
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// This set without the other's types.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether a value of this set could be one of `other`.
    pub const fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether every type of this set is in `other`.
    pub const fn is_subset_of(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for TypeSet {
    /// `string`, `string or null`, `anything`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ANY {
            return f.write_str("anything");
        }
        let mut rest = *self;
        let mut names = Vec::new();
        for (set, name) in Self::NAMES {
            if !set.is_empty() && set.is_subset_of(rest) {
                names.push(name);
                rest = rest.without(set);
            }
        }
        if !rest.is_empty() {
            names.push("number");
        }
        match names.as_slice() {
            [] => f.write_str("nothing"),
            names => f.write_str(&names.join(" or ")),
        }
    }
}
