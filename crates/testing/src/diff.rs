//! Expected and actual as a diff of lines.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::report::Values;

/// How many lines around a difference are shown.
const AROUND: usize = 3;

/// A line of a diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    /// Whose it is.
    pub side: Side,
    /// Without its line break.
    pub text: String,
}

/// Whose a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Both have it.
    Both,
    /// Expected, and not found.
    Expected,
    /// Found, and not expected.
    Actual,
    /// Some lines of both are left out here.
    Gap,
}

impl Side {
    /// What stands before the line.
    pub const fn mark(self) -> char {
        match self {
            Self::Both | Self::Gap => ' ',
            Self::Expected => '-',
            Self::Actual => '+',
        }
    }
}

/// The diff of expected and actual, as JSON, with some lines around each difference.
pub fn diff(values: &Values) -> Vec<DiffLine> {
    let (expected, actual) = (text(values.expected.as_ref()), text(values.actual.as_ref()));
    let diff = TextDiff::from_lines(&expected, &actual);
    let mut lines = Vec::new();
    for (index, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if index > 0 {
            lines.push(DiffLine {
                side: Side::Gap,
                text: "…".to_owned(),
            });
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let side = match change.tag() {
                ChangeTag::Equal => Side::Both,
                ChangeTag::Delete => Side::Expected,
                ChangeTag::Insert => Side::Actual,
            };
            lines.push(DiffLine {
                side,
                text: change.value().trim_end_matches('\n').to_owned(),
            });
        }
    }
    lines
}

fn text(value: Option<&Value>) -> String {
    match value {
        None => "nothing\n".to_owned(),
        Some(value) => format!("{value:#}\n"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_the_same_far_away_is_left_out() {
        let list = |last: u32| json!({ "a": 1, "list": (1..20).chain([last]).collect::<Vec<_>>() });
        let lines = diff(&Values {
            expected: Some(list(20)),
            actual: Some(list(21)),
        });
        let shown: Vec<String> = lines
            .iter()
            .map(|line| format!("{}{}", line.side.mark(), line.text))
            .collect();
        assert_eq!(
            shown,
            [
                "     17,", "     18,", "     19,", "-    20", "+    21", "   ]", " }"
            ]
        );
        let lines = diff(&Values {
            expected: None,
            actual: Some(json!("x")),
        });
        assert_eq!(lines[0].text, "nothing");
        assert_eq!(lines[1].side, Side::Actual);
    }
}
