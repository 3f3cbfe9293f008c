//! Draws what has its place.

use super::super::layout::{Form, Layout, Node, Point, Tone, Wire};
use super::canvas::{Canvas, Stroke};
use super::place::{Places, Spot};
use super::words;

/// The picture, a line for each row.
pub(super) fn draw(layout: &Layout, places: &Places) -> String {
    let mut canvas = Canvas::default();
    for node in &layout.nodes {
        if let Some(spot) = places.boxes.get(&node.number) {
            outline(&mut canvas, node, spot, places);
        }
    }
    for wire in &layout.wires {
        connect(&mut canvas, layout, wire, places);
    }
    for written in &places.labels {
        canvas.write(written.row, written.column, &written.text);
    }
    canvas.text()
}

fn outline(canvas: &mut Canvas, node: &Node, spot: &Spot, places: &Places) {
    let Spot {
        left,
        right,
        top,
        bottom,
        lines,
    } = spot;
    let (left, right, top, bottom) = (*left, *right, *top, *bottom);
    let form = node.art.form;
    let stroke = match form {
        Form::Join => Stroke::Heavy,
        Form::Pill | Form::End => Stroke::Round,
        _ => Stroke::Square,
    };
    canvas.line((top, left), (top, right), stroke);
    if top == bottom {
        return;
    }
    canvas.line((bottom, left), (bottom, right), stroke);
    canvas.line((top, left), (bottom, left), stroke);
    canvas.line((top, right), (bottom, right), stroke);
    if form == Form::Hexagon {
        for (row, column, corner) in [
            (top, left, '╱'),
            (top, right, '╲'),
            (bottom, left, '╲'),
            (bottom, right, '╱'),
        ] {
            canvas.put(row, column, corner);
        }
    }
    let mut first = top + 1;
    let rows = i32::try_from(lines.len()).unwrap_or(0);
    if matches!(form, Form::Frame | Form::ErrorFrame) {
        let strip = places.rows.of(node.rect.y + node.art.strip());
        canvas.line((strip, left), (strip, right), stroke);
    } else {
        // In the middle where the box is higher than its words.
        first += (bottom - top - 1 - rows).max(0) / 2;
    }
    for (row, line) in (first..).zip(lines) {
        let wide = i32::try_from(words::width(line)).unwrap_or(0);
        let column = if matches!(form, Form::Fork | Form::End) {
            left + (right - left + 1 - wide) / 2
        } else {
            left + 2
        };
        canvas.write(row, column, line);
    }
}

fn connect(canvas: &mut Canvas, layout: &Layout, wire: &Wire, places: &Places) {
    let stroke = if wire.tone == Tone::Error {
        Stroke::Dotted
    } else {
        Stroke::Round
    };
    let last = wire.points.len().saturating_sub(1);
    let mut cells: Vec<(i32, i32)> = wire
        .points
        .iter()
        .enumerate()
        .map(|(index, point)| {
            let row = places.rows.of(point.y);
            let at_end = match index {
                0 => side(layout, places, wire.from, *point),
                _ if index == last => side(layout, places, wire.to, *point),
                _ => None,
            };
            (row, at_end.unwrap_or_else(|| places.columns.of(point.x)))
        })
        .collect();
    // The head stands before the border.
    if wire.head
        && let [.., (ar, ac), (br, bc)] = cells.as_mut_slice()
    {
        let head = if ar == br {
            *bc -= (*bc - *ac).signum();
            '►'
        } else {
            *br -= 1;
            '▼'
        };
        canvas.put(*br, *bc, head);
    }
    for pair in cells.windows(2) {
        canvas.line(pair[0], pair[1], stroke);
    }
}

/// The column of the border that a way touches at a box's side; a box may be narrower than its pixels say.
fn side(layout: &Layout, places: &Places, number: usize, point: Point) -> Option<i32> {
    let (rect, spot) = (layout.node(number)?.rect, places.boxes.get(&number)?);
    if point.x == rect.x {
        Some(spot.left)
    } else if point.x == rect.right() {
        Some(spot.right)
    } else {
        None
    }
}
