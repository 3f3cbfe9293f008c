//! Lines of block style: `- `, `key:` and what follows.

use std::ops::Range;

/// A line, without its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'t> {
    pub(super) text: &'t str,
    /// Where it begins.
    pub(super) start: usize,
}

/// What begins something at a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opening {
    /// In bytes from the beginning of the line: indentation is blanks.
    pub(super) column: usize,
    pub(super) kind: Kind,
    /// The scalar or bracket that follows on the line, without blanks around and without a comment.
    pub(super) rest: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `- `
    Item,
    /// `key:`
    Key {
        name: String,
        /// With quotes.
        span: Range<usize>,
    },
}

/// The lines of a text.
pub(super) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut start = 0;
    text.split('\n')
        .map(|line| {
            let own = Line {
                text: line.strip_suffix('\r').unwrap_or(line),
                start,
            };
            start += line.len() + 1;
            own
        })
        .collect()
}

impl Line<'_> {
    pub(super) fn end(self) -> usize {
        self.start + self.text.len()
    }

    pub(super) fn indent(self) -> usize {
        self.text.len() - self.text.trim_start_matches(' ').len()
    }

    /// Whether nothing or only a comment stands on it.
    pub(super) fn is_blank(self) -> bool {
        let text = self.text.trim();
        text.is_empty() || text.starts_with('#')
    }

    /// What begins on this line, from left to right.
    pub(super) fn openings(self) -> Vec<Opening> {
        let mut found: Vec<Opening> = Vec::new();
        if self.is_blank() {
            return found;
        }
        let mut at = self.indent();
        loop {
            let here = &self.text[at..];
            let is_opening = here == "-" || here.starts_with("- ") || key(here).is_some();
            if let Some(before) = found.last_mut().filter(|_| is_opening) {
                before.rest.end = before.rest.start;
            }
            if here == "-" || here.starts_with("- ") {
                let next = at + 1 + (here.len() - 1 - here[1..].trim_start_matches(' ').len());
                found.push(Opening {
                    column: at,
                    kind: Kind::Item,
                    rest: self.value(next),
                });
                at = next;
                continue;
            }
            if let Some((name, length, colon)) = key(here) {
                found.push(Opening {
                    column: at,
                    kind: Kind::Key {
                        name,
                        span: self.start + at..self.start + at + length,
                    },
                    rest: self.value(at + colon + 1),
                });
            }
            return found;
        }
    }

    /// What stands from a column on, without blanks around and without a comment.
    pub(super) fn value(self, column: usize) -> Range<usize> {
        let text = self.text.get(column..).unwrap_or_default();
        let start = column + text.len() - text.trim_start().len();
        let text = text.trim_start();
        let end = start + comment(text).map_or(text, |at| &text[..at]).trim_end().len();
        self.start + start..self.start + end
    }
}

/// Where a comment begins.
pub(super) fn comment(text: &str) -> Option<usize> {
    if text.starts_with('#') {
        return Some(0);
    }
    // In quotes, `#` is a character like others.
    let mut at = 0;
    if let Some(quote) = text.chars().next().filter(|first| matches!(first, '"' | '\'')) {
        at = quoted_end(text, 0, quote)?;
    }
    text[at..].find(" #").map(|found| at + found)
}

/// One past the closing quote of a text in quotes that begins at `start`, on the same line.
pub(super) fn quoted_end(text: &str, start: usize, quote: char) -> Option<usize> {
    let mut chars = text[start..].char_indices().skip(1).peekable();
    while let Some((at, char)) = chars.next() {
        match char {
            '\n' => return None,
            '\\' if quote == '"' => {
                chars.next();
            }
            '\'' if quote == '\'' && chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                chars.next();
            }
            char if char == quote => return Some(start + at + 1),
            _ => {}
        }
    }
    None
}

/// A key at the beginning of a text: its name, how long it is as written, and where its colon is.
fn key(text: &str) -> Option<(String, usize, usize)> {
    let first = text.chars().next()?;
    if matches!(first, '"' | '\'') {
        let end = quoted_end(text, 0, first)?;
        let colon = end + text[end..].len() - text[end..].trim_start_matches(' ').len();
        return is_colon(text, colon).then(|| (text[1..end - 1].to_owned(), end, colon));
    }
    if "{[#|>&!%@`,]}".contains(first) {
        return None;
    }
    let mut from = 0;
    let colon = loop {
        let at = from + text[from..].find(':')?;
        if is_colon(text, at) {
            break at;
        }
        from = at + 1;
    };
    let name = text[..colon].trim_end();
    (comment(name).is_none() && !name.is_empty()).then(|| (name.to_owned(), name.len(), colon))
}

fn is_colon(text: &str, at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    rest == ":" || rest.starts_with(": ")
}
