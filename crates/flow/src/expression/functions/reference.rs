//! The reference page of the functions, made from their declarations.

use std::fmt::Write as _;

use super::table::{EXAMPLE_INPUT, Function, Group};
use crate::schema::TypeSet;

/// The page of all functions, as Markdown: a chapter for each group, with signatures, what they do, and examples.
pub fn reference_markdown() -> String {
    let mut page = String::from(
        "# Functions\n\n\
         A function stands first, its arguments after it: `lower input.email`. A call that is an argument of another \
         stands in parentheses: `not (eq input.plan \"pro\")`. Square brackets in a signature mean that an argument \
         may be left out, dots that more may follow. A missing value as an argument is an error, except where the \
         table says otherwise.\n\n\
         The examples have this `input`:\n\n```json\n",
    );
    page.push_str(EXAMPLE_INPUT);
    page.push_str("\n```\n");
    for group in Group::ALL {
        // Writing to a string does not fail.
        let _ = write!(page, "\n## {}\n\n", group.title());
        page.push_str("| function | what it gives | examples |\n|---|---|---|\n");
        for function in super::all().filter(|function| function.group == group) {
            row(&mut page, function);
        }
    }
    page
}

fn row(page: &mut String, function: &Function) {
    let mut notes = String::new();
    for parameter in function.parameters {
        if parameter.types != TypeSet::ANY {
            let _ = write!(notes, " `{}`: {}.", parameter.name, parameter.types);
        }
        if parameter.accepts_missing {
            let _ = write!(notes, " `{}` may be missing.", parameter.name);
        }
    }
    if !function.pure {
        notes.push_str(" Not pure: its value is recorded with the step.");
    }
    let examples: Vec<_> = function
        .examples
        .iter()
        .map(|(expression, json)| format!("{} → {}", code(expression), code(json)))
        .collect();
    let _ = writeln!(
        page,
        "| {} | {}{} Gives {}. | {} |",
        code(&function.signature()),
        cell(function.summary),
        cell(&notes),
        function.returns,
        examples.join("<br>"),
    );
}

/// Text inside a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn code(text: &str) -> String {
    format!("`{}`", cell(text))
}

impl Group {
    /// Every group, in the order of the reference.
    pub const ALL: [Self; 7] = [
        Self::Logic,
        Self::Text,
        Self::Numbers,
        Self::Json,
        Self::Time,
        Self::Digests,
        Self::Safety,
    ];

    /// The chapter's heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Logic => "Logic",
            Self::Text => "Text",
            Self::Numbers => "Numbers",
            Self::Json => "JSON",
            Self::Time => "Time",
            Self::Digests => "Ids and digests",
            Self::Safety => "Safety",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_a_row() {
        let page = reference_markdown();
        for function in super::super::all() {
            assert!(
                page.contains(&format!("\n| `{}", function.signature().replace('|', "\\|"))),
                "{}",
                function.name
            );
        }
        assert!(page.contains("| `round value [digits]` |"), "{page}");
    }
}
