//! Choices and parallels: ways that part under a box, and join.

use super::super::outline::{Arm, Block, Card, Kind, Shape, goes_on};
use super::blocks::{GAP, GAP_AFTER_JOIN, LABEL, Layouter, SPACE, label, label_width, stack};
use super::card::{self, Form, Sized};
use super::columns::{Columns, Stem, Way};
use super::geometry::{Entry, Exit, JOIN, Node, Piece, Place, Rect, SLOT_BEFORE, SLOT_ROOM, Tone, at};
use super::side::{Side, with_sides};
use crate::graph::Edge;

/// From a decision down to the line on which its ways part.
const PART: i32 = 18;
/// From the lowest box down to the bar at which the branches of a parallel join.
const TO_BAR: i32 = 20;

impl Layouter<'_> {
    fn way(&mut self, arm: &Arm) -> Way {
        Way {
            label: arm.label.clone(),
            edge: arm.way.clone(),
            list: arm.list.clone(),
            body: self.sequence(&arm.body, arm.list.as_deref()),
        }
    }

    /// A decision with its ways: a guard, a detour, or side by side.
    pub(super) fn choice(&mut self, card: &Card, arms: &[Arm]) -> Piece {
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
        let side = Side {
            way: self.way(ending),
            tone: Tone::Plain,
            joins: false,
        };
        let mut piece = with_sides(decision, vec![side]);
        let middle = at(0, piece.height + 8 + LABEL / 2);
        let of = (piece.entry.node, other.way.clone());
        piece.labels.push(label(&other.label, middle, Tone::Plain, of));
        piece.height = middle.y + LABEL / 2;
        piece.gap = GAP_AFTER_JOIN;
        piece.extend_exits(&[at(0, piece.height)]);
        piece.leave_by(&other.way);
        let Way { list, body, .. } = self.way(other);
        match (body, list) {
            (Some(body), _) => stack(piece, body),
            (None, Some(list)) => {
                piece.end_with(Place { list, index: 0 });
                piece
            }
            (None, None) => piece,
        }
    }

    /// One way has nothing in it: it passes the other on the left.
    fn detour(&mut self, card: &Card, through: &Arm, past: &Arm) -> Piece {
        let mut decision = self.single(card::step(card));
        let Some(body) = self.way(through).body else {
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
        if let Some(list) = past.list.clone() {
            decision.slot(
                Place { list, index: 0 },
                at(rail, decision.height + GAP_AFTER_JOIN - SLOT_BEFORE),
            );
        }
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
        piece.left = piece.left.max(SLOT_ROOM - rail);
        piece.height = join;
        piece.gap = GAP_AFTER_JOIN;
        piece.overhangs.clear();
        piece.entry.side = None;
        piece
    }

    /// Ways side by side under a decision.
    pub(super) fn fan(&mut self, card: &Card, arms: &[Arm]) -> Piece {
        let mut piece = self.single(card::step(card));
        if arms.is_empty() {
            return piece;
        }
        let (from, bottom) = (piece.entry.node, piece.height);
        let columns = Columns::of(arms.iter().map(|arm| self.way(arm))).centred();
        let part = bottom + PART;
        let lowest = columns.bottom(part);
        let join = lowest + JOIN;
        piece.left = piece.left.max(columns.left);
        piece.right = piece.right.max(columns.right);
        piece.exits.clear();
        let stem = Stem {
            from,
            tone: Tone::Plain,
            y: part,
            lead: &|x| vec![at(0, bottom), at(0, part), at(x, part)],
        };
        for (x, exits) in columns.hang(&mut piece, &stem) {
            for mut exit in exits {
                exit.points.extend([at(x, join), at(0, join)]);
                piece.exits.push(exit);
            }
        }
        piece.height = if piece.exits.is_empty() { lowest } else { join };
        piece.gap = GAP_AFTER_JOIN;
        piece
    }

    /// Ways between two bars.
    pub(super) fn parallel(&mut self, card: &Card, arms: &[Arm]) -> Piece {
        let Sized { art, w, h } = card::fork(card);
        let columns = Columns::of(arms.iter().map(|arm| self.way(arm))).centred();
        let (first, last) = columns.ends();
        let (bar_left, bar_right) = ((36 - first).max(w / 2), (last + 36).max(w / 2));
        let bar = |y: i32, h: i32| Rect {
            x: -bar_left,
            y,
            w: bar_left + bar_right,
            h,
        };
        let lowest = columns.bottom(h);
        let below = lowest + TO_BAR;
        let fork = self.node(bar(0, h), art);
        let key = format!("join:{}", card.path);
        let join = self.node(bar(below, 8), card::mark(Form::Join, Kind::Parallel, &key, ""));
        let from = fork.number;
        let mut piece = Piece {
            left: columns.left.max(bar_left),
            right: columns.right.max(bar_right),
            height: lowest,
            gap: GAP,
            ..Piece::new(
                fork,
                Entry {
                    node: from,
                    top: 0,
                    side: Some(at(-bar_left, h / 2)),
                    place: None,
                },
            )
        };
        let stem = Stem {
            from,
            tone: Tone::Plain,
            y: h,
            lead: &|x| vec![at(x, h)],
        };
        let mut joins = arms.is_empty();
        let mut ends = false;
        for (x, exits) in columns.hang(&mut piece, &stem) {
            joins |= !exits.is_empty();
            ends |= exits.is_empty();
            for mut exit in exits {
                exit.points.push(at(x, below));
                piece.wires.push(exit.into_wire(join.number, true));
            }
        }
        if joins {
            let Node { number, rect, .. } = join;
            piece.height = rect.bottom();
            piece.nodes.push(join);
            // A branch that ends the run ends it for all.
            if !ends {
                piece.exits.push(Exit {
                    from: number,
                    points: vec![at(0, rect.bottom())],
                    tone: Tone::Plain,
                    way: Edge::Next,
                });
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
