//! Two changes of one text, put together line by line.

use std::ops::Range;

use lockgate_flow::source::Source;
use lockgate_flow::yaml::{Limits, load};
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Lines of the base that one side has others in the place of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hunk<'a> {
    base: Range<usize>,
    lines: &'a [&'a str],
}

/// The text with both changes; `None` where they touch each other, or where both texts are YAML and this would be none.
pub(crate) fn merge(base: &str, ours: &str, theirs: &str) -> Option<String> {
    let merged = by_lines(base, ours, theirs)?;
    let both_were = is_yaml(ours) && is_yaml(theirs);
    (!both_were || is_yaml(&merged)).then_some(merged)
}

fn by_lines(base: &str, ours: &str, theirs: &str) -> Option<String> {
    let base: Vec<&str> = lines(base);
    let (ours, theirs) = (lines(ours), lines(theirs));
    let mut hunks = hunks(&base, &ours);
    for hunk in self::hunks(&base, &theirs) {
        // The same change on both sides is one.
        if !hunks.contains(&hunk) {
            hunks.push(hunk);
        }
    }
    hunks.sort_by_key(|hunk| (hunk.base.start, hunk.base.end));
    let mut merged = String::new();
    let mut at = 0;
    for (index, hunk) in hunks.iter().enumerate() {
        // A line that neither has changed must stand between two changes: what stands beside it belongs together.
        if index > 0 && hunk.base.start <= at {
            return None;
        }
        merged.extend(base[at..hunk.base.start].iter().copied());
        merged.extend(hunk.lines.iter().copied());
        at = hunk.base.end;
    }
    merged.extend(base[at..].iter().copied());
    Some(merged)
}

/// With their line breaks, whichever they are.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// What a side has changed.
fn hunks<'a>(base: &[&str], side: &'a [&'a str]) -> Vec<Hunk<'a>> {
    capture_diff_slices(Algorithm::Myers, base, side)
        .into_iter()
        .filter(|op| !matches!(op, DiffOp::Equal { .. }))
        .map(|op| Hunk {
            base: op.old_range(),
            lines: &side[op.new_range()],
        })
        .collect()
}

fn is_yaml(text: &str) -> bool {
    let source = Source::new("", text);
    let loaded = load(&source, Limits::default());
    loaded.complete
        && !loaded
            .diagnostics
            .iter()
            .any(lockgate_flow::diagnostic::Diagnostic::is_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "a: 1\nb: 2\nc: 3\nd: 4\ne: 5\n";

    #[test]
    fn changes_apart_are_put_together() {
        for (ours, theirs, merged) in [
            (
                "a: 9\nb: 2\nc: 3\nd: 4\ne: 5\n",
                "a: 1\nb: 2\nc: 3\nd: 4\ne: 9\n",
                "a: 9\nb: 2\nc: 3\nd: 4\ne: 9\n",
            ),
            (
                "a: 1\nb: 2\nx: 0\nc: 3\nd: 4\ne: 5\n",
                "a: 1\nb: 2\nc: 3\nd: 4\n",
                "a: 1\nb: 2\nx: 0\nc: 3\nd: 4\n",
            ),
            (
                "b: 2\nc: 3\nd: 4\ne: 5\n",
                "a: 1\nb: 2\nc: 3\nd: 4\ne: 5\nf: 6\n",
                "b: 2\nc: 3\nd: 4\ne: 5\nf: 6\n",
            ),
            (BASE, "z: 1\n", "z: 1\n"),
            ("z: 1\n", BASE, "z: 1\n"),
            // The same on both sides.
            (
                "a: 9\nb: 2\nc: 3\nd: 4\ne: 5\n",
                "a: 9\nb: 2\nc: 3\nd: 4\ne: 6\n",
                "a: 9\nb: 2\nc: 3\nd: 4\ne: 6\n",
            ),
        ] {
            assert_eq!(merge(BASE, ours, theirs).as_deref(), Some(merged));
            assert_eq!(merge(BASE, theirs, ours).as_deref(), Some(merged));
        }
    }

    #[test]
    fn changes_that_touch_are_for_a_person() {
        for (ours, theirs) in [
            ("a: 9\nb: 2\nc: 3\nd: 4\ne: 5\n", "a: 8\nb: 2\nc: 3\nd: 4\ne: 5\n"),
            // Neighbours.
            ("a: 9\nb: 2\nc: 3\nd: 4\ne: 5\n", "a: 1\nb: 9\nc: 3\nd: 4\ne: 5\n"),
            // Both at the end.
            (
                "a: 1\nb: 2\nc: 3\nd: 4\ne: 5\nf: 6\n",
                "a: 1\nb: 2\nc: 3\nd: 4\ne: 5\ng: 7\n",
            ),
            ("", "a: 1\nb: 2\nc: 3\nd: 4\ne: 9\n"),
        ] {
            assert_eq!(merge(BASE, ours, theirs), None, "{ours:?} {theirs:?}");
            assert_eq!(merge(BASE, theirs, ours), None, "{ours:?} {theirs:?}");
        }
    }

    #[test]
    fn line_breaks_stay_what_they_were() {
        let merged = merge("a\r\nb\r\nc\r\nd", "x\r\nb\r\nc\r\nd", "a\r\nb\r\nc\r\ny");
        assert_eq!(merged.as_deref(), Some("x\r\nb\r\nc\r\ny"));
    }

    #[test]
    fn two_that_are_yaml_make_yaml_or_nothing() {
        // Each names one key; together there are two of it.
        let base = "a: 1\nb: 2\nc: 3\n";
        assert_eq!(
            merge(base, "x: 0\na: 1\nb: 2\nc: 3\n", "a: 1\nb: 2\nc: 3\nx: 0\n"),
            None
        );
        // Where one is none, it is the author's to see.
        assert!(merge(base, "x: [\na: 1\nb: 2\nc: 3\n", "a: 1\nb: 2\nc: 3\nx: 0\n").is_some());
    }
}
