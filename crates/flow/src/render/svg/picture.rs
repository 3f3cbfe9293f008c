//! A whole flow laid out: heading, trigger, steps, end, and the flow's error handler beside them.

use super::super::outline::{Card, Kind, Outline};
use super::SvgOptions;
use super::card::{self, Form, Line, Sized, mark};
use super::geometry::{Label, Node, Wire, straighten};
use super::layout::{GAP, Layout, stack};
use super::text::{Font, width, wrap};

/// Around the picture.
const MARGIN: i32 = 28;
/// Between the steps and the flow's error handler.
const APART: i32 = 56;
/// Least width of the heading's lines.
const HEADING: i32 = 420;

/// Everything with its place; all coordinates are zero or more.
pub(super) struct Picture {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) w: i32,
    pub(super) h: i32,
    /// Lines with their left edge and baseline.
    pub(super) heading: Vec<(Line, i32, i32)>,
    /// Frames stand before what is in them.
    pub(super) nodes: Vec<Node>,
    pub(super) wires: Vec<Wire>,
    pub(super) labels: Vec<Label>,
}

impl Picture {
    /// Lays out an outline.
    pub(super) fn of(outline: &Outline, options: &SvgOptions) -> Self {
        let mut layout = Layout::default();
        let mut piece = layout.single(card::trigger(&outline.trigger, &outline.input));
        if let Some(body) = layout.sequence(&outline.body) {
            piece = stack(piece, body);
        }
        if !piece.exits.is_empty() {
            let end = layout.single(Sized {
                art: mark(Form::End, Kind::Return, "end"),
                w: 64,
                h: 28,
            });
            piece = stack(piece, end);
        }
        if !outline.on_error.is_empty() {
            let card = Card {
                path: "on_error".to_owned(),
                kind: Kind::Fail,
                title: "on error".to_owned(),
                subtitle: Some("an error that no step has handled".to_owned()),
                code: false,
                marks: Vec::new(),
                hover: "on_error of the flow".to_owned(),
            };
            let mut handler = layout.frame(card::frame(&card, Form::ErrorFrame), &outline.on_error);
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
            let caption = options.caption.as_deref().unwrap_or_default();
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
        Self {
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

pub(super) fn is_frame(node: &Node) -> bool {
    matches!(node.art.form, Form::Frame | Form::ErrorFrame)
}
