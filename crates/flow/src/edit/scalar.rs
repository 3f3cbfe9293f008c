//! Writes scalars: in the style of the one that stood there, in quotes where YAML would read something else.

use std::fmt::Write as _;

use serde_json::Value;

use super::tree::Style;
use crate::yaml::plain_value;

/// Where a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In lines; what goes on in further lines is indented by so much.
    Block(usize),
    /// In brackets.
    Flow,
}

/// A scalar: what stands on the line of its key or dash, and further lines with their indentation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) inline: String,
    pub(super) lines: Vec<String>,
}

impl From<String> for Written {
    fn from(inline: String) -> Self {
        Self {
            inline,
            lines: Vec::new(),
        }
    }
}

/// Longest line that a folded text is broken into.
const FOLD_AT: usize = 100;

/// Writes a scalar; `style` is the one of the scalar that it replaces.
pub(super) fn write(value: &Value, style: Option<Style>, place: Place) -> Written {
    let Value::String(text) = value else {
        return value.to_string().into();
    };
    if let Place::Block(indent) = place
        && text.contains('\n')
        && style.is_none_or(|style| matches!(style, Style::Literal | Style::Folded | Style::Plain))
        && let Some(lines) = block(text, style == Some(Style::Folded), indent)
    {
        return lines;
    }
    let style = style.filter(|style| !matches!(style, Style::Literal | Style::Folded));
    line(text, style, place == Place::Flow).into()
}

/// Writes a text in one line.
pub(super) fn line(text: &str, style: Option<Style>, flow: bool) -> String {
    let has_expression = text.contains("{{");
    match style {
        Some(Style::Plain) if is_plain(text, flow) => text.to_owned(),
        None if is_plain(text, flow) && !has_expression => text.to_owned(),
        Some(Style::Single) if is_printable(text) => single(text),
        Some(Style::Double) => double(text),
        _ if text.contains('"') && !text.contains('\'') && is_printable(text) => single(text),
        _ => double(text),
    }
}

/// Writes a key of a map; `style` is the one of the key that it replaces.
pub(super) fn key(text: &str, style: Option<Style>) -> String {
    match style {
        Some(Style::Single | Style::Double) => line(text, style, true),
        _ if is_plain(text, true) => text.to_owned(),
        _ => line(text, Some(Style::Double), true),
    }
}

/// Whether a text without quotes is read as itself.
fn is_plain(text: &str, flow: bool) -> bool {
    let (value, is_clear) = plain_value(text);
    if value != text || !is_clear || text == "<<" {
        return false;
    }
    let Some(first) = text.chars().next() else {
        return false;
    };
    let second = text.chars().nth(1);
    let leads = match first {
        '-' | '?' | ':' => second.is_some_and(char::is_alphanumeric),
        first => !first.is_whitespace() && !",[]{}#&*!|>'\"%@`".contains(first),
    };
    leads
        && !text.starts_with("---")
        && !text.starts_with("...")
        && !text.ends_with(char::is_whitespace)
        && !text.ends_with(':')
        && is_printable(text)
        && is_apart(text)
        && !(flow && (text.contains([',', '[', ']', '{', '}']) || has_loose_colon(text)))
}

/// Whether colons and number signs in a text stand where YAML does not see them.
fn is_apart(text: &str) -> bool {
    !text.contains(": ") && !text.contains(" #") && !text.contains('\t')
}

/// Whether a colon stands before something else than a letter, a digit or a slash: in brackets that may be a key's.
fn has_loose_colon(text: &str) -> bool {
    text.split(':')
        .skip(1)
        .any(|after| !after.starts_with(|c: char| c.is_alphanumeric() || c == '/'))
}

/// Whether a text can stand on one line as it is: no line ends, no control characters, nothing that YAML calls unprintable.
fn is_printable(text: &str) -> bool {
    !text.chars().any(needs_escape)
}

fn needs_escape(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{200b}'
                ..='\u{200f}'
        )
}

fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn double(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0' => out.push_str("\\0"),
            character if !needs_escape(character) => out.push(character),
            character => {
                let code = u32::from(character);
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push('"');
    out
}

/// A text of several lines as a block, `|` or `>`; `None` where a block cannot hold it.
fn block(text: &str, folded: bool, indent: usize) -> Option<Written> {
    let content = text.trim_end_matches('\n');
    let ends = text.len() - content.len();
    let is_fit = |line: &str| {
        let blank = !line.is_empty() && line.trim_matches([' ', '\t']).is_empty();
        !blank && !line.chars().any(|c| needs_escape(c) && c != '\t')
    };
    // Of more than one line end at the end, `|+` would take the empty lines behind it too.
    if ends > 1
        || content.is_empty()
        || content.starts_with([' ', '\t', '\n'])
        || !content.split('\n').all(is_fit)
    {
        return None;
    }
    let chomping = if ends == 0 { "-" } else { "" };
    let foldable = folded && !content.split('\n').any(|line| line.starts_with([' ', '\t']));
    let lines: Vec<String> = if foldable {
        fold(content)
    } else {
        content.split('\n').map(str::to_owned).collect()
    };
    Some(Written {
        inline: format!("{}{chomping}", if foldable { '>' } else { '|' }),
        lines: lines
            .into_iter()
            .map(|line| {
                if line.is_empty() {
                    line
                } else {
                    format!("{:indent$}{line}", "")
                }
            })
            .collect(),
    })
}

/// The lines of a folded text: a line end is an empty line, a long line goes on below.
fn fold(content: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (nth, paragraph) in content.split('\n').enumerate() {
        if nth > 0 {
            lines.push(String::new());
        }
        if paragraph.is_empty() {
            // Its own line end is the empty line that stands already.
            continue;
        }
        let mut line = String::new();
        for word in paragraph.split(' ') {
            // A line that begins with a blank is not folded, so a break never stands beside a second blank.
            let breaks = line.len() + word.len() > FOLD_AT
                && !word.is_empty()
                && !line.is_empty()
                && !line.ends_with(' ');
            if breaks {
                lines.push(std::mem::take(&mut line));
            } else if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}
