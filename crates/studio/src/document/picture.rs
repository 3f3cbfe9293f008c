//! A flow's layout, with its places in UTF-16 code units.

use lockgate_flow::render::picture::{self, Picture, way_name};
use serde::Serialize;

use crate::finding::units;
use crate::positions::Positions;

/// `Picture` of the API.
#[derive(Clone, Debug, Serialize)]
pub(super) struct PictureShown {
    width: u32,
    height: u32,
    cards: Vec<Card>,
    wires: Vec<Wire>,
    labels: Vec<Label>,
    slots: Vec<Slot>,
}

#[derive(Clone, Debug, Serialize)]
struct Card {
    key: String,
    path: Option<String>,
    kind: &'static str,
    form: &'static str,
    icon: String,
    x: u32,
    y: u32,
    width: u32,
    height: u32,
    title: String,
    subtitle: Option<String>,
    lines: Vec<Line>,
    fields: Vec<Field>,
    hover: String,
    parent: Option<String>,
    can_collapse: bool,
    hides: usize,
    id: Option<String>,
    from: usize,
    to: usize,
}

#[derive(Clone, Debug, Serialize)]
struct Line {
    text: String,
    font: &'static str,
}

#[derive(Clone, Debug, Serialize)]
struct Field {
    name: String,
    description: String,
    is_aside: bool,
}

#[derive(Clone, Debug, Serialize)]
struct Wire {
    from: String,
    to: String,
    way: String,
    points: Vec<[u32; 2]>,
    tone: &'static str,
    head: bool,
}

#[derive(Clone, Debug, Serialize)]
struct Label {
    of: String,
    way: String,
    x: u32,
    y: u32,
    width: u32,
    height: u32,
    text: String,
    full: String,
    tone: &'static str,
}

#[derive(Clone, Debug, Serialize)]
struct Slot {
    list: String,
    index: usize,
    x: u32,
    y: u32,
}

impl PictureShown {
    /// Takes a layout.
    pub(super) fn of(picture: Picture, positions: &Positions) -> Self {
        let wires = picture.wires.into_iter().map(|wire| Wire {
            from: wire.from,
            to: wire.to,
            way: way_name(&wire.way),
            points: wire.points,
            tone: tone(wire.is_error),
            head: wire.head,
        });
        let labels = picture.labels.into_iter().map(|label| Label {
            of: label.of,
            way: way_name(&label.way),
            x: label.x,
            y: label.y,
            width: label.width,
            height: label.height,
            text: label.text,
            full: label.full,
            tone: tone(label.is_error),
        });
        let slots = picture.slots.into_iter().map(|slot| Slot {
            list: slot.list,
            index: slot.index,
            x: slot.x,
            y: slot.y,
        });
        Self {
            width: picture.width,
            height: picture.height,
            cards: picture
                .cards
                .into_iter()
                .map(|card| Card::of(card, positions))
                .collect(),
            wires: wires.collect(),
            labels: labels.collect(),
            slots: slots.collect(),
        }
    }
}

impl Card {
    fn of(card: picture::Card, positions: &Positions) -> Self {
        // What is no step stands nowhere.
        let (from, to) = card.span.map_or((0, 0), |span| units(positions, span));
        let lines = card.lines.into_iter().map(|line| Line {
            text: line.text,
            font: line.font.name(),
        });
        let fields = card.fields.into_iter().map(|field| Field {
            name: field.name,
            description: field.description,
            is_aside: field.is_aside,
        });
        Self {
            key: card.key,
            path: card.path,
            kind: card.kind,
            form: card.form.name(),
            icon: card.icon,
            x: card.x,
            y: card.y,
            width: card.width,
            height: card.height,
            title: card.title,
            subtitle: card.subtitle,
            lines: lines.collect(),
            fields: fields.collect(),
            hover: card.hover,
            parent: card.parent,
            can_collapse: card.can_collapse,
            hides: card.hides,
            id: card.id,
            from,
            to,
        }
    }
}

const fn tone(is_error: bool) -> &'static str {
    if is_error { "error" } else { "plain" }
}
