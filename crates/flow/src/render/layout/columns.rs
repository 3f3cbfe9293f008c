//! Choices and parallels: ways side by side that part and join.

use super::super::outline::{Arm, Block, Card, Kind, Shape, goes_on};
use super::blocks::{GAP, GAP_AFTER_JOIN, LABEL, Layouter, SPACE, label, label_width, stack};
use super::card::{self, Form, Sized};
use super::geometry::{Entry, Exit, Piece, Rect, Tone, Wire, at};
use super::side::{Side, with_sides};
use crate::graph::Edge;

/// From a decision down to the line on which its ways part.
const PART: i32 = 18;
/// From that line down to the boxes; the label is between.
const DROP: i32 = 44;
/// From the lowest box up to the line on which ways join.
const JOIN: i32 = 20;

/// A way with its place: `x` is its axis.
pub(crate) struct Column {
    pub(crate) label: String,
    pub(crate) way: Edge,
    pub(crate) x: i32,
    pub(crate) body: Option<Piece>,
}

/// Ways side by side.
pub(crate) struct Columns {
    pub(crate) ways: Vec<Column>,
    pub(crate) left: i32,
    pub(crate) right: i32,
}

/// Sets ways side by side, the first box's left edge at 0.
pub(crate) fn side_by_side(arms: Vec<(String, Edge, Option<Piece>)>) -> Columns {
    let mut edge = 0;
    let mut columns = Vec::with_capacity(arms.len());
    for (label, way, body) in arms {
        let least = label_width(&label) / 2 + 4;
        let (left, right) = body.as_ref().map_or((least, least), |body| {
            (body.left.max(least), body.right.max(least))
        });
        columns.push(Column {
            label,
            way,
            x: edge + left,
            body,
        });
        edge += left + right + SPACE;
    }
    Columns {
        ways: columns,
        left: 0,
        right: (edge - SPACE).max(0),
    }
}

impl Columns {
    /// Moves the axis of the whole to the middle column, or between the two middle ones.
    fn centred(mut self) -> Self {
        let count = self.ways.len();
        let axis_of = |index: usize| self.ways.get(index).map_or(0, |column| column.x);
        let axis = if count % 2 == 1 {
            axis_of(count / 2)
        } else {
            i32::midpoint(axis_of((count / 2).max(1) - 1), axis_of(count / 2))
        };
        for column in &mut self.ways {
            column.x -= axis;
        }
        Self {
            ways: self.ways,
            left: axis - self.left,
            right: self.right - axis,
        }
    }

    fn bottom(&self) -> i32 {
        self.ways
            .iter()
            .filter_map(|column| column.body.as_ref())
            .map(Piece::bottom)
            .max()
            .unwrap_or(0)
    }
}

impl Layouter<'_> {
    /// A decision with its ways: a guard, a detour, or side by side.
    pub(crate) fn choice(&mut self, card: &Card, arms: &[Arm]) -> Piece {
        if let [yes, no] = arms
            && goes_on(&yes.body) != goes_on(&no.body)
        {
            let (ending, other) = if goes_on(&yes.body) { (no, yes) } else { (yes, no) };
            if is_short(&ending.body) {
                return self.guard(card, ending, other);
            }
        }
        match arms {
            [detour, straight] | [straight, detour]
                if straight.body.is_empty() && !detour.body.is_empty() =>
            {
                self.detour(card, detour, straight)
            }
            _ => self.fan(card, arms),
        }
    }

    /// One way ends at once: it goes to the side, the other straight on.
    fn guard(&mut self, card: &Card, ending: &Arm, other: &Arm) -> Piece {
        let decision = self.single(card::step(card));
        let body = self.sequence(&ending.body);
        let side = Side {
            label: ending.label.clone(),
            way: ending.way.clone(),
            tone: Tone::Plain,
            joins: false,
            body,
        };
        let mut piece = with_sides(decision, vec![side]);
        let middle = at(0, piece.height + 8 + LABEL / 2);
        let of = (piece.entry.node, other.way.clone());
        piece.labels.push(label(&other.label, middle, Tone::Plain, of));
        piece.height = middle.y + LABEL / 2;
        piece.gap = GAP_AFTER_JOIN;
        piece.extend_exits(&[at(0, piece.height)]);
        piece.leave_by(&other.way);
        match self.sequence(&other.body) {
            Some(body) => stack(piece, body),
            None => piece,
        }
    }

    /// One way has nothing in it: it passes the other on the left.
    fn detour(&mut self, card: &Card, through: &Arm, past: &Arm) -> Piece {
        let mut decision = self.single(card::step(card));
        let Some(body) = self.sequence(&through.body) else {
            return decision;
        };
        let (from, half, bottom) = (decision.entry.node, decision.left, decision.height);
        let rail = -(body.left + SPACE).max(half + label_width(&past.label) + 28);
        let middle = at(i32::midpoint(rail, -half), bottom / 2);
        decision
            .labels
            .push(label(&past.label, middle, Tone::Plain, (from, past.way.clone())));
        let middle = at(0, bottom + 8 + LABEL / 2);
        decision.labels.push(label(
            &through.label,
            middle,
            Tone::Plain,
            (from, through.way.clone()),
        ));
        decision.height = middle.y + LABEL / 2;
        decision.gap = GAP_AFTER_JOIN;
        decision.extend_exits(&[at(0, decision.height)]);
        decision.leave_by(&through.way);
        let mut piece = stack(decision, body);
        let join = piece.bottom() + JOIN;
        piece
            .exits
            .iter_mut()
            .for_each(|exit| exit.points.push(at(0, join)));
        let points = vec![
            at(-half, bottom / 2),
            at(rail, bottom / 2),
            at(rail, join),
            at(0, join),
        ];
        piece.exits.push(Exit {
            from,
            points,
            tone: Tone::Plain,
            way: past.way.clone(),
        });
        piece.left = piece.left.max(6 - rail);
        piece.height = join;
        piece.gap = GAP_AFTER_JOIN;
        piece.overhangs.clear();
        piece.entry.side = None;
        piece
    }

    /// Ways side by side under a decision.
    pub(crate) fn fan(&mut self, card: &Card, arms: &[Arm]) -> Piece {
        let mut piece = self.single(card::step(card));
        if arms.is_empty() {
            return piece;
        }
        let (from, bottom) = (piece.entry.node, piece.height);
        let bodies = arms
            .iter()
            .map(|arm| (arm.label.clone(), arm.way.clone(), self.sequence(&arm.body)))
            .collect();
        let mut columns = side_by_side(bodies).centred();
        let part = bottom + PART;
        for body in columns.ways.iter_mut().filter_map(|column| column.body.as_mut()) {
            body.shift(0, part + DROP);
        }
        let join = columns.bottom().max(part + DROP) + JOIN;
        piece.left = piece.left.max(columns.left);
        piece.right = piece.right.max(columns.right);
        piece.exits.clear();
        for Column {
            label: text,
            way,
            x,
            body,
        } in columns.ways
        {
            piece.labels.push(label(
                &text,
                at(x, part + DROP / 2 - 4),
                Tone::Plain,
                (from, way.clone()),
            ));
            let mut points = vec![at(0, bottom), at(0, part), at(x, part)];
            match body {
                None => {
                    points.extend([at(x, join), at(0, join)]);
                    piece.exits.push(Exit {
                        from,
                        points,
                        tone: Tone::Plain,
                        way,
                    });
                }
                Some(mut body) => {
                    body.shift(x, 0);
                    points.push(at(x, body.entry.top));
                    let to = body.entry.node;
                    piece.wires.push(Wire {
                        from,
                        to,
                        points,
                        tone: Tone::Plain,
                        way,
                        head: true,
                    });
                    body.extend_exits(&[at(x, join), at(0, join)]);
                    let exits = piece.absorb(body);
                    piece.exits.extend(exits);
                }
            }
        }
        piece.height = if piece.exits.is_empty() { join - JOIN } else { join };
        piece.gap = GAP_AFTER_JOIN;
        piece
    }

    /// Ways between two bars.
    pub(crate) fn parallel(&mut self, card: &Card, arms: &[Arm]) -> Piece {
        let Sized { art, w, h } = card::fork(card);
        let bodies = arms
            .iter()
            .map(|arm| (arm.label.clone(), arm.way.clone(), self.sequence(&arm.body)))
            .collect();
        let mut columns = side_by_side(bodies).centred();
        let first = columns.ways.first().map_or(0, |column| -column.x);
        let last = columns.ways.last().map_or(0, |column| column.x);
        let (bar_left, bar_right) = ((first + 36).max(w / 2), (last + 36).max(w / 2));
        let bar = |y: i32, h: i32| Rect {
            x: -bar_left,
            y,
            w: bar_left + bar_right,
            h,
        };
        let fork = self.node(bar(0, h), art);
        let key = format!("join:{}", card.path);
        let join = self.node(bar(0, 8), card::mark(Form::Join, Kind::Parallel, &key, ""));
        let top = h + DROP;
        for body in columns.ways.iter_mut().filter_map(|column| column.body.as_mut()) {
            body.shift(0, top);
        }
        let below = columns.bottom().max(top) + GAP_AFTER_JOIN;
        let mut piece = Piece {
            entry: Entry {
                node: fork.number,
                top: 0,
                side: Some(at(-bar_left, h / 2)),
            },
            left: columns.left.max(bar_left),
            right: columns.right.max(bar_right),
            height: below - GAP_AFTER_JOIN,
            gap: GAP,
            overhangs: Vec::new(),
            exits: Vec::new(),
            nodes: Vec::new(),
            wires: Vec::new(),
            labels: Vec::new(),
        };
        let from = fork.number;
        piece.nodes.push(fork);
        let mut joins = arms.is_empty();
        let mut ends = false;
        for Column {
            label: text,
            way,
            x,
            body,
        } in columns.ways
        {
            piece.labels.push(label(
                &text,
                at(x, h + DROP / 2 - 4),
                Tone::Plain,
                (from, way.clone()),
            ));
            let mut exits = vec![Exit {
                from,
                points: vec![at(x, h)],
                tone: Tone::Plain,
                way: way.clone(),
            }];
            if let Some(mut body) = body {
                body.shift(x, 0);
                let (to, points) = (body.entry.node, vec![at(x, h), at(x, body.entry.top)]);
                piece.wires.push(Wire {
                    from,
                    to,
                    points,
                    tone: Tone::Plain,
                    way,
                    head: true,
                });
                exits = piece.absorb(body);
            }
            joins |= !exits.is_empty();
            ends |= exits.is_empty();
            for Exit {
                from,
                mut points,
                tone,
                way,
            } in exits
            {
                points.push(at(x, below));
                piece.wires.push(Wire {
                    from,
                    to: join.number,
                    points,
                    tone,
                    way,
                    head: true,
                });
            }
        }
        if joins {
            let exit = Exit {
                from: join.number,
                points: vec![at(0, below + join.rect.h)],
                tone: Tone::Plain,
                way: Edge::Next,
            };
            piece.height = below + join.rect.h;
            piece.nodes.push(super::geometry::Node {
                rect: Rect {
                    y: below,
                    ..join.rect
                },
                ..join
            });
            // A branch that ends the run ends it for all.
            if !ends {
                piece.exits.push(exit);
            }
        }
        piece
    }
}

/// Whether a way that ends is short enough to stand at the side.
fn is_short(blocks: &[Block]) -> bool {
    blocks.len() <= 3
        && blocks
            .iter()
            .all(|block| block.shape == Shape::Plain && block.handlers.is_empty())
}
