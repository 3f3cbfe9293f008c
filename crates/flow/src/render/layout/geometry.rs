//! Points, boxes, connectors, and the pieces that a layout is put together from. Whole pixels; y grows downwards.

use super::card::Art;
use crate::graph::Edge;

/// A point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    pub(crate) x: i32,
    pub(crate) y: i32,
}

/// Shorthand for a [`Point`].
pub(crate) const fn at(x: i32, y: i32) -> Point {
    Point { x, y }
}

/// A box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rect {
    pub(crate) x: i32,
    pub(crate) y: i32,
    pub(crate) w: i32,
    pub(crate) h: i32,
}

impl Rect {
    pub(crate) const fn right(self) -> i32 {
        self.x + self.w
    }

    pub(crate) const fn bottom(self) -> i32 {
        self.y + self.h
    }

    pub(crate) const fn middle(self) -> i32 {
        self.y + self.h / 2
    }
}

/// A drawn box; its number is how connectors name it.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) number: usize,
    /// The number of the frame around it.
    pub(crate) parent: Option<usize>,
    pub(crate) rect: Rect,
    pub(crate) art: Art,
}

/// What a connector says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tone {
    /// An error took this way.
    Error,
    /// The ordinary way.
    Plain,
}

/// From a slot to the box after it; an arrowhead is between.
pub(super) const SLOT_BEFORE: i32 = 17;
/// The room that a slot needs at each side of its way.
pub(super) const SLOT_ROOM: i32 = 12;
/// From what is lowest to the line on which ways join.
pub(super) const JOIN: i32 = 14;

/// Where in a list of steps a step can be put.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The list's structural path.
    pub(crate) list: String,
    /// Before the step of this index, or at the end.
    pub(crate) index: usize,
}

/// A place for steps, shown at a point of a connector.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) place: Place,
    pub(crate) point: Point,
}

/// A connector from one box to another.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) points: Vec<Point>,
    pub(crate) tone: Tone,
    /// Which of the ways out of the step of its first box.
    pub(crate) way: Edge,
    /// Whether it ends in an arrowhead.
    pub(crate) head: bool,
}

/// A text on a connector.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub(crate) rect: Rect,
    pub(crate) text: String,
    /// Unshortened.
    pub(crate) full: String,
    pub(crate) tone: Tone,
    /// The box that the connector comes from, and which of its ways that is.
    pub(crate) of: (usize, Edge),
}

/// A connector that is not yet connected at its end. Its last point is its piece's exit, `(0, height)`.
#[derive(Clone, Debug)]
pub(crate) struct Exit {
    pub(crate) from: usize,
    pub(crate) points: Vec<Point>,
    pub(crate) tone: Tone,
    pub(crate) way: Edge,
}

impl Exit {
    /// Connects it; its last point lies on the box.
    pub(super) fn into_wire(self, to: usize, head: bool) -> Wire {
        Wire {
            from: self.from,
            to,
            points: self.points,
            tone: self.tone,
            way: self.way,
            head,
        }
    }
}

/// Where a piece is entered.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) node: usize,
    /// The height of the entry from above, on the axis.
    pub(crate) top: i32,
    /// The entry from the left, where nothing is in its way.
    pub(crate) side: Option<Point>,
    /// The place before its first step, which who leads a connector to it shows on that.
    pub(crate) place: Option<Place>,
}

/// A laid-out part of the flow. Its axis is `x = 0`: it is entered and left there.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) nodes: Vec<Node>,
    pub(crate) wires: Vec<Wire>,
    pub(crate) labels: Vec<Label>,
    pub(crate) slots: Vec<Slot>,
    /// How far it reaches to the left of its axis.
    pub(crate) left: i32,
    /// How far it reaches to the right.
    pub(crate) right: i32,
    /// Where what follows may begin.
    pub(crate) height: i32,
    /// The room wanted before what follows.
    pub(crate) gap: i32,
    /// Corners that reach down beside what follows: all from `x` on, down to `y`.
    pub(crate) overhangs: Vec<Point>,
    pub(crate) entry: Entry,
    pub(crate) exits: Vec<Exit>,
}

impl Piece {
    /// One box, not yet left.
    pub(super) fn new(node: Node, entry: Entry) -> Self {
        Self {
            left: -node.rect.x,
            right: node.rect.right(),
            height: node.rect.bottom(),
            nodes: vec![node],
            wires: Vec::new(),
            labels: Vec::new(),
            slots: Vec::new(),
            gap: 0,
            overhangs: Vec::new(),
            entry,
            exits: Vec::new(),
        }
    }

    /// Shows a place at a point.
    pub(super) fn slot(&mut self, place: Place, point: Point) {
        self.slots.push(Slot { place, point });
    }

    /// Shows the place before its first step at a point of the connector that leads to it.
    pub(super) fn enter_at(&mut self, point: Point) {
        if let Some(place) = self.entry.place.take() {
            self.slot(place, point);
        }
    }

    /// Shows the place before its first step on a connector from above on this axis.
    pub(super) fn enter_from_above(&mut self, x: i32) {
        self.enter_at(at(x, self.entry.top - SLOT_BEFORE));
    }

    /// Shows the place at the end of its list on the way out.
    pub(super) fn end_with(&mut self, place: Place) {
        if self.exits.is_empty() {
            return;
        }
        let y = self.height + self.gap - SLOT_BEFORE;
        self.slot(place, at(0, y));
        self.height = y + 4;
        self.extend_exits(&[at(0, self.height)]);
        // The next slot is another list's.
        self.gap = 2 * SLOT_BEFORE + 2;
    }

    pub(crate) fn shift(&mut self, dx: i32, dy: i32) {
        let shift = |point: &mut Point| *point = at(point.x + dx, point.y + dy);
        for node in &mut self.nodes {
            node.rect = Rect {
                x: node.rect.x + dx,
                y: node.rect.y + dy,
                ..node.rect
            };
        }
        for label in &mut self.labels {
            label.rect = Rect {
                x: label.rect.x + dx,
                y: label.rect.y + dy,
                ..label.rect
            };
        }
        self.wires
            .iter_mut()
            .flat_map(|wire| &mut wire.points)
            .for_each(shift);
        self.exits
            .iter_mut()
            .flat_map(|exit| &mut exit.points)
            .for_each(shift);
        self.overhangs.iter_mut().for_each(shift);
        self.slots.iter_mut().map(|slot| &mut slot.point).for_each(shift);
        self.entry.side.iter_mut().for_each(shift);
        self.entry.top += dy;
        self.height += dy;
        self.left -= dx;
        self.right += dx;
    }

    /// The lowest that it reaches.
    pub(crate) fn bottom(&self) -> i32 {
        self.overhangs
            .iter()
            .map(|corner| corner.y)
            .fold(self.height, i32::max)
    }

    /// Takes in the boxes, connectors, labels and slots of another piece, and gives back its exits.
    pub(crate) fn absorb(&mut self, other: Self) -> Vec<Exit> {
        self.nodes.extend(other.nodes);
        self.wires.extend(other.wires);
        self.labels.extend(other.labels);
        self.slots.extend(other.slots);
        other.exits
    }

    /// Says which way it is that leaves.
    pub(crate) fn leave_by(&mut self, way: &Edge) {
        for exit in &mut self.exits {
            exit.way = way.clone();
        }
    }

    /// Leads all exits on through these points, the last of which is the new exit.
    pub(crate) fn extend_exits(&mut self, points: &[Point]) {
        for exit in &mut self.exits {
            exit.points.extend(points);
        }
    }
}

/// Leaves out points that do not bend the line.
pub(crate) fn straighten(points: &[Point]) -> Vec<Point> {
    let mut line: Vec<Point> = Vec::with_capacity(points.len());
    for point in points {
        if line.last() == Some(point) {
            continue;
        }
        if let [.., a, b] = line.as_slice()
            && ((a.x == b.x && b.x == point.x) || (a.y == b.y && b.y == point.y))
        {
            line.pop();
        }
        line.push(*point);
    }
    line
}
