//! Ways side by side: how they are set, and how they hang on what they leave.

use super::blocks::{SPACE, label, label_width};
use super::geometry::{Exit, Piece, Place, Point, SLOT_BEFORE, SLOT_ROOM, Tone, Wire, at};
use crate::graph::Edge;

/// From the line that ways hang on down to the middle of their labels.
const TO_LABEL: i32 = 18;
/// From that line down to the slot of a way with nothing in it, under its label.
const TO_SLOT: i32 = 39;
/// From that line down to the boxes; label and slot are between.
pub(super) const DROP: i32 = TO_SLOT + SLOT_BEFORE;

/// A way out of a box.
pub(super) struct Way {
    pub(super) label: String,
    pub(super) edge: Edge,
    /// The path of its list of steps, where it has one.
    pub(super) list: Option<String>,
    /// `None` where it has no steps.
    pub(super) body: Option<Piece>,
}

/// A way with its place: `x` is its axis.
struct Column {
    way: Way,
    x: i32,
}

/// Ways side by side.
pub(super) struct Columns {
    side_by_side: Vec<Column>,
    pub(super) left: i32,
    pub(super) right: i32,
}

/// What ways hang on.
pub(super) struct Stem<'a> {
    /// The box that they leave.
    pub(super) from: usize,
    pub(super) tone: Tone,
    /// The height of the line that they hang on.
    pub(super) y: i32,
    /// How the way to an axis begins, up to that line.
    pub(super) lead: &'a dyn Fn(i32) -> Vec<Point>,
}

impl Columns {
    /// Sets ways side by side, the first one's left edge at 0.
    pub(super) fn of(ways: impl IntoIterator<Item = Way>) -> Self {
        let mut edge = 0;
        let mut columns = Vec::new();
        for way in ways {
            let least = (label_width(&way.label) / 2 + 4).max(SLOT_ROOM);
            let (left, right) = way.body.as_ref().map_or((least, least), |body| {
                (body.left.max(least), body.right.max(least))
            });
            columns.push(Column { way, x: edge + left });
            edge += left + right + SPACE;
        }
        Self {
            side_by_side: columns,
            left: 0,
            right: (edge - SPACE).max(0),
        }
    }

    /// Moves the axis of the whole to the middle column, or between the two middle ones.
    pub(super) fn centred(mut self) -> Self {
        let count = self.side_by_side.len();
        let axis_of = |index: usize| self.side_by_side.get(index).map_or(0, |column| column.x);
        let axis = if count % 2 == 1 {
            axis_of(count / 2)
        } else {
            i32::midpoint(axis_of((count / 2).max(1) - 1), axis_of(count / 2))
        };
        for column in &mut self.side_by_side {
            column.x -= axis;
        }
        Self {
            side_by_side: self.side_by_side,
            left: axis - self.left,
            right: self.right - axis,
        }
    }

    /// Moves all of them to the right.
    pub(super) fn shifted(mut self, dx: i32) -> Self {
        for column in &mut self.side_by_side {
            column.x += dx;
        }
        self
    }

    /// The first axis and the last.
    pub(super) fn ends(&self) -> (i32, i32) {
        let first = self.side_by_side.first().map_or(0, |column| column.x);
        let last = self.side_by_side.last().map_or(0, |column| column.x);
        (first, last)
    }

    /// The lowest that they reach where they hang on a line at `y`.
    pub(super) fn bottom(&self, y: i32) -> i32 {
        self.side_by_side
            .iter()
            .filter_map(|column| column.way.body.as_ref())
            .map(Piece::bottom)
            .fold(0, i32::max)
            + y
            + DROP
    }

    /// Hangs the ways on a box of a piece. Gives each way's axis and exits; the last point of an exit is on that axis.
    pub(super) fn hang(self, piece: &mut Piece, stem: &Stem<'_>) -> Vec<(i32, Vec<Exit>)> {
        let Stem { from, tone, y, lead } = *stem;
        let mut exits = Vec::with_capacity(self.side_by_side.len());
        for Column { way, x } in self.side_by_side {
            let Way {
                label: text,
                edge,
                list,
                body,
            } = way;
            piece
                .labels
                .push(label(&text, at(x, y + TO_LABEL), tone, (from, edge.clone())));
            let mut points = lead(x);
            let Some(mut body) = body else {
                if let Some(list) = list {
                    piece.slot(Place { list, index: 0 }, at(x, y + TO_SLOT));
                }
                exits.push((
                    x,
                    vec![Exit {
                        from,
                        points,
                        tone,
                        way: edge,
                    }],
                ));
                continue;
            };
            body.shift(x, y + DROP);
            body.enter_from_above(x);
            points.push(at(x, body.entry.top));
            piece.wires.push(Wire {
                from,
                to: body.entry.node,
                points,
                tone,
                way: edge,
                head: true,
            });
            exits.push((x, piece.absorb(body)));
        }
        exits
    }
}
