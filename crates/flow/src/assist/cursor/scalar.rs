//! A scalar as it stands in the text, and what it says.

use std::ops::Range;

/// A scalar in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::assist) struct Scalar {
    /// Without quotes; of a block, its lines.
    pub(in crate::assist) span: Range<usize>,
    pub(in crate::assist) style: Style,
}

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::assist) enum Style {
    /// Without quotes.
    Plain,
    /// In `'`.
    Single,
    /// In `"`.
    Double,
    /// As a block, `|` or `>`.
    Block,
}

/// What a scalar says, with the place of each byte in the text.
#[derive(Clone, Debug)]
pub(in crate::assist) struct Unescaped {
    pub(in crate::assist) text: String,
    /// Of each byte, and of the end.
    places: Vec<usize>,
}

impl Scalar {
    /// Takes the escapes of its quotes away.
    pub(in crate::assist) fn unescape(&self, source: &str) -> Unescaped {
        let raw = source.get(self.span.clone()).unwrap_or_default();
        let mut said = Unescaped {
            text: String::with_capacity(raw.len()),
            places: Vec::with_capacity(raw.len() + 1),
        };
        let mut chars = raw.char_indices().peekable();
        while let Some((at, char)) = chars.next() {
            let char = match (self.style, char, chars.peek()) {
                (Style::Double, '\\', Some((_, next @ ('"' | '\\' | '/')))) => {
                    let next = *next;
                    chars.next();
                    next
                }
                // What other escapes stand for does not matter to names and braces.
                (Style::Double, '\\', Some(_)) => {
                    chars.next();
                    ' '
                }
                (Style::Single, '\'', Some((_, '\''))) => {
                    chars.next();
                    '\''
                }
                _ => char,
            };
            said.push(char, self.span.start + at);
        }
        said.places.push(self.span.end);
        said
    }
}

impl Unescaped {
    fn push(&mut self, char: char, place: usize) {
        self.text.push(char);
        self.places.extend((0..char.len_utf8()).map(|byte| place + byte));
    }

    /// Where a byte of the text stands in the source.
    pub(in crate::assist) fn place(&self, at: usize) -> usize {
        self.places.get(at).or(self.places.last()).copied().unwrap_or(0)
    }

    /// Where a range of the text stands in the source.
    pub(in crate::assist) fn span(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.place(range.start);
        start..self.place(range.end).max(start)
    }

    /// The byte of the text that stands at, or first behind, a place in the source; on a character's boundary.
    pub(in crate::assist) fn offset(&self, place: usize) -> usize {
        let mut at = self
            .places
            .partition_point(|known| *known < place)
            .min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}

/// A scalar without quotes, or one that begins with a quote and may lack the closing one. `limit`: where it ends at the
/// latest. `None` where it has ended before the cursor.
pub(super) fn written(text: &str, start: usize, limit: usize, cursor: usize) -> Option<Scalar> {
    let style = match text[start..].chars().next() {
        Some('"') => Style::Double,
        Some('\'') => Style::Single,
        _ => {
            return Some(Scalar {
                span: start..limit.max(cursor),
                style: Style::Plain,
            });
        }
    };
    let quote = if style == Style::Double { '"' } else { '\'' };
    let mut from = start + 1;
    // One that is not closed on its line is closed on a later one within the limit, or nowhere.
    let end = loop {
        let stop = text[from..limit.max(from)]
            .find('\n')
            .map_or(limit.max(from), |at| from + at);
        let line = text.get(from - 1..stop).unwrap_or_default();
        if let Some(end) = closing(line, quote) {
            break Some(from - 1 + end);
        }
        if stop >= limit {
            break None;
        }
        from = stop + 1;
    };
    let end = end.unwrap_or_else(|| {
        let line = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let line = text[start..line].trim_end().len() + start;
        line.max(cursor).max(start + 1)
    });
    (cursor > start && cursor <= end).then_some(Scalar {
        span: start + 1..end,
        style,
    })
}

/// Where the quote is that closes a line; the first character is passed over.
fn closing(line: &str, quote: char) -> Option<usize> {
    super::lines::quoted_end(line, 0, quote).map(|end| end - 1)
}
