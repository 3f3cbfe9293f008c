//! A whole flow laid out: heading, trigger, steps, end, and the flow's error handler beside them.

use std::collections::BTreeSet;

use super::super::outline::{Card, Kind, Outline, steps_of};
use super::blocks::{GAP, Layouter, end_of, stack};
use super::card::{self, Form, Line, Sized, mark};
use super::geometry::{Label, Node, Place, Slot, Wire, straighten};
use super::text::{Font, width, wrap};

/// Around the picture.
const MARGIN: i32 = 28;
/// Between the steps and the flow's error handler.
const APART: i32 = 56;
/// Least width of the heading's lines.
const HEADING: i32 = 420;

/// What is laid out beside the steps, and what is left out.
#[derive(Default)]
pub(crate) struct LayoutOptions<'a> {
    /// The keys of the boxes whose inside is left out.
    pub(crate) collapsed: BTreeSet<String>,
    /// Whether the flow's name and description stand above.
    pub(crate) heading: bool,
    /// A line under the heading's description.
    pub(crate) caption: Option<&'a str>,
}

/// Everything with its place; all coordinates are zero or more.
pub(crate) struct Layout {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) w: i32,
    pub(crate) h: i32,
    /// Lines with their left edge and baseline.
    pub(crate) heading: Vec<(Line, i32, i32)>,
    /// Frames stand before what is in them.
    pub(crate) nodes: Vec<Node>,
    /// Where the box of each number stands among them.
    places: Vec<usize>,
    pub(crate) wires: Vec<Wire>,
    pub(crate) labels: Vec<Label>,
    /// From above.
    pub(crate) slots: Vec<Slot>,
}

impl Layout {
    /// Lays out an outline.
    pub(crate) fn of(outline: &Outline, options: &LayoutOptions<'_>) -> Self {
        let mut layout = Layouter::new(&options.collapsed);
        let mut piece = layout.single(card::trigger(&outline.trigger, &outline.input));
        if let Some(body) = layout.rows(&outline.body, Some("steps")) {
            piece = stack(piece, body);
        }
        if !piece.exits.is_empty() {
            let mut end = layout.single(Sized {
                art: mark(Form::End, Kind::Return, "end", "end"),
                w: 64,
                h: 28,
            });
            end.entry.place = Some(Place {
                list: "steps".to_owned(),
                index: end_of(&outline.body),
            });
            piece = stack(piece, end);
        }
        if !outline.on_error.is_empty() {
            let card = Card {
                subtitle: Some("an error that no step has handled".to_owned()),
                hover: "on_error of the flow".to_owned(),
                ..Card::of_flow("on_error", Kind::Fail, "on error")
            };
            let inside = steps_of(&outline.on_error);
            let mut handler = if layout.is_collapsed(&card.key) {
                layout.single(card::collapsed(&card, inside))
            } else {
                layout.frame(
                    card::frame(&card, Form::ErrorFrame),
                    &outline.on_error,
                    "on_error",
                )
            };
            if let Some(node) = handler.nodes.first_mut() {
                node.art.inside = inside;
            }
            let top = piece
                .nodes
                .first()
                .map_or(0, |trigger| trigger.rect.bottom() + GAP);
            handler.shift(piece.right + APART + handler.left, top);
            let (right, bottom) = (handler.right, handler.bottom());
            piece.absorb(handler);
            piece.right = right;
            piece.height = piece.height.max(bottom);
        }

        let mut heading = Vec::new();
        let mut top = MARGIN;
        let mut widest = 0;
        if options.heading {
            let limit = (piece.left + piece.right).max(HEADING);
            let mut lines = wrap(&outline.name, Font::Heading, limit, 2)
                .into_iter()
                .map(|text| Line {
                    text,
                    font: Font::Heading,
                })
                .collect::<Vec<_>>();
            let prose = outline.description.as_deref().unwrap_or_default();
            lines.extend(wrap(prose, Font::Prose, limit, 3).into_iter().map(|text| Line {
                text,
                font: Font::Prose,
            }));
            let caption = options.caption.unwrap_or_default();
            lines.extend(wrap(caption, Font::Prose, limit, 3).into_iter().map(|text| Line {
                text,
                font: Font::Prose,
            }));
            for line in lines {
                top += line.font.line_height();
                widest = widest.max(width(&line.text, line.font));
                heading.push((line, MARGIN, top - 6));
            }
            top += 18;
        }
        // The picture's middle stands over the drawing's where the heading is the wider one.
        let spare = (widest - piece.left - piece.right).max(0) / 2;
        let (w, h) = (
            2 * MARGIN + (piece.left + piece.right).max(widest),
            top + piece.bottom() + MARGIN,
        );
        piece.shift(MARGIN + spare + piece.left, top);
        for wire in &mut piece.wires {
            wire.points = straighten(&wire.points);
        }
        let mut nodes = piece.nodes;
        nodes.sort_by_key(|node| node.number);
        nodes.sort_by_key(|node| !is_frame(node));
        let mut frames: Vec<Node> = nodes.iter().filter(|node| is_frame(node)).cloned().collect();
        // An outer frame is larger than those in it.
        frames.sort_by_key(|node| (-i64::from(node.rect.w) * i64::from(node.rect.h), node.number));
        nodes.splice(..frames.len(), frames);
        // Errors are painted first: where their way has joined the ordinary one, that one is seen.
        piece.wires.sort_by_key(|wire| (wire.tone, wire.from, wire.to));
        // Numbers may be left out: a parallel whose branches all end has no bar at its end.
        let count = nodes.iter().map(|node| node.number + 1).max().unwrap_or(0);
        let mut places = vec![0; count];
        for (place, node) in nodes.iter().enumerate() {
            places[node.number] = place;
        }
        let mut slots = piece.slots;
        slots.sort_by(|a, b| (a.point.y, a.point.x, &a.place).cmp(&(b.point.y, b.point.x, &b.place)));
        Self {
            places,
            slots,
            name: outline.name.clone(),
            description: outline.description.clone(),
            w,
            h,
            heading,
            nodes,
            wires: piece.wires,
            labels: piece.labels,
        }
    }
}

impl Layout {
    /// The box of a number.
    pub(crate) fn node(&self, number: usize) -> Option<&Node> {
        self.places.get(number).and_then(|place| self.nodes.get(*place))
    }
}

pub(crate) fn is_frame(node: &Node) -> bool {
    matches!(node.art.form, Form::Frame | Form::ErrorFrame)
}
