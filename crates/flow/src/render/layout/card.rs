//! Sizes a box by its words.

use super::super::outline::{Card, Field, Kind};
use super::text::{Font, shorten, width, wrap};

/// The room for a box's icon, at its left.
pub(crate) const ICON: i32 = 28;
/// Between a box's border and what is in it.
pub(crate) const PADDING: i32 = 11;
/// Most of a text's width in a box.
const TEXT: i32 = 216;
/// Least of a box's width.
const NARROWEST: i32 = 176;
/// Height of a loop's title strip with one line.
const STRIP: i32 = 44;
/// The parts of the trigger's list of fields.
const MOST_FIELDS: usize = 10;

/// How a box is drawn.
#[derive(Clone, Debug)]
pub(crate) struct Art {
    pub(crate) form: Form,
    pub(crate) card: Card,
    /// How many steps are inside.
    pub(crate) inside: usize,
    /// Whether they are left out.
    pub(crate) is_collapsed: bool,
    pub(crate) lines: Vec<Line>,
    /// The trigger's fields: name, description and whether it is set back.
    pub(crate) fields: Vec<(String, String, bool)>,
}

impl Art {
    /// Height of a frame's title strip.
    pub(crate) fn strip(&self) -> i32 {
        even((height(&self.lines) + 2 * PADDING).max(STRIP))
    }
}

/// The outline of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A rounded box.
    Card,
    /// Pointed at both sides: a decision.
    Hexagon,
    /// Round at both sides: the run ends.
    Pill,
    /// The bar that a parallel begins with.
    Fork,
    /// The bar that it ends with.
    Join,
    /// Around a loop.
    Frame,
    /// Around the flow's error handler.
    ErrorFrame,
    /// The flow's end.
    End,
}

impl Form {
    /// A word for it: `card`, `error_frame`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Hexagon => "hexagon",
            Self::Pill => "pill",
            Self::Fork => "fork",
            Self::Join => "join",
            Self::Frame => "frame",
            Self::ErrorFrame => "error_frame",
            Self::End => "end",
        }
    }
}

/// A line of text in a box.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) font: Font,
}

/// A box's drawing with the size that it needs.
pub(crate) struct Sized {
    pub(crate) art: Art,
    pub(crate) w: i32,
    pub(crate) h: i32,
}

fn lines(card: &Card, limit: i32) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut push = |text: &str, font: Font, most: usize| {
        lines.extend(
            wrap(text, font, limit, most)
                .into_iter()
                .map(|text| Line { text, font }),
        );
    };
    push(&card.title, Font::Title, 2);
    if let Some(subtitle) = &card.subtitle {
        let decides = matches!(card.kind, Kind::Decision | Kind::Switch);
        let font = if card.code { Font::Code } else { Font::Prose };
        push(subtitle, font, if decides { 4 } else { 2 });
    }
    if !card.marks.is_empty() {
        push(&card.marks.join(" · "), Font::Small, 2);
    }
    lines
}

fn widest(lines: &[Line]) -> i32 {
    lines
        .iter()
        .map(|line| width(&line.text, line.font))
        .max()
        .unwrap_or(0)
}

/// The height of lines set under one another.
pub(crate) fn height(lines: &[Line]) -> i32 {
    lines.iter().map(|line| line.font.line_height()).sum()
}

/// Up to a multiple of eight, so that middles are whole and boxes of nearly one width get the same.
const fn rounded(width: i32) -> i32 {
    (width + 7) / 8 * 8
}

const fn even(height: i32) -> i32 {
    height + height % 2
}

fn art(card: &Card, form: Form, lines: Vec<Line>) -> Art {
    Art {
        form,
        card: card.clone(),
        inside: 0,
        is_collapsed: false,
        lines,
        fields: Vec::new(),
    }
}

/// A step that has nothing inside, or a decision.
pub(crate) fn step(card: &Card) -> Sized {
    let form = match card.kind {
        Kind::Decision | Kind::Switch => Form::Hexagon,
        kind if kind.ends() => Form::Pill,
        _ => Form::Card,
    };
    let lines = lines(card, TEXT);
    let sides = if form == Form::Card { 0 } else { 14 };
    let w = rounded(widest(&lines) + ICON + 3 * PADDING + 4 + sides).max(NARROWEST);
    let h = even((height(&lines) + 2 * PADDING).max(ICON + 2 * PADDING - 2));
    Sized {
        art: art(card, form, lines),
        w,
        h,
    }
}

/// A step whose inside is left out; it says how many steps that is.
pub(crate) fn collapsed(card: &Card, inside: usize) -> Sized {
    let mut card = card.clone();
    let steps = if inside == 1 { "step" } else { "steps" };
    card.marks.push(format!("{inside} {steps} inside"));
    let Sized { art, w, h } = step(&Card {
        // Whatever it is, it is drawn as a plain box.
        kind: Kind::Action,
        ..card.clone()
    });
    let art = Art {
        card,
        inside,
        is_collapsed: true,
        ..art
    };
    Sized { art, w, h }
}

/// The trigger with the fields that the flow takes.
pub(crate) fn trigger(card: &Card, input: &[Field]) -> Sized {
    let lines = lines(card, TEXT);
    let shown = if input.len() > MOST_FIELDS {
        MOST_FIELDS - 1
    } else {
        input.len()
    };
    let names = 120;
    let mut fields: Vec<(String, String, bool)> = input[..shown]
        .iter()
        .map(|field| {
            let name = format!("{}{}", field.name, if field.optional { "?" } else { "" });
            let secret = if field.secret { " · secret" } else { "" };
            let description = shorten(
                &format!("{}{secret}", field.description),
                Font::Small,
                TEXT * 3 / 5,
            );
            (shorten(&name, Font::Code, names), description, false)
        })
        .collect();
    if shown < input.len() {
        fields.push((format!("{} more", input.len() - shown), String::new(), true));
    }
    let column = fields
        .iter()
        .map(|(name, ..)| width(name, Font::Code))
        .max()
        .unwrap_or(0);
    let described = fields
        .iter()
        .map(|(_, text, _)| width(text, Font::Small))
        .max()
        .unwrap_or(0);
    let table = column + 14 + described + 2 * (PADDING + 3);
    let w = rounded((widest(&lines) + ICON + 3 * PADDING + 4).max(table)).max(NARROWEST);
    let head = (height(&lines) + 2 * PADDING).max(ICON + 2 * PADDING - 2);
    let list = i32::try_from(fields.len()).unwrap_or(0) * Font::Code.line_height();
    let h = even(head + if fields.is_empty() { 0 } else { list + PADDING });
    Sized {
        art: Art {
            fields,
            ..art(card, Form::Card, lines)
        },
        w,
        h,
    }
}

/// The title strip of a frame; its height is the strip's.
pub(crate) fn frame(card: &Card, form: Form) -> Sized {
    let lines = lines(card, TEXT + 60);
    let w = rounded(widest(&lines) + ICON + 3 * PADDING + 4);
    let art = art(card, form, lines);
    let h = art.strip();
    Sized { art, w, h }
}

/// The bar that a parallel begins with; its text stands in its middle.
pub(crate) fn fork(card: &Card) -> Sized {
    let text = match &card.subtitle {
        Some(subtitle) => format!("{} · {subtitle}", card.title),
        None => card.title.clone(),
    };
    let mut lines = vec![Line {
        text: shorten(&text, Font::Title, 2 * TEXT),
        font: Font::Title,
    }];
    if !card.marks.is_empty() {
        let marks = shorten(&card.marks.join(" · "), Font::Small, 2 * TEXT);
        lines.push(Line {
            text: marks,
            font: Font::Small,
        });
    }
    let w = rounded(widest(&lines) + 64);
    let h = even(height(&lines) + 14);
    Sized {
        art: art(card, Form::Fork, lines),
        w,
        h,
    }
}

/// A box that stands for no step: the end of a parallel or of the flow.
pub(crate) fn mark(form: Form, kind: Kind, key: &str, text: &str) -> Art {
    let lines = if text.is_empty() {
        Vec::new()
    } else {
        vec![Line {
            text: text.to_owned(),
            font: Font::Label,
        }]
    };
    let card = Card {
        path: String::new(),
        hover: text.to_owned(),
        ..Card::of_flow(key, kind, text)
    };
    Art {
        lines,
        ..art(&card, form, Vec::new())
    }
}
