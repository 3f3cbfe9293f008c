//! What leaves a box at its right: error handlers, and the ways that end at once.

use super::blocks::{GAP_AFTER_JOIN, LABEL, SPACE, label, label_width};
use super::columns::{Column, side_by_side};
use super::geometry::{Exit, Piece, Point, Tone, Wire, at};
use crate::graph::Edge;

/// Between rows.
const ROW: i32 = 22;
/// From the line that leads to a body down to the body, where it is entered from above.
const DROP: i32 = 26;
/// From the lowest box to the line on which ways join.
const JOIN: i32 = 20;
/// From the box to the line that goes down to the further rows.
const BUS: i32 = 16;

/// A way that leaves at the right.
pub(crate) struct Side {
    pub(crate) label: String,
    pub(crate) way: Edge,
    pub(crate) tone: Tone,
    /// Whether it comes back.
    pub(crate) joins: bool,
    /// `None` for nothing: it comes back at once.
    pub(crate) body: Option<Piece>,
}

/// Hangs ways on a piece's first box, at the right of the whole piece.
pub(crate) fn with_sides(mut piece: Piece, mut sides: Vec<Side>) -> Piece {
    let Some(first) = piece.nodes.iter().find(|node| node.number == piece.entry.node) else {
        return piece;
    };
    // A frame is left at the height of its title.
    let y = piece.entry.side.map_or(first.rect.middle(), |side| side.y);
    let anchor = at(first.rect.right(), y);
    if sides.iter().filter(|side| side.joins).count() > 1 {
        return in_columns(piece, anchor, sides);
    }
    // The one that comes back stands last, so that its way back crosses nothing.
    sides.sort_by_key(|side| side.joins);
    in_rows(&mut piece, anchor, sides);
    piece
}

fn in_rows(piece: &mut Piece, mut anchor: Point, sides: Vec<Side>) {
    let from = piece.entry.node;
    let start = piece.right;
    let several = sides.len() > 1;
    let bus = start + BUS;
    let widest = sides
        .iter()
        .map(|side| label_width(&side.label))
        .max()
        .unwrap_or(0);
    let lane = if several { bus } else { start };
    let edge = lane + widest + 32;
    // A first body that reaches higher than the box it hangs on pushes the box down.
    let reach = sides
        .first()
        .and_then(|side| side.body.as_ref())
        .and_then(|body| body.entry.side);
    let push = reach.map_or(0, |side| (side.y - anchor.y).max(0));
    if push > 0 {
        piece.shift(0, push);
        anchor.y += push;
    }
    let middle = lane + (edge - 8 - lane) / 2;
    let mut bottom = anchor.y - ROW;
    let mut back: Vec<Exit> = Vec::new();
    let mut right = edge;
    for (index, side) in sides.into_iter().enumerate() {
        let lead = |y: i32| {
            if index == 0 {
                vec![anchor]
            } else {
                vec![anchor, at(bus, anchor.y), at(bus, y)]
            }
        };
        let Some(mut body) = side.body else {
            let y = if index == 0 {
                anchor.y
            } else {
                bottom + ROW + LABEL / 2
            };
            piece.labels.push(label(
                &side.label,
                at(middle, y),
                side.tone,
                (from, side.way.clone()),
            ));
            let mut points = lead(y);
            points.push(at(edge, y));
            back.push(Exit {
                from,
                points,
                tone: side.tone,
                way: side.way,
            });
            bottom = y + LABEL / 2;
            continue;
        };
        let x = edge + body.left;
        // Entered from the left where that is free, else from above.
        let (y, top, end) = if let Some(entry) = body.entry.side {
            let top = if index == 0 {
                anchor.y - entry.y
            } else {
                bottom + ROW
            };
            (top + entry.y, top, at(x + entry.x, top + entry.y))
        } else {
            let y = if index == 0 {
                anchor.y
            } else {
                bottom + ROW + LABEL / 2
            };
            (y, y + DROP, at(x, y))
        };
        body.shift(x, top);
        piece.labels.push(label(
            &side.label,
            at(middle, y),
            side.tone,
            (from, side.way.clone()),
        ));
        let mut points = lead(y);
        points.push(end);
        if body.entry.side.is_none() {
            points.push(at(x, body.entry.top));
        }
        piece.wires.push(Wire {
            from,
            to: body.entry.node,
            points,
            tone: side.tone,
            way: side.way,
            head: true,
        });
        bottom = body.bottom();
        right = right.max(body.right);
        let exits = piece.absorb(body);
        back.extend(exits);
    }
    piece.right = piece.right.max(right);
    if back.is_empty() {
        piece.overhangs.push(at(start, bottom));
        return;
    }
    let join = piece.bottom().max(bottom) + JOIN;
    for exit in &mut back {
        let x = exit.points.last().map_or(0, |point| point.x);
        exit.points.extend([at(x, join), at(0, join)]);
    }
    close(piece, join, back);
}

/// Two or more come back: side by side under one line, so that the ways back do not cross the ways out.
fn in_columns(mut piece: Piece, anchor: Point, sides: Vec<Side>) -> Piece {
    let from = piece.entry.node;
    let tone = sides.first().map_or(Tone::Error, |side| side.tone);
    let columns = side_by_side(
        sides
            .into_iter()
            .map(|side| (side.label, side.way, side.body))
            .collect(),
    );
    let start = piece.right + SPACE;
    let top = anchor.y + DROP + LABEL;
    let mut bottom = top;
    let mut back: Vec<Exit> = Vec::new();
    for Column {
        label: text,
        way,
        x,
        body,
    } in columns.ways
    {
        let x = x + start;
        piece.labels.push(label(
            &text,
            at(x, anchor.y + DROP - 3),
            tone,
            (from, way.clone()),
        ));
        let mut points = vec![anchor, at(x, anchor.y)];
        let Some(mut body) = body else {
            points.push(at(x, top));
            back.push(Exit {
                from,
                points,
                tone,
                way,
            });
            continue;
        };
        body.shift(x, top);
        points.push(at(x, body.entry.top));
        piece.wires.push(Wire {
            from,
            to: body.entry.node,
            points,
            tone,
            way,
            head: true,
        });
        bottom = bottom.max(body.bottom());
        let exits = piece.absorb(body);
        back.extend(exits);
    }
    piece.right = start + columns.right;
    let join = piece.bottom().max(bottom) + JOIN;
    for exit in &mut back {
        let x = exit.points.last().map_or(0, |point| point.x);
        exit.points.extend([at(x, join), at(0, join)]);
    }
    close(&mut piece, join, back);
    piece
}

/// Joins what comes back with what went straight on.
fn close(piece: &mut Piece, join: i32, back: Vec<Exit>) {
    piece.extend_exits(&[at(0, join)]);
    piece.exits.extend(back);
    piece.height = join;
    piece.gap = GAP_AFTER_JOIN;
    piece.overhangs.clear();
}
