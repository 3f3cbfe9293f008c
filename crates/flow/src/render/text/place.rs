//! Where everything of a layout stands in rows and columns.

use std::collections::BTreeMap;

use super::super::layout::{Form, Label, Layout, Node, Point, Rect, Wire, is_frame};
use super::grid::{Axis, Cells, Stretch};
use super::words;

/// Tenths of a pixel of a box's width that make room for one letter: from where all words fit to where little can be read.
const ROOMS: [i32; 6] = [58, 66, 76, 90, 110, 140];
/// How much closer than that boxes stand, in percent: from the layout's proportions to as close as they can.
const CLOSER: [i32; 3] = [100, 130, 170];
/// Least columns for the words of a box.
const NARROWEST: usize = 18;
/// The same where a letter has more than `WORDS_BREAK`.
const SMALLEST: usize = 14;
/// From here on, words break rather than the drawing becomes wider.
const WORDS_BREAK: i32 = 90;
/// Least columns for the trigger's fields.
const TABLE: usize = 28;
/// Most columns for the words of a frame's title.
const WIDEST: usize = 60;
/// Most columns of a label.
const LABEL: usize = 24;

/// A box in the grid.
pub(super) struct Spot {
    pub(super) left: i32,
    pub(super) right: i32,
    pub(super) top: i32,
    pub(super) bottom: i32,
    pub(super) lines: Vec<String>,
}

/// A label in the grid: where its text begins.
pub(super) struct Written {
    pub(super) row: i32,
    pub(super) column: i32,
    pub(super) text: String,
}

/// Rows and columns of a layout.
pub(super) struct Places {
    pub(super) columns: Cells,
    pub(super) rows: Cells,
    /// By number.
    pub(super) boxes: BTreeMap<usize, Spot>,
    /// In the layout's order.
    pub(super) labels: Vec<Written>,
}

fn wide(text: &str) -> i32 {
    i32::try_from(words::width(text)).unwrap_or(i32::MAX / 4)
}

fn count(lines: &[String]) -> i32 {
    i32::try_from(lines.len()).unwrap_or(0)
}

/// Half of the columns between the borders of a box, rounded up.
fn half(lines: &[String]) -> i32 {
    widest(lines) / 2 + 2
}

fn widest(lines: &[String]) -> i32 {
    lines.iter().map(|line| wide(line)).max().unwrap_or(0)
}

/// Whether a box stands in the middle over its way.
fn is_centred(node: &Node) -> bool {
    matches!(node.art.form, Form::Card | Form::Hexagon | Form::Pill | Form::End)
}

fn segments(wire: &Wire) -> impl Iterator<Item = (Point, Point, bool)> {
    let last = wire.points.len().saturating_sub(2);
    let pairs = wire.points.iter().zip(wire.points.iter().skip(1)).enumerate();
    pairs.map(move |(index, (a, b))| (*a, *b, wire.head && index == last))
}

fn ordered(a: i32, b: i32) -> (i32, i32) {
    (a.min(b), a.max(b))
}

impl Places {
    /// As natural as it can be in so many columns.
    pub(super) fn fitting(layout: &Layout, columns: usize) -> Self {
        let limit = i32::try_from(columns).unwrap_or(i32::MAX);
        let labels = Said::of(layout);
        let mut narrowest: Option<(Texts, Cells)> = None;
        'scales: for room in ROOMS {
            let texts = texts(layout, room);
            for closer in CLOSER {
                let found = columns_of(layout, &texts, &labels, room * closer / 100).solve();
                let fits = found.len() <= limit;
                if fits
                    || narrowest
                        .as_ref()
                        .is_none_or(|(_, other)| found.len() < other.len())
                {
                    narrowest = Some((texts.clone(), found));
                }
                if fits {
                    break 'scales;
                }
            }
        }
        let (texts, columns) = narrowest.unwrap_or_default();
        let rows = rows_of(layout, &texts, &labels, &columns).solve();
        let labels = labels.iter().map(|said| said.written(&columns, &rows)).collect();
        let mut texts = texts;
        let boxes = layout
            .nodes
            .iter()
            .map(|node| {
                let lines = texts.remove(&node.number).unwrap_or_default();
                (node.number, spot_of(node, lines, &columns, &rows))
            })
            .collect();
        Self {
            columns,
            rows,
            boxes,
            labels,
        }
    }
}

/// The lines of each box, by its number.
type Texts = BTreeMap<usize, Vec<String>>;

/// `room` is the tenths of a pixel of a box's width that make room for one letter.
fn texts(layout: &Layout, room: i32) -> Texts {
    let narrowest = if room > WORDS_BREAK { SMALLEST } else { NARROWEST };
    let of = |node: &Node| {
        let room = usize::try_from(node.rect.w * 10 / room)
            .unwrap_or(0)
            .saturating_sub(4);
        let room = if is_frame(node) { room.min(WIDEST) } else { room };
        let least = if node.art.fields.is_empty() {
            narrowest
        } else {
            TABLE
        };
        words::lines(&node.art, room.max(least))
    };
    layout.nodes.iter().map(|node| (node.number, of(node))).collect()
}

fn spot_of(node: &Node, lines: Vec<String>, columns: &Cells, rows: &Cells) -> Spot {
    let rect = node.rect;
    let (mut left, mut right) = (columns.of(rect.x), columns.of(rect.right()));
    if is_centred(node) {
        // What was pushed apart at one side only is as wide as at the other.
        let middle = columns.of(rect.x + rect.w / 2);
        let half = (middle - left).min(right - middle);
        (left, right) = (middle - half, middle + half);
    }
    Spot {
        left,
        right,
        top: rows.of(rect.y),
        bottom: rows.of(rect.bottom()),
        lines,
    }
}

/// A label with what it says.
struct Said<'a> {
    label: &'a Label,
    text: String,
    /// Whether it lies on a way from side to side.
    is_level: bool,
}

impl<'a> Said<'a> {
    fn of(layout: &'a Layout) -> Vec<Self> {
        let mut ways: BTreeMap<usize, Vec<&Wire>> = BTreeMap::new();
        for wire in &layout.wires {
            ways.entry(wire.from).or_default().push(wire);
        }
        let said = |label: &'a Label| {
            let ways = ways.get(&label.of.0).map_or(&[][..], Vec::as_slice);
            let Rect { x, w, .. } = label.rect;
            let (x, y) = (x + w / 2, label.rect.middle());
            let is_level = ways.iter().flat_map(|wire| segments(wire)).any(|(a, b, _)| {
                let (low, high) = ordered(a.x, b.x);
                a.y == b.y && a.y == y && low <= x && x <= high
            });
            let text = words::shorten(&label.full, LABEL);
            Said {
                label,
                // A blank at both sides.
                text: if is_level { format!(" {text} ") } else { text },
                is_level,
            }
        };
        layout.labels.iter().map(said).collect()
    }

    fn written(&self, columns: &Cells, rows: &Cells) -> Written {
        let Rect { x, w, .. } = self.label.rect;
        let wide = wide(&self.text);
        let column = if self.is_level {
            let (left, right) = (columns.of(x), columns.of(x + w));
            left + (right - left + 1 - wide) / 2
        } else {
            columns.of(x + w / 2) - wide / 2
        };
        Written {
            row: rows.of(self.label.rect.middle()),
            column,
            text: self.text.clone(),
        }
    }
}

/// Rows of pixels that a box is long in, a few of them as one.
fn near(a: i32, b: i32) -> (i32, i32) {
    ordered(a / 4, b / 4)
}

/// `scale` is the tenths of a pixel that a column stands for.
fn columns_of(layout: &Layout, texts: &Texts, labels: &[Said<'_>], scale: i32) -> Axis {
    let mut axis = Axis::new(1, Some(scale));
    for node in &layout.nodes {
        let Rect { x, y, w, .. } = node.rect;
        let (right, across) = (node.rect.right(), near(y, node.rect.bottom()));
        let lines = texts.get(&node.number).map_or(&[][..], Vec::as_slice);
        axis.apart(x, right, widest(lines) + 3);
        let line = |from: i32, to: i32| Stretch {
            from,
            to,
            across,
            before: 0,
        };
        if is_frame(node) {
            axis.take(line(x, x));
            axis.take(line(right, right));
        } else {
            axis.take(line(x, right));
        }
        if is_centred(node) {
            axis.apart(x, x + w / 2, half(lines));
            axis.apart(x + w / 2, right, half(lines));
        }
    }
    for Said {
        label,
        text,
        is_level,
    } in labels
    {
        let Rect { x, y, w, .. } = label.rect;
        let (right, wide) = (label.rect.right(), wide(text));
        axis.take(Stretch {
            from: x,
            to: right,
            across: near(y, label.rect.bottom()),
            before: 0,
        });
        if *is_level {
            axis.apart(x, right, wide - 1);
        } else {
            axis.apart(x, x + w / 2, wide / 2);
            axis.apart(x + w / 2, right, wide - wide / 2 - 1);
        }
    }
    for wire in &layout.wires {
        for (a, b, has_head) in segments(wire) {
            if a.x == b.x {
                axis.take(Stretch {
                    from: a.x,
                    to: a.x,
                    across: near(a.y, b.y),
                    before: 0,
                });
                continue;
            }
            let (low, high) = ordered(a.x, b.x);
            axis.apart(low, high, if has_head { 2 } else { 1 });
            if has_head {
                axis.take(Stretch {
                    from: b.x,
                    to: b.x,
                    across: near(b.y, b.y),
                    before: 1,
                });
            }
        }
    }
    axis
}

/// What lies in the same columns stands in rows of its own.
fn rows_of(layout: &Layout, texts: &Texts, labels: &[Said<'_>], columns: &Cells) -> Axis {
    let mut axis = Axis::new(0, None);
    let between = |a: i32, b: i32| ordered(columns.of(a), columns.of(b));
    for node in &layout.nodes {
        let Rect { x, y, .. } = node.rect;
        let (bottom, across) = (node.rect.bottom(), between(x, node.rect.right()));
        let lines = count(texts.get(&node.number).map_or(&[][..], Vec::as_slice));
        let line = |from: i32, to: i32| Stretch {
            from,
            to,
            across,
            before: 0,
        };
        if is_frame(node) {
            let strip = y + node.art.strip();
            for y in [y, strip, bottom] {
                axis.take(line(y, y));
            }
            axis.apart(y, strip, lines + 1);
            axis.apart(strip, bottom, 1);
        } else {
            axis.take(line(y, bottom));
            axis.apart(y, bottom, if lines == 0 { 0 } else { lines + 1 });
        }
    }
    for Said { label, .. } in labels {
        let y = label.rect.middle();
        axis.take(Stretch {
            from: y,
            to: y,
            across: between(label.rect.x, label.rect.right()),
            before: 0,
        });
    }
    for wire in &layout.wires {
        for (a, b, has_head) in segments(wire) {
            if a.y == b.y {
                axis.take(Stretch {
                    from: a.y,
                    to: a.y,
                    across: between(a.x, b.x),
                    before: 0,
                });
                continue;
            }
            let (low, high) = ordered(a.y, b.y);
            axis.apart(low, high, if has_head { 2 } else { 1 });
            if has_head {
                axis.take(Stretch {
                    from: b.y,
                    to: b.y,
                    across: between(b.x, b.x),
                    before: 1,
                });
            }
        }
        let ends = [(wire.from, wire.points.first()), (wire.to, wire.points.last())];
        for (number, point) in ends {
            if let (Some(node), Some(point)) = (layout.node(number), point) {
                beside(&mut axis, node, *point, texts);
            }
        }
    }
    axis
}

/// A way that touches a box at its side does so between its borders, in the middle of its words.
fn beside(axis: &mut Axis, node: &Node, point: Point, texts: &Texts) {
    let rect = node.rect;
    let bottom = if is_frame(node) {
        rect.y + node.art.strip()
    } else {
        rect.bottom()
    };
    if point.y <= rect.y || point.y >= bottom {
        return;
    }
    let lines = count(texts.get(&node.number).map_or(&[][..], Vec::as_slice));
    axis.apart(rect.y, point.y, (lines + 1) / 2);
    axis.apart(point.y, bottom, 1);
}
