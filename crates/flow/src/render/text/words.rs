//! Measures and breaks text by the columns of a terminal, and says what stands in a box.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::super::layout::{Art, Form};
use super::super::outline::Kind;

/// The columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// A text on one line, without characters that would steer a terminal or cannot be seen.
pub(super) fn shown(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_whitespace() { ' ' } else { character })
        .map(|character| {
            if is_steering(character) {
                '\u{fffd}'
            } else {
                character
            }
        })
        .collect()
}

/// Control characters, and those that turn the direction of what follows (Unicode UAX #9).
fn is_steering(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text, or as much of its beginning as fits with an ellipsis.
pub(super) fn shorten(text: &str, limit: usize) -> String {
    let text = shown(text);
    if width(&text) <= limit {
        return text;
    }
    let end = fitting(&text, limit.saturating_sub(1));
    format!("{}…", text[..end].trim_end())
}

/// Where the longest beginning ends that fits, in bytes.
fn fitting(text: &str, limit: usize) -> usize {
    let mut taken = 0;
    for (index, character) in text.char_indices() {
        taken += character.width().unwrap_or(0);
        if taken > limit {
            return index;
        }
    }
    text.len()
}

/// Breaks a text into at most `lines` lines that fit, between words where it can; the last is shortened.
pub(super) fn wrap(text: &str, limit: usize, lines: usize) -> Vec<String> {
    let text = shown(text);
    let mut done = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if done.len() + 1 == lines || width(rest) <= limit {
            done.push(shorten(rest, limit));
            break;
        }
        let cut = cut(rest, limit);
        done.push(rest[..cut].trim_end().to_owned());
        rest = rest[cut..].trim_start();
    }
    done
}

/// Where the first line of a text that does not fit ends, in bytes; at least one character.
fn cut(text: &str, limit: usize) -> usize {
    let first = text.chars().next().map_or(0, char::len_utf8);
    let end = fitting(text, limit).max(first);
    if text[end..].starts_with(' ') {
        return end;
    }
    // After a space, or after a mark inside a long word, if that leaves a good part of the line filled.
    let after = |at: Option<usize>| at.map(|at| at + 1).filter(|at| at * 3 >= end);
    after(text[..end].rfind(' '))
        .or_else(|| after(text[..end].rfind(['.', '/', '_', '-', ','])))
        .unwrap_or(end)
}

/// What stands in a box of so many columns between its borders.
pub(super) fn lines(art: &Art, limit: usize) -> Vec<String> {
    let card = &art.card;
    let mut lines = Vec::new();
    match art.form {
        Form::Join => return lines,
        Form::End => return vec![shorten(&card.title, limit)],
        Form::Fork => {
            let said = [Some(card.title.as_str()), card.subtitle.as_deref()];
            let said = said.into_iter().flatten().collect::<Vec<_>>().join(" · ");
            lines.push(shorten(&format!("{} {said}", symbol(card.kind)), limit));
        }
        _ => {
            lines = wrap(&format!("{} {}", symbol(card.kind), card.title), limit, 2);
            if let Some(subtitle) = &card.subtitle {
                let decides = matches!(card.kind, Kind::Decision | Kind::Switch);
                lines.extend(wrap(subtitle, limit, if decides { 4 } else { 3 }));
            }
        }
    }
    let marks = card.marks.join(" · ");
    lines.extend(wrap(&marks, limit, 2));
    let column = art.fields.iter().map(|(name, ..)| width(name)).max().unwrap_or(0);
    for (name, description, _) in &art.fields {
        let name = shown(name);
        let padding = " ".repeat((column + 2).saturating_sub(width(&name)));
        lines.push(shorten(format!("{name}{padding}{description}").trim_end(), limit));
    }
    lines
}

/// A character for a kind: one column wide, and none that a terminal might show as a picture.
const fn symbol(kind: Kind) -> char {
    match kind {
        Kind::Trigger => '»',
        Kind::Action => '•',
        Kind::Decision | Kind::Switch => '◇',
        Kind::Parallel => '∥',
        Kind::Loop => '↻',
        Kind::Set => '=',
        Kind::Wait => '…',
        Kind::Call => '→',
        Kind::Respond => '←',
        Kind::Redirect => '↱',
        Kind::Return => '✓',
        Kind::Fail => '✗',
        Kind::Invalid => '!',
    }
}
