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
