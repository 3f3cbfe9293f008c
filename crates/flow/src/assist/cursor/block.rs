//! Finds the keys around a cursor by indentation.

use super::around::{Around, add_later, ancestors};
use super::inline;
use super::lines::{Kind, Line, Opening, comment, lines};
use super::scalar::{Scalar, Style, written};
use super::{Level, Segment, Spot};

/// The levels from the root to the cursor, and what it stands in.
pub(super) fn find(text: &str, cursor: usize) -> (Vec<Level>, Spot) {
    let lines = lines(text);
    let number = lines
        .partition_point(|line| line.start <= cursor)
        .saturating_sub(1);
    let Some(line) = lines.get(number).copied() else {
        return (Vec::new(), Spot::Nothing);
    };
    if line.text.trim_start().starts_with('#') && cursor > line.start + line.indent() {
        return (Vec::new(), Spot::Nothing);
    }
    let openings = line.openings();
    let own = own_spot(line, &openings, cursor);
    let before = &openings[..own.before.min(openings.len())];
    let (mut around, innermost) = ancestors(&lines, number, before, own.column);
    let keys = add_later(&lines, number, &mut around, own.column, innermost);
    if let Some(found) = inside_value(text, &lines, &around, number, cursor) {
        return found;
    }
    let mut levels: Vec<Level> = around.into_iter().map(|around| around.level).collect();
    let spot = match own.found {
        Found::Key { span, has_colon } => {
            let is_element = own.before > 0
                && matches!(openings.get(own.before - 1), Some(opening) if opening.kind == Kind::Item);
            Spot::Key {
                keys: keys.into_iter().filter(|key| key.span != span).collect(),
                span,
                has_colon,
                is_element,
                is_inline: false,
                column: own.column,
            }
        }
        Found::Value => match openings.last() {
            Some(opening) => {
                if let Kind::Key { name, .. } = &opening.kind {
                    levels.push(Level {
                        segment: Segment::Key(name.clone()),
                        keys,
                        column: opening.column,
                    });
                }
                let column = opening.column;
                let limit = limit_of(&lines, number, column);
                let end = match &opening.kind {
                    Kind::Key { span, .. } => span.end,
                    Kind::Item => line.start + column,
                };
                return value_spot(text, levels, (opening.rest.clone(), end), (cursor, limit), column);
            }
            None => Spot::Nothing,
        },
        Found::Nothing => Spot::Nothing,
    };
    (levels, spot)
}

/// What a cursor stands in on its own line.
enum Found {
    Key {
        span: std::ops::Range<usize>,
        has_colon: bool,
    },
    /// In the value of the last opening.
    Value,
    Nothing,
}

struct Own {
    found: Found,
    /// Where the key, or the value's owner, stands.
    column: usize,
    /// How many of the line's openings are around it.
    before: usize,
}

fn own_spot(line: Line<'_>, openings: &[Opening], cursor: usize) -> Own {
    let nothing = |column, before| Own {
        found: Found::Nothing,
        column,
        before,
    };
    let at = cursor - line.start;
    if line.text.trim().is_empty() {
        return Own {
            found: Found::Key {
                span: cursor..cursor,
                has_colon: false,
            },
            column: at,
            before: 0,
        };
    }
    if at < line.indent() {
        return nothing(line.indent(), 0);
    }
    for (index, opening) in openings.iter().enumerate() {
        let next = openings.get(index + 1);
        match &opening.kind {
            Kind::Item => {
                if let Some(next) = next {
                    if at < next.column {
                        return nothing(opening.column, index);
                    }
                    continue;
                }
                if at < opening.column + 2 {
                    return nothing(opening.column, index);
                }
                return lone(line, opening.rest.clone(), cursor, index + 1);
            }
            Kind::Key { span, .. } => {
                if cursor <= span.end {
                    return Own {
                        found: Found::Key {
                            span: span.clone(),
                            has_colon: true,
                        },
                        column: opening.column,
                        before: index,
                    };
                }
                return Own {
                    found: Found::Value,
                    column: opening.column,
                    before: index,
                };
            }
        }
    }
    lone(line, line.value(line.indent()), cursor, 0)
}

/// A word without a colon: a key that is begun, or an element of a list.
fn lone(line: Line<'_>, rest: std::ops::Range<usize>, cursor: usize, before: usize) -> Own {
    let start = if rest.is_empty() { cursor } else { rest.start };
    let column = start - line.start;
    let text = &line.text[column.min(line.text.len())..];
    let is_word = !text.starts_with(['"', '\'', '{', '[', '|', '>', '&', '*', '!']);
    let after = cursor > rest.end.max(start);
    let found = if !is_word || text.contains("{{") {
        Found::Value
    } else if after && comment(text).is_some() {
        Found::Nothing
    } else {
        Found::Key {
            span: start..rest.end.max(start),
            has_colon: false,
        }
    };
    Own {
        found,
        column,
        before,
    }
}

/// Where the lines that belong to a key at a column end: before the next line that stands no deeper.
fn limit_of(lines: &[Line<'_>], number: usize, column: usize) -> usize {
    let mut end = lines[number].end();
    for line in &lines[number + 1..] {
        if line.text.trim().is_empty() {
            continue;
        }
        if line.indent() <= column {
            break;
        }
        end = line.end();
    }
    end
}

/// Where a value that an ancestor has on its own line reaches over the cursor: a block, brackets, a text of several lines.
fn inside_value(
    text: &str,
    lines: &[Line<'_>],
    around: &[Around],
    number: usize,
    cursor: usize,
) -> Option<(Vec<Level>, Spot)> {
    for (index, around_it) in around.iter().enumerate() {
        let rest = text.get(around_it.rest.clone()).unwrap_or_default();
        if around_it.line == number || rest.is_empty() || rest.starts_with(['&', '!', '*', '#']) {
            continue;
        }
        let levels = || {
            around[..=index]
                .iter()
                .map(|around| around.level.clone())
                .collect::<Vec<_>>()
        };
        let column = around_it.level.column;
        let limit = limit_of(lines, around_it.line, column).max(cursor);
        if rest.starts_with(['|', '>']) {
            let start = lines.get(around_it.line + 1).map_or(limit, |line| line.start);
            let scalar = Scalar {
                span: start..limit,
                style: Style::Block,
            };
            let spot = Spot::Value {
                scalar,
                lacks_space: false,
                is_inline: false,
            };
            return Some((levels(), spot));
        }
        if lines[number].text.trim().is_empty() && !rest.starts_with(['{', '[', '"', '\'']) {
            return Some((levels(), Spot::Nothing));
        }
        let end = around_it.rest.start;
        return Some(value_spot(
            text,
            levels(),
            (around_it.rest.start..limit, end),
            (cursor, limit),
            column,
        ));
    }
    None
}

/// A value that begins with what stands behind its key. `owner`: where the key ends.
fn value_spot(
    text: &str,
    levels: Vec<Level>,
    (rest, owner): (std::ops::Range<usize>, usize),
    (cursor, limit): (usize, usize),
    column: usize,
) -> (Vec<Level>, Spot) {
    let written_text = text.get(rest.clone()).unwrap_or_default();
    let value = |scalar, lacks_space| Spot::Value {
        scalar,
        lacks_space,
        is_inline: false,
    };
    if written_text.is_empty() {
        let line = text[..cursor].rfind('\n').map_or(0, |at| at + 1);
        let is_comment = text
            .get(owner.max(line)..cursor)
            .is_some_and(|before| before.contains('#'));
        let scalar = Scalar {
            span: cursor..cursor,
            style: Style::Plain,
        };
        let lacks_space = text[..cursor].ends_with(':');
        let spot = if is_comment {
            Spot::Nothing
        } else {
            value(scalar, lacks_space)
        };
        return (levels, spot);
    }
    if cursor < rest.start {
        let scalar = Scalar {
            span: rest.clone(),
            style: Style::Plain,
        };
        let is_plain = !written_text.starts_with(['"', '\'', '{', '[', '|', '>', '&', '*', '!']);
        let spot = if is_plain && cursor > owner {
            value(scalar, text[..cursor].ends_with(':'))
        } else {
            Spot::Nothing
        };
        return (levels, spot);
    }
    let is_template = written_text.starts_with("{{");
    match written_text.as_bytes().first() {
        Some(b'{' | b'[') if !is_template => inline::find(text, levels, rest.start, cursor, column),
        Some(b'|' | b'>' | b'&' | b'*' | b'!') => (levels, Spot::Nothing),
        Some(b'"' | b'\'') => {
            let scalar = written(text, rest.start, limit, cursor);
            let spot = scalar.map_or(Spot::Nothing, |scalar| value(scalar, false));
            (levels, spot)
        }
        _ => {
            if cursor > rest.end
                && text
                    .get(rest.end..cursor)
                    .is_some_and(|after| after.contains('#'))
            {
                return (levels, Spot::Nothing);
            }
            let scalar = Scalar {
                span: rest.start..rest.end.max(cursor),
                style: Style::Plain,
            };
            (levels, value(scalar, false))
        }
    }
}
