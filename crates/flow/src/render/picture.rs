//! A flow laid out, as plain data: for a canvas that people work on.
//!
//! It is the layout that the SVG is painted from, with the places where steps can be put. All that is measured is whole
//! pixels from the upper left corner. Positions in the text are bytes.

use std::collections::BTreeSet;

use super::layout::{Layout, LayoutOptions, Node, Point, Tone};
use super::outline::{Kind, Outline};
use crate::graph::Edge;
use crate::source::Span;
use crate::syntax::FlowSyntax;

pub use super::layout::{Font, Form};

/// How a picture is laid out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PictureOptions {
    /// The keys of the cards whose inside is left out: the paths of steps, or `on_error`. What has nothing inside, or is not
    /// there, is passed over.
    pub collapsed: BTreeSet<String>,
}

/// A flow laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Frames stand before what is in them.
    pub cards: Vec<Card>,
    /// The ways between them.
    pub wires: Vec<Wire>,
    /// The texts on ways.
    pub labels: Vec<Label>,
    /// Where steps can be put.
    pub slots: Vec<SlotPlace>,
}

/// A box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Names it, alone in its picture: the step's path; with `?` at its end for the decision of an `if` beside another verb;
    /// `trigger`, `end`, `on_error`; `join:` and a path for the end of a parallel.
    pub key: String,
    /// The step's structural path; `None` for what is no step.
    pub path: Option<String>,
    /// The verb (`if` for a decision), or `trigger`, `end`, `join`, `on_error`, `invalid`.
    pub kind: &'static str,
    /// Its outline.
    pub form: Form,
    /// What it is about: the group before the action's dot (`auth0`, `http`), else the kind.
    pub icon: String,
    /// Its left edge.
    pub x: u32,
    /// Its upper edge.
    pub y: u32,
    /// Its width.
    pub width: u32,
    /// Its height.
    pub height: u32,
    /// `name`, else `id`, else what it does.
    pub title: String,
    /// What it does or about what, in a few words.
    pub subtitle: Option<String>,
    /// Title, subtitle and marks, broken into lines that fit.
    pub lines: Vec<Line>,
    /// The trigger's input.
    pub fields: Vec<Field>,
    /// All of it, unshortened.
    pub hover: String,
    /// The key of the frame around it.
    pub parent: Option<String>,
    /// Whether it has steps inside, handlers included.
    pub can_collapse: bool,
    /// How many steps it hides, where it is collapsed; 0 where it is not.
    pub hides: usize,
    /// The step's `id`.
    pub id: Option<String>,
    /// Where the step stands in the text, in bytes; `None` for what is no step.
    pub span: Option<Span>,
}

/// A line of text in a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The text.
    pub text: String,
    /// How it is set.
    pub font: Font,
}

/// An input field in the trigger's card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, with `?` where it may be left out.
    pub name: String,
    /// Its type and default.
    pub description: String,
    /// Whether it is set back: it says how many more there are.
    pub is_aside: bool,
}

/// A way from one card to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    /// The key of the card that it leaves.
    pub from: String,
    /// The key of the card that it comes to.
    pub to: String,
    /// Which of the ways out of its first card's step; see [`way_name`].
    pub way: Edge,
    /// x and y of its corners.
    pub points: Vec<[u32; 2]>,
    /// Whether it is taken on an error.
    pub is_error: bool,
    /// Whether it ends in an arrowhead.
    pub head: bool,
}

/// A text on a way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The key of the card that the way leaves.
    pub of: String,
    /// Which of its ways; see [`way_name`].
    pub way: Edge,
    /// Its left edge.
    pub x: u32,
    /// Its upper edge.
    pub y: u32,
    /// Its width.
    pub width: u32,
    /// Its height.
    pub height: u32,
    /// As much as there is room for.
    pub text: String,
    /// All of it.
    pub full: String,
    /// Whether the way is taken on an error.
    pub is_error: bool,
}

/// A place for steps, with the point on a way where it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotPlace {
    /// The structural path of a list of steps, also of one that is not written yet.
    pub list: String,
    /// Before the step that has this index; the list's length for its end.
    pub index: usize,
    /// The point.
    pub x: u32,
    /// The point.
    pub y: u32,
}

/// Lays a flow out.
pub fn picture(flow: &FlowSyntax, options: &PictureOptions) -> Picture {
    picture_outline(&Outline::of(flow), options)
}

/// Lays an outline out.
pub fn picture_outline(outline: &Outline, options: &PictureOptions) -> Picture {
    let layout = Layout::of(
        outline,
        &LayoutOptions {
            collapsed: options.collapsed.clone(),
            ..LayoutOptions::default()
        },
    );
    Picture::of(&layout)
}

/// A way by name: `next`, `then`, `else`, `case:0`, `default`, `branch:0`, `body`, `error:0`.
pub fn way_name(way: &Edge) -> String {
    match way {
        Edge::Next => "next".to_owned(),
        Edge::Then => "then".to_owned(),
        Edge::Else => "else".to_owned(),
        Edge::Case(index) => format!("case:{index}"),
        Edge::Default => "default".to_owned(),
        Edge::Branch(index) => format!("branch:{index}"),
        Edge::Body => "body".to_owned(),
        Edge::Error(index) => format!("error:{index}"),
    }
}

/// Nothing lies left of the origin or above it.
fn pixels(length: i32) -> u32 {
    u32::try_from(length).unwrap_or(0)
}

impl Picture {
    fn of(layout: &Layout) -> Self {
        let key = |number: usize| {
            layout
                .node(number)
                .map_or_else(String::new, |node| node.art.card.key.clone())
        };
        let cards = layout
            .nodes
            .iter()
            .map(|node| Card::of(node, node.parent.map(key)));
        let wires = layout.wires.iter().map(|wire| Wire {
            from: key(wire.from),
            to: key(wire.to),
            way: wire.way.clone(),
            points: wire
                .points
                .iter()
                .map(|Point { x, y }| [pixels(*x), pixels(*y)])
                .collect(),
            is_error: wire.tone == Tone::Error,
            head: wire.head,
        });
        let labels = layout.labels.iter().map(|label| Label {
            of: key(label.of.0),
            way: label.of.1.clone(),
            x: pixels(label.rect.x),
            y: pixels(label.rect.y),
            width: pixels(label.rect.w),
            height: pixels(label.rect.h),
            text: label.text.clone(),
            full: label.full.clone(),
            is_error: label.tone == Tone::Error,
        });
        Self {
            width: pixels(layout.w),
            height: pixels(layout.h),
            cards: cards.collect(),
            wires: wires.collect(),
            labels: labels.collect(),
            slots: layout
                .slots
                .iter()
                .map(|slot| SlotPlace {
                    list: slot.place.list.clone(),
                    index: slot.place.index,
                    x: pixels(slot.point.x),
                    y: pixels(slot.point.y),
                })
                .collect(),
        }
    }
}

impl Card {
    fn of(node: &Node, parent: Option<String>) -> Self {
        let Node { rect, art, .. } = node;
        let card = &art.card;
        let kind = match (art.form, card.kind) {
            (Form::End, _) => "end",
            (Form::Join, _) => "join",
            _ if card.key == "on_error" => "on_error",
            (_, kind) => kind.name(),
        };
        let is_step = card.span.is_some() && card.kind != Kind::Trigger;
        Self {
            key: card.key.clone(),
            path: is_step.then(|| card.path.clone()),
            kind,
            form: art.form,
            icon: match kind {
                "end" | "join" | "on_error" => kind.to_owned(),
                _ => card.icon.clone(),
            },
            x: pixels(rect.x),
            y: pixels(rect.y),
            width: pixels(rect.w),
            height: pixels(rect.h),
            title: card.title.clone(),
            subtitle: card.subtitle.clone(),
            lines: art
                .lines
                .iter()
                .map(|line| Line {
                    text: line.text.clone(),
                    font: line.font,
                })
                .collect(),
            fields: art
                .fields
                .iter()
                .map(|(name, description, is_aside)| Field {
                    name: name.clone(),
                    description: description.clone(),
                    is_aside: *is_aside,
                })
                .collect(),
            hover: card.hover.clone(),
            parent,
            can_collapse: art.inside > 0,
            hides: if art.is_collapsed { art.inside } else { 0 },
            id: card.id.clone(),
            span: card.span,
        }
    }
}
