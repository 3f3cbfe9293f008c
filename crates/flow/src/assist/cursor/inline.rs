//! Maps and lists in brackets: `{ type: string }`, `[a, b]`.

use std::ops::Range;

use super::lines::quoted_end;
use super::scalar::{Scalar, Style};
use super::{Level, Segment, Sibling, Spot};

/// How far keys are looked for behind the cursor.
const AHEAD: usize = 4096;

/// Finds what the cursor stands in, where a bracket opens at `start`. `column`: where its key stands.
pub(super) fn find(
    text: &str,
    mut levels: Vec<Level>,
    start: usize,
    cursor: usize,
    column: usize,
) -> (Vec<Level>, Spot) {
    let mut reading = Reading {
        text,
        cursor,
        frames: Vec::new(),
        closed: Vec::new(),
        last: None,
        captured: None,
    };
    reading.run(start, limit(text, cursor, column));
    let Some(captured) = reading.captured.take() else {
        return (levels, Spot::Nothing);
    };
    let mut frames = reading.frames;
    frames.truncate(captured.depth - reading.closed.len());
    frames.extend(reading.closed.into_iter().rev());
    for (index, frame) in frames.into_iter().enumerate() {
        let entered = captured.entered.get(index).copied().unwrap_or_default();
        let is_last = index + 1 == captured.depth;
        if is_last && captured.is_key {
            let has_colon = text[captured.span.end..].trim_start_matches(' ').starts_with(':');
            let keys = frame.keys.into_iter().filter(|key| key.span != captured.span);
            return (
                levels,
                Spot::Key {
                    keys: keys.collect(),
                    span: captured.span,
                    has_colon,
                    is_element: false,
                    is_inline: true,
                    column,
                },
            );
        }
        let segment = if frame.is_list {
            Segment::Index(entered)
        } else {
            let name = entered.checked_sub(1).and_then(|last| frame.keys.get(last));
            Segment::Key(name.map_or_else(String::new, |key| key.name.clone()))
        };
        levels.push(Level {
            segment,
            keys: frame.keys,
            column,
        });
    }
    let spot = Spot::Value {
        lacks_space: captured.span.is_empty() && text[..cursor].ends_with(':'),
        scalar: Scalar {
            span: captured.span,
            style: captured.style,
        },
        is_inline: true,
    };
    (levels, spot)
}

/// Where brackets end at the latest: where they are not closed, the lines below belong to something else.
fn limit(text: &str, cursor: usize, column: usize) -> usize {
    let mut end = cursor;
    for line in text[cursor..].split_inclusive('\n') {
        end += line.len();
        let next = &text[end..];
        let indent = next.len() - next.trim_start_matches(' ').len();
        let closes = next.trim_start_matches(' ').starts_with(['}', ']']);
        if end > cursor + AHEAD || indent <= column && !closes {
            break;
        }
    }
    end
}

/// An open bracket.
#[derive(Default)]
struct Frame {
    is_list: bool,
    keys: Vec<Sibling>,
    /// Of a list: how many elements have ended.
    index: usize,
    /// Of a map: whether the value of the last key is read.
    in_value: bool,
}

/// What the cursor stands in, among the brackets that are open there.
struct Captured {
    depth: usize,
    /// Of each bracket: how many keys it had, or which element it is in.
    entered: Vec<usize>,
    is_key: bool,
    span: Range<usize>,
    style: Style,
}

/// What stands in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    Comma,
    Colon,
    Word,
    Quoted,
    Comment,
}

struct Reading<'t> {
    text: &'t str,
    cursor: usize,
    frames: Vec<Frame>,
    /// Brackets around the cursor that have been closed behind it, the innermost first.
    closed: Vec<Frame>,
    last: Option<(Token, Range<usize>)>,
    captured: Option<Captured>,
}

impl Reading<'_> {
    fn run(&mut self, start: usize, limit: usize) {
        let mut at = start;
        loop {
            let next = self.token(at, limit);
            let place = next.as_ref().map_or(limit..limit, |(_, range)| range.clone());
            let is_reached = match &next {
                Some((Token::Word | Token::Quoted | Token::Comment, range)) => self.cursor <= range.end,
                Some((_, range)) => self.cursor <= range.start,
                None => true,
            };
            if self.captured.is_none() && is_reached {
                let here = next.as_ref().map(|(token, _)| *token);
                if !self.capture(here, &place) {
                    return;
                }
            }
            let Some((token, range)) = next else { return };
            at = range.end;
            self.take(token, &range);
            self.last = Some((token, range));
            if self.frames.is_empty() {
                return;
            }
        }
    }

    /// The next token from a place on.
    fn token(&self, from: usize, limit: usize) -> Option<(Token, Range<usize>)> {
        let rest = self.text.get(from..limit)?;
        let at = from + rest.len() - rest.trim_start().len();
        let rest = self.text.get(at..limit).filter(|rest| !rest.is_empty())?;
        let expects_value = self
            .frames
            .last()
            .is_some_and(|frame| frame.is_list || frame.in_value);
        let line = at + rest.find('\n').unwrap_or(rest.len());
        let one = |token| Some((token, at..at + 1));
        match rest.as_bytes()[0] {
            b'{' if rest.starts_with("{{") && expects_value => {
                let end = rest[..line - at].find("}}").map_or(line, |end| at + end + 2);
                Some((Token::Word, at..self.trimmed(at, end)))
            }
            b'{' | b'[' => one(Token::Open),
            b'}' | b']' => one(Token::Close),
            b',' => one(Token::Comma),
            b':' if self.is_colon(at) => one(Token::Colon),
            b'#' if self.text[..at].ends_with([' ', '\n']) => Some((Token::Comment, at..line)),
            quote @ (b'"' | b'\'') => {
                let end = quoted_end(self.text, at, char::from(quote)).filter(|end| *end <= limit);
                Some((Token::Quoted, at..end.unwrap_or(line)))
            }
            _ => Some((Token::Word, at..self.word_end(at, line))),
        }
    }

    fn word_end(&self, at: usize, line: usize) -> usize {
        let rest = &self.text[at..line];
        let end = rest
            .char_indices()
            .skip(1)
            .find(|(here, char)| match char {
                ',' | '}' | ']' | '{' | '[' => true,
                ':' => self.is_colon(at + here),
                '#' => rest[..*here].ends_with(' '),
                _ => false,
            })
            .map_or(line, |(here, _)| at + here);
        self.trimmed(at, end)
    }

    fn trimmed(&self, start: usize, end: usize) -> usize {
        start + self.text[start..end].trim_end().len()
    }

    fn is_colon(&self, at: usize) -> bool {
        let rest = self.text.get(at + 1..).unwrap_or_default();
        let after_quotes = self.text[..at].ends_with(['"', '\'']);
        after_quotes || rest.is_empty() || rest.starts_with([' ', '\n', '\r', ',', '}', ']'])
    }

    fn take(&mut self, token: Token, range: &Range<usize>) {
        match token {
            Token::Open => self.frames.push(Frame {
                is_list: self.text[range.start..].starts_with('['),
                ..Frame::default()
            }),
            Token::Close => {
                let depth = self.frames.len();
                let frame = self.frames.pop();
                // Brackets that have been opened behind the cursor are not around it.
                let next = self
                    .captured
                    .as_ref()
                    .map(|captured| captured.depth - self.closed.len());
                if next == Some(depth) {
                    self.closed.extend(frame);
                }
            }
            Token::Comma => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.in_value = false;
                    frame.index += 1;
                }
            }
            Token::Colon => {
                let key = self.last.clone();
                let value = self.value(range.end);
                if let (Some(frame), Some((Token::Word | Token::Quoted, span))) =
                    (self.frames.last_mut(), key)
                    && !frame.is_list
                    && !frame.in_value
                {
                    let name = self.text[span.clone()].trim_matches(['"', '\'']).to_owned();
                    frame.keys.push(Sibling { name, span, value });
                    frame.in_value = true;
                }
            }
            Token::Word | Token::Quoted | Token::Comment => {}
        }
    }

    /// The scalar behind a colon, as far as it is one.
    fn value(&self, from: usize) -> Range<usize> {
        let line = from + self.text[from..].find('\n').unwrap_or(self.text.len() - from);
        match self.token(from, line) {
            Some((Token::Word | Token::Quoted, range)) => range,
            _ => from..from,
        }
    }

    /// Notes what the cursor stands in: in or before the next token. `false` where that is nothing.
    fn capture(&mut self, next: Option<Token>, place: &Range<usize>) -> bool {
        let cursor = self.cursor;
        let Some(top) = self.frames.last() else {
            return false;
        };
        let mut is_key = !top.is_list && !top.in_value;
        let is_before = next.is_none() || cursor < place.start;
        let mut style = Style::Plain;
        let span = match (next, &self.last) {
            (Some(Token::Word), _) if !is_before => place.clone(),
            (Some(Token::Quoted), _) if !is_before => {
                let written = &self.text[place.clone()];
                let quote = if written.starts_with('"') { '"' } else { '\'' };
                let is_closed = quoted_end(written, 0, quote).is_some();
                if cursor == place.start || is_closed && cursor == place.end {
                    return false;
                }
                if is_key {
                    place.clone()
                } else {
                    style = if quote == '"' {
                        Style::Double
                    } else {
                        Style::Single
                    };
                    place.start + 1..place.end - usize::from(is_closed)
                }
            }
            (Some(Token::Comment), _) if !is_before => return false,
            // Behind a word and blanks, nothing new begins without a comma.
            (_, Some((Token::Word, word))) if !is_key => word.start..cursor,
            (_, Some((Token::Word, word))) => {
                is_key = true;
                word.clone()
            }
            (_, Some((Token::Close | Token::Quoted, _))) => return false,
            _ => cursor..cursor,
        };
        self.captured = Some(Captured {
            depth: self.frames.len(),
            entered: self
                .frames
                .iter()
                .map(|frame| {
                    if frame.is_list {
                        frame.index
                    } else {
                        frame.keys.len()
                    }
                })
                .collect(),
            is_key,
            span,
            style,
        });
        true
    }
}
