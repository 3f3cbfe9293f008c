//! The maps and lists around a line, found by indentation.

use super::lines::{Kind, Line, Opening};
use super::{Level, Segment, Sibling};

/// A level on the way, with what stands behind its `- ` or key.
pub(super) struct Around {
    pub(super) level: Level,
    pub(super) line: usize,
    pub(super) rest: std::ops::Range<usize>,
}

/// What an ancestor is looked for of.
enum Of {
    /// An entry of a map at this column.
    Map(usize, Vec<Sibling>),
    /// An element of a list at this column; how many stand before it.
    List(usize, usize),
}

/// Everything around an entry at a column, from the root inwards, and the keys before it in its own map.
pub(super) fn ancestors(
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
pub(super) fn add_later(
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
