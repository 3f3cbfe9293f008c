//! The functions of the expression language: one table, a file for each chapter.
//!
//! A function is declared once, with its types, its examples and its code. To add one, put it into its chapter's
//! table; the parser, the checker and the reference page find it there.

mod digests;
mod json;
mod logic;
mod numbers;
mod reference;
mod safety;
mod table;
mod text;
mod time;

pub(super) use logic::compile as compile_pattern;

pub use reference::reference_markdown;
pub use table::{EXAMPLE_INPUT, Function, Group, Parameter};

static CHAPTERS: [&[Function]; 7] = [
    logic::FUNCTIONS,
    text::FUNCTIONS,
    numbers::FUNCTIONS,
    json::FUNCTIONS,
    time::FUNCTIONS,
    digests::FUNCTIONS,
    safety::FUNCTIONS,
];

/// Every function, by chapter.
pub fn all() -> impl Iterator<Item = &'static Function> {
    CHAPTERS.iter().flat_map(|functions| functions.iter())
}

/// A function by its name.
pub fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}

/// What to write instead of a function that people know from elsewhere.
pub fn elsewhere(name: &str) -> Option<&'static str> {
    Some(match name {
        "len" | "size" | "count" => "write `length value`",
        "concat" | "concatenate" | "append" => {
            "write the parts side by side in one text, `{{a}} {{b}}`, or use `join` for a list"
        }
        "lookup" | "get" => "write a dotted path, like `input.address.city`, or use `at` with a list",
        "toLowerCase" | "to_lower" | "tolower" | "lowercase" | "downcase" => "write `lower text`",
        "toUpperCase" | "to_upper" | "toupper" | "uppercase" | "upcase" => "write `upper text`",
        "encodeURIComponent" | "urlencode" | "encode_uri" | "uri_encode" => "write `url_encode text`",
        "json" | "stringify" | "toJSON" | "to_string_json" => "write `to_json value`",
        "parse" | "parseJSON" => "write `from_json text`",
        "if" | "ifelse" | "ternary" | "cond" => {
            "write `{{#if a}}…{{else}}…{{/if}}` in text, `default a b` for a fallback, or `if`, `then` and `else` on a step"
        }
        "unless" => "write `not`",
        "equals" | "is" | "equal" => "write `eq a b`",
        "isnt" | "not_equal" | "neq" => "write `ne a b`",
        "gte" => "write `ge a b`",
        "lte" => "write `le a b`",
        "contains" | "in" | "has" => "write `includes list value`",
        "plus" | "sum" => "write `add a b`",
        "minus" => "write `subtract a b`",
        "times" => "write `multiply a b`",
        "uuidv4" | "uuid4" | "guid" => "write `uuid`",
        "base64" | "btoa" => "write `base64_encode text`",
        "atob" => "write `base64_decode text`",
        "date" | "today" => "write `now`, and `format_time` for its parts",
        "string" | "str" => "write `to_string value`",
        "number" | "int" | "parseInt" => "write `to_number value`",
        _ => return None,
    })
}

/// The function with the most similar name, if one is similar enough to be meant.
pub fn suggest(name: &str) -> Option<&'static Function> {
    all()
        .map(|function| {
            (
                strsim::damerau_levenshtein(&name.to_lowercase(), function.name),
                function,
            )
        })
        .filter(|(distance, function)| *distance <= function.name.len().div_ceil(3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, function)| function)
}
