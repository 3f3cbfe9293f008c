//! Finds the keys around a cursor by indentation.

use super::inline;
use super::lines::{Kind, Line, Opening, comment, lines};
use super::scalar::{Scalar, Style, written};
use super::{Level, Segment, Sibling, Spot};

/// A level on the way, with what stands behind its `- ` or key.
struct Around {
    level: Level,
    line: usize,
    rest: std::ops::Range<usize>,
}

/// What an ancestor is looked for of.
enum Of {
    /// An entry of a map at this column.
    Map(usize, Vec<Sibling>),
    /// An element of a list at this column; how many stand before it.
    List(usize, usize),
}

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

/// Everything around an entry at a column, from the root inwards, and the keys before it in its own map.
fn ancestors(
    lines: &[Line<'_>],
    number: usize,
    before: &[Opening],
    column: usize,
) -> (Vec<Around>, Vec<Sibling>) {
    let mut around: Vec<Around> = Vec::new();
    let mut innermost: Option<Vec<Sibling>> = None;
    let mut of = Of::Map(column, Vec::new());
    let above = (0..number).rev().flat_map(|at| {
        let mut openings = lines[at].openings();
        openings.reverse();
        openings.into_iter().map(move |opening| (at, opening))
    });
    let own = before.iter().rev().map(|opening| (number, opening.clone()));
    for (at, opening) in own.chain(above) {
        let here = opening.column;
        match (&mut of, &opening.kind) {
            (Of::Map(column, keys), Kind::Key { name, span }) if here == *column => keys.push(Sibling {
                name: name.clone(),
                span: span.clone(),
                value: opening.rest.clone(),
            }),
            (Of::List(column, count), Kind::Item) if here == *column => *count += 1,
            (Of::Map(column, _), _) if here < *column => {
                take(&mut of, &mut innermost, &mut around);
                of = enter(&mut around, at, opening);
            }
            // A list may stand at the column of its key.
            (Of::List(column, _), Kind::Key { .. }) if here <= *column => {
                take(&mut of, &mut innermost, &mut around);
                of = enter(&mut around, at, opening);
            }
            (Of::List(column, _), Kind::Item) if here < *column => {
                take(&mut of, &mut innermost, &mut around);
                of = enter(&mut around, at, opening);
            }
            _ => {}
        }
    }
    take(&mut of, &mut innermost, &mut around);
    around.reverse();
    (around, innermost.unwrap_or_default())
}

/// Ends the map or list that was gone through: what was found in it belongs to the level inside, if there is one.
fn take(of: &mut Of, innermost: &mut Option<Vec<Sibling>>, around: &mut [Around]) {
    let (keys, count) = match of {
        Of::Map(_, keys) => {
            let mut keys = std::mem::take(keys);
            keys.reverse();
            (keys, None)
        }
        Of::List(_, count) => (Vec::new(), Some(*count)),
    };
    if innermost.is_none() {
        *innermost = Some(keys);
        return;
    }
    if let Some(inner) = around.last_mut() {
        match count {
            Some(count) => inner.level.segment = Segment::Index(count),
            None => inner.level.keys.splice(0..0, keys).for_each(drop),
        }
    }
}

/// Goes on with what an ancestor stands in.
fn enter(around: &mut Vec<Around>, line: usize, opening: Opening) -> Of {
    let column = opening.column;
    let (segment, keys, of) = match opening.kind {
        Kind::Item => (Segment::Index(0), Vec::new(), Of::List(column, 0)),
        Kind::Key { name, span } => {
            let own = Sibling {
                name: name.clone(),
                span,
                value: opening.rest.clone(),
            };
            (Segment::Key(name), vec![own], Of::Map(column, Vec::new()))
        }
    };
    around.push(Around {
        level: Level {
            segment,
            keys,
            column,
        },
        line,
        rest: opening.rest,
    });
    of
}

/// Adds the keys that come after the cursor to the maps around it; gives all keys of the innermost.
fn add_later(
    lines: &[Line<'_>],
    number: usize,
    around: &mut [Around],
    column: usize,
    mut innermost: Vec<Sibling>,
) -> Vec<Sibling> {
    // Open maps by column, the innermost last; `None` is the cursor's own.
    let mut open: Vec<(usize, Option<usize>)> = around
        .iter()
        .enumerate()
        .map(|(index, around)| (around.level.column, Some(index)))
        .chain([(column, None)])
        .collect();
    let own_line = lines[number].openings();
    let own = own_line
        .iter()
        .filter(|opening| opening.column == column)
        .cloned();
    let mut add = |opening: &Opening, target: Option<usize>, innermost: &mut Vec<Sibling>| {
        if let Kind::Key { name, span } = &opening.kind {
            let key = Sibling {
                name: name.clone(),
                span: span.clone(),
                value: opening.rest.clone(),
            };
            match target {
                None => innermost.push(key),
                Some(index) => {
                    let level = &mut around[index].level;
                    if matches!(level.segment, Segment::Key(_)) {
                        level.keys.push(key);
                    }
                }
            }
        }
    };
    for opening in own {
        add(&opening, None, &mut innermost);
    }
    for line in &lines[number + 1..] {
        let openings = line.openings();
        let Some(first) = openings.first() else { continue };
        while open.last().is_some_and(|(column, _)| *column > first.column) {
            open.pop();
        }
        // An element at the column of the cursor's own map begins another map.
        if first.kind == Kind::Item && open.last().is_some_and(|(_, target)| target.is_none()) {
            let is_list = open.last().is_some_and(|(column, _)| *column == first.column);
            if is_list && innermost.is_empty() {
                open.pop();
            }
        }
        match open.last() {
            None => break,
            Some((column, target)) if *column == first.column => add(first, *target, &mut innermost),
            Some(_) => {}
        }
    }
    innermost
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
