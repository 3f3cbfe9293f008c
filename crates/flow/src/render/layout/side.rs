//! What leaves a box at its right: error handlers, and the ways that end at once.

use super::blocks::{GAP_AFTER_JOIN, LABEL, SPACE, label, label_width};
use super::columns::{Columns, Stem, Way};
use super::geometry::{Exit, JOIN, Piece, Place, Point, SLOT_BEFORE, Tone, Wire, at};

/// Between rows.
const ROW: i32 = 22;
/// From the line that leads to a body down to the body, where it is entered from above.
const DROP: i32 = 26;
/// From the box to the line that goes down to the further rows.
const BUS: i32 = 16;
/// From the end of the longest label to the bodies; the slot is between.
const AFTER_LABEL: i32 = 32;

/// A way that leaves at the right.
pub(super) struct Side {
    pub(super) way: Way,
    pub(super) tone: Tone,
    /// Whether it comes back.
    pub(super) joins: bool,
}

/// Hangs ways on a piece's first box, at the right of the whole piece.
pub(super) fn with_sides(mut piece: Piece, mut sides: Vec<Side>) -> Piece {
    let Some(first) = piece.nodes.iter().find(|node| node.number == piece.entry.node) else {
        return piece;
    };
    // A frame is left at the height of its title.
    let y = piece.entry.side.map_or(first.rect.middle(), |side| side.y);
    let anchor = at(first.rect.right(), y);
    if sides.iter().filter(|side| side.joins).count() > 1 {
        in_columns(&mut piece, anchor, sides);
        return piece;
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
        .map(|side| label_width(&side.way.label))
        .max()
        .unwrap_or(0);
    let lane = if several { bus } else { start };
    let middle = lane + 12 + widest / 2;
    let edge = lane + 12 + widest + AFTER_LABEL;
    // A first body that reaches higher than the box it hangs on pushes the box down.
    let reach = sides
        .first()
        .and_then(|side| side.way.body.as_ref())
        .and_then(|body| body.entry.side);
    let push = reach.map_or(0, |side| (side.y - anchor.y).max(0));
    if push > 0 {
        piece.shift(0, push);
        anchor.y += push;
    }
    let mut bottom = anchor.y - ROW;
    let mut back: Vec<Exit> = Vec::new();
    let mut right = edge;
    for (index, Side { way, tone, .. }) in sides.into_iter().enumerate() {
        let lead = |y: i32| {
            if index == 0 {
                vec![anchor]
            } else {
                vec![anchor, at(bus, anchor.y), at(bus, y)]
            }
        };
        // The height of the line of what has no box at its end.
        let free = if index == 0 {
            anchor.y
        } else {
            bottom + ROW + LABEL / 2
        };
        let x = edge + way.body.as_ref().map_or(0, |body| body.left);
        // Entered from the left where that is free, else from above.
        let (y, top, end) = match way.body.as_ref().map(|body| body.entry.side) {
            Some(Some(entry)) => {
                let top = if index == 0 {
                    anchor.y - entry.y
                } else {
                    bottom + ROW
                };
                (top + entry.y, top, at(x + entry.x, top + entry.y))
            }
            Some(None) => (free, free + DROP, at(x, free)),
            None => (free, free, at(edge, free)),
        };
        piece
            .labels
            .push(label(&way.label, at(middle, y), tone, (from, way.edge.clone())));
        let slot = at(edge - SLOT_BEFORE, y);
        let mut points = lead(y);
        points.push(end);
        let Some(mut body) = way.body else {
            if let Some(list) = way.list {
                piece.slot(Place { list, index: 0 }, slot);
            }
            back.push(Exit {
                from,
                points,
                tone,
                way: way.edge,
            });
            bottom = y + LABEL / 2;
            continue;
        };
        body.shift(x, top);
        body.enter_at(slot);
        if body.entry.side.is_none() {
            points.push(at(x, body.entry.top));
        }
        piece.wires.push(Wire {
            from,
            to: body.entry.node,
            points,
            tone,
            way: way.edge,
            head: true,
        });
        bottom = body.bottom();
        right = right.max(body.right);
        back.extend(piece.absorb(body));
    }
    piece.right = piece.right.max(right);
    if back.is_empty() {
        piece.overhangs.push(at(start, bottom));
        return;
    }
    come_back(piece, bottom, back);
}

/// Two or more come back: side by side under one line, so that the ways back do not cross the ways out.
fn in_columns(piece: &mut Piece, anchor: Point, sides: Vec<Side>) {
    let tone = sides.first().map_or(Tone::Error, |side| side.tone);
    let columns = Columns::of(sides.into_iter().map(|side| side.way));
    let start = piece.right + SPACE;
    let (right, bottom) = (start + columns.right, columns.bottom(anchor.y));
    let stem = Stem {
        from: piece.entry.node,
        tone,
        y: anchor.y,
        lead: &|x| vec![anchor, at(x, anchor.y)],
    };
    let back = columns.shifted(start).hang(piece, &stem);
    piece.right = right;
    come_back(
        piece,
        bottom,
        back.into_iter().flat_map(|(_, exits)| exits).collect(),
    );
}

/// Leads ways back under all that there is, and joins them with what went straight on.
fn come_back(piece: &mut Piece, bottom: i32, mut back: Vec<Exit>) {
    let join = piece.bottom().max(bottom) + JOIN;
    for exit in &mut back {
        let x = exit.points.last().map_or(0, |point| point.x);
        exit.points.extend([at(x, join), at(0, join)]);
    }
    piece.extend_exits(&[at(0, join)]);
    piece.exits.extend(back);
    piece.height = join;
    piece.gap = GAP_AFTER_JOIN;
    piece.overhangs.clear();
}
