//! Lays blocks out from top to bottom, each on an axis of its own.
//!
//! Every function gives a [`Piece`] in its own coordinates; its caller shifts it to where it belongs. Boxes of
//! two pieces never meet, because a piece knows how far it reaches to all sides.

use std::collections::BTreeSet;

use super::super::outline::{Block, Shape, goes_on};
use super::card::{self, Art, Form, Sized};
use super::columns::Way;
use super::geometry::{Entry, Exit, JOIN, Label, Node, Piece, Place, Point, Rect, Tone, Wire, at};
use super::side::{Side, with_sides};
use super::text::{Font, shorten, width};
use crate::graph::Edge;

/// Between a box and the one under it.
pub(crate) const GAP: i32 = 34;
/// Between a point where ways join and the box under it.
pub(crate) const GAP_AFTER_JOIN: i32 = 30;
/// Between boxes side by side.
pub(crate) const SPACE: i32 = 30;
/// Around the inside of a frame.
const FRAME_PADDING: i32 = 24;
/// Height of the inside of a frame with nothing in it.
const EMPTY_FRAME: i32 = 48;
/// Height of a label.
pub(crate) const LABEL: i32 = 18;
/// Most of a label's text, in pixels.
const LABEL_TEXT: i32 = 130;

/// Numbers the boxes of one picture.
pub(crate) struct Layouter<'a> {
    next: usize,
    /// The keys of the boxes whose inside is left out.
    collapsed: &'a BTreeSet<String>,
}

impl<'a> Layouter<'a> {
    /// `collapsed` has the keys of the boxes whose inside is left out.
    pub(crate) const fn new(collapsed: &'a BTreeSet<String>) -> Self {
        Self { next: 0, collapsed }
    }

    /// Whether the inside of the box of this key is left out.
    pub(crate) fn is_collapsed(&self, key: &str) -> bool {
        self.collapsed.contains(key)
    }

    pub(crate) fn node(&mut self, rect: Rect, art: Art) -> Node {
        let number = self.next;
        self.next += 1;
        Node {
            number,
            parent: None,
            rect,
            art,
        }
    }

    /// One box, entered from above or from the left and left below.
    pub(crate) fn single(&mut self, sized: Sized) -> Piece {
        let Sized { art, w, h } = sized;
        let ends = art.form == Form::Pill;
        let node = self.node(
            Rect {
                x: -w / 2,
                y: 0,
                w,
                h,
            },
            art,
        );
        let number = node.number;
        let exit = Exit {
            from: number,
            points: vec![at(0, h)],
            tone: Tone::Plain,
            way: Edge::Next,
        };
        Piece {
            gap: GAP,
            exits: if ends { Vec::new() } else { vec![exit] },
            ..Piece::new(
                node,
                Entry {
                    node: number,
                    top: 0,
                    side: Some(at(-w / 2, h / 2)),
                    place: None,
                },
            )
        }
    }

    /// Blocks one under the other, as they stand in a list, with the slots between them; nothing for no blocks.
    pub(crate) fn rows(&mut self, blocks: &[Block], list: Option<&str>) -> Option<Piece> {
        let mut whole: Option<Piece> = None;
        for (position, block) in blocks.iter().enumerate() {
            let mut piece = self.block(block);
            piece.entry.place = list.map(|list| Place {
                list: list.to_owned(),
                index: block.index().unwrap_or(position),
            });
            whole = Some(match whole {
                Some(above) => stack(above, piece),
                None => piece,
            });
        }
        whole
    }

    /// The same with the slot at the list's end.
    pub(crate) fn sequence(&mut self, blocks: &[Block], list: Option<&str>) -> Option<Piece> {
        let mut piece = self.rows(blocks, list)?;
        if let Some(list) = list {
            piece.end_with(Place {
                list: list.to_owned(),
                index: end_of(blocks),
            });
        }
        Some(piece)
    }

    fn block(&mut self, block: &Block) -> Piece {
        let inside = if block.is_condition() { 0 } else { block.inside() };
        if inside > 0 && self.is_collapsed(&block.card.key) {
            let mut piece = self.single(card::collapsed(&block.card, inside));
            if !block.goes_on() {
                piece.exits.clear();
            }
            return piece;
        }
        let mut piece = self.open(block);
        // The first box is the step's own.
        if let Some(node) = piece.nodes.first_mut() {
            node.art.inside = inside;
        }
        piece
    }

    fn open(&mut self, block: &Block) -> Piece {
        let piece = match &block.shape {
            Shape::Plain => self.single(card::step(&block.card)),
            Shape::Choice(arms) if block.handlers.is_empty() => self.choice(&block.card, arms),
            Shape::Choice(arms) => self.fan(&block.card, arms),
            Shape::Parallel(arms) => self.parallel(&block.card, arms),
            Shape::Loop(body) => {
                let list = format!("{}/each/#/steps", block.card.path);
                self.frame(card::frame(&block.card, Form::Frame), body, &list)
            }
        };
        if block.handlers.is_empty() {
            return piece;
        }
        let sides = block
            .handlers
            .iter()
            .map(|handling| Side {
                way: Way {
                    label: handling.label.clone(),
                    edge: handling.way.clone(),
                    list: handling.list.clone(),
                    body: self.sequence(&handling.body, handling.list.as_deref()),
                },
                tone: Tone::Error,
                joins: goes_on(&handling.body),
            })
            .collect();
        with_sides(piece, sides)
    }

    /// A titled frame around the blocks of a list.
    pub(crate) fn frame(&mut self, sized: Sized, body: &[Block], list: &str) -> Piece {
        let Sized { art, w, h: strip } = sized;
        let inside = self.sequence(body, Some(list));
        let (left, right) = inside.as_ref().map_or((w / 2, w / 2), |inside| {
            let (left, right) = (inside.left + FRAME_PADDING, inside.right + FRAME_PADDING);
            // The title needs its room; what is missing is added on both sides.
            let missing = (w - left - right).max(0);
            (left + (missing + 1) / 2, right + (missing + 1) / 2)
        });
        let bottom = strip
            + inside.as_ref().map_or(EMPTY_FRAME, |inside| {
                // A slot has its own room under it.
                let is_slot_lowest = !inside.exits.is_empty() && inside.bottom() == inside.height;
                let under = if is_slot_lowest { JOIN } else { FRAME_PADDING };
                GAP_AFTER_JOIN + inside.bottom() + under
            });
        let node = self.node(
            Rect {
                x: -left,
                y: 0,
                w: left + right,
                h: bottom,
            },
            art,
        );
        let number = node.number;
        let mut piece = Piece {
            gap: GAP,
            exits: vec![Exit {
                from: number,
                points: vec![at(0, bottom)],
                tone: Tone::Plain,
                way: Edge::Next,
            }],
            ..Piece::new(
                node,
                Entry {
                    node: number,
                    top: 0,
                    side: Some(at(-left, strip / 2)),
                    place: None,
                },
            )
        };
        let way_in = |to: usize, y: i32, head: bool| Wire {
            from: number,
            to,
            points: vec![at(0, strip), at(0, y)],
            tone: Tone::Plain,
            way: Edge::Body,
            head,
        };
        let Some(mut inside) = inside else {
            piece.wires.push(way_in(number, bottom, false));
            let list = list.to_owned();
            piece.slot(Place { list, index: 0 }, at(0, strip + EMPTY_FRAME / 2));
            return piece;
        };
        inside.shift(0, strip + GAP_AFTER_JOIN);
        inside.enter_from_above(0);
        for node in &mut inside.nodes {
            node.parent.get_or_insert(number);
        }
        piece
            .wires
            .push(way_in(inside.entry.node, inside.entry.top, true));
        for mut exit in piece.absorb(inside) {
            exit.points.push(at(0, bottom));
            piece.wires.push(exit.into_wire(number, false));
        }
        piece
    }
}

/// The index at the end of a list.
pub(crate) fn end_of(blocks: &[Block]) -> usize {
    blocks
        .last()
        .and_then(Block::index)
        .map_or(blocks.len(), |index| index + 1)
}

/// Puts a piece under another and connects them, as high as it goes without meeting what hangs over.
pub(crate) fn stack(mut above: Piece, mut below: Piece) -> Piece {
    let mut top = above.height + above.gap;
    above.overhangs.sort_by_key(|corner| corner.y);
    for corner in &above.overhangs {
        if below.right + SPACE > corner.x {
            top = top.max(corner.y + GAP);
        }
    }
    below.shift(0, top);
    let entry = at(0, below.entry.top);
    if !above.exits.is_empty() {
        below.enter_from_above(0);
    }
    for mut exit in std::mem::take(&mut above.exits) {
        exit.points.push(entry);
        above.wires.push(exit.into_wire(below.entry.node, true));
    }
    above.left = above.left.max(below.left);
    above.right = above.right.max(below.right);
    above.height = below.height;
    above.gap = below.gap;
    above.overhangs.append(&mut below.overhangs);
    // What ends above the way on is in nobody's way any more.
    above.overhangs.retain(|corner| corner.y + GAP > above.height);
    above.exits = above.absorb(below);
    above
}

/// A label with its middle at a point, on a way out of a box.
pub(crate) fn label(text: &str, middle: Point, tone: Tone, of: (usize, Edge)) -> Label {
    let w = label_width(text);
    Label {
        rect: Rect {
            x: middle.x - w / 2,
            y: middle.y - LABEL / 2,
            w,
            h: LABEL,
        },
        text: shorten(text, Font::Label, LABEL_TEXT),
        full: text.to_owned(),
        tone,
        of,
    }
}

/// The width of a label; even, so that its middle is whole.
pub(crate) fn label_width(text: &str) -> i32 {
    let w = width(&shorten(text, Font::Label, LABEL_TEXT), Font::Label) + 10;
    w + w % 2
}
