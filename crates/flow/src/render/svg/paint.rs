//! Writes a laid-out picture as SVG.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::layout::{Art, Form, ICON, PADDING, height};
use super::super::layout::{Font, width};
use super::super::layout::{Label, Node, Point, Rect, Tone, Wire, at};
use super::super::layout::{Layout, is_frame};
use super::marks::{Mark, Marked};
use super::{SvgOptions, theme};

/// Radius of a connector's corners.
const BEND: i32 = 9;

/// The document.
pub(super) fn paint(layout: &Layout, options: &SvgOptions) -> String {
    let (w, h) = (layout.w, layout.h);
    let name = escape(&layout.name);
    let scheme = theme::class(options.scheme);
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"lockgate-flow {scheme}\" width=\"{w}\" height=\"{h}\" \
         viewBox=\"0 0 {w} {h}\" role=\"img\" aria-label=\"Flow {name}\">"
    );
    let _ = writeln!(out, "<title>{name}</title>");
    if let Some(description) = &layout.description {
        let _ = writeln!(out, "<desc>{}</desc>", escape(description));
    }
    let has_marks = !options.marks.is_empty();
    let _ = write!(
        out,
        "<style>\n{}</style>\n",
        theme::style(options.scheme, has_marks)
    );
    let marked = Marked::of(layout, &options.marks);
    let mark_of = |node: &Node| marked.nodes.get(&node.number).copied();
    if options.background {
        let _ = writeln!(
            out,
            "<rect class=\"ground\" width=\"{w}\" height=\"{h}\" rx=\"12\"/>"
        );
    }
    for (line, x, y) in &layout.heading {
        text(&mut out, *x, *y, line.font, "start", &line.text);
    }
    for node in layout.nodes.iter().filter(|node| is_frame(node)) {
        paint_node(&mut out, node, options, mark_of(node));
    }
    // What was taken lies over what was not, where their ways have joined.
    let mut wires: Vec<(&Wire, Option<Mark>)> =
        layout.wires.iter().zip(marked.wires.iter().copied()).collect();
    wires.sort_by_key(|(_, mark)| *mark == Some(Mark::Taken));
    // A label lies on ways out of one box only.
    let mut labels: BTreeMap<usize, Vec<Rect>> = BTreeMap::new();
    for label in &layout.labels {
        labels.entry(label.of.0).or_default().push(label.rect);
    }
    for (wire, mark) in wires {
        let labels = labels.get(&wire.from).map_or(&[][..], Vec::as_slice);
        paint_wire(&mut out, wire, layout, labels, mark);
    }
    for label in &layout.labels {
        paint_label(&mut out, label, marked.of_label(layout, label));
    }
    for node in layout.nodes.iter().filter(|node| !is_frame(node)) {
        paint_node(&mut out, node, options, mark_of(node));
    }
    out.push_str("</svg>\n");
    out
}

/// Put behind a class.
fn class_of(mark: Option<Mark>) -> String {
    mark.map_or_else(String::new, |mark| format!(" {}", mark.class()))
}

fn paint_node(out: &mut String, node: &Node, options: &SvgOptions, mark: Option<Mark>) {
    let Node {
        number, rect, art, ..
    } = node;
    let kind = art.card.kind.name();
    let (class, kind) = match art.form {
        Form::End => ("end", "end"),
        Form::Join => (kind, "join"),
        Form::ErrorFrame => (kind, "on_error"),
        _ => (kind, kind),
    };
    let _ = write!(
        out,
        "<g class=\"node {class}{}\" id=\"{}n{number}\" data-kind=\"{kind}\"",
        class_of(mark),
        escape(&options.id_prefix)
    );
    if !art.card.path.is_empty() {
        let _ = write!(out, " data-path=\"{}\"", escape(&art.card.path));
    }
    out.push_str(">\n");
    let said = mark.map(Mark::of_step);
    let hover: Vec<&str> = [
        Some(art.card.hover.as_str()).filter(|text| !text.is_empty()),
        said,
    ]
    .into_iter()
    .flatten()
    .collect();
    if !hover.is_empty() {
        let _ = writeln!(out, "<title>{}</title>", escape(&hover.join("\n")));
    }
    match art.form {
        Form::Card => {
            rounded(
                out,
                "shadow",
                Rect {
                    y: rect.y + 2,
                    ..*rect
                },
                10,
            );
            rounded(out, "box", *rect, 10);
            content(out, art, *rect, PADDING);
            fields(out, art, *rect);
        }
        Form::Hexagon => {
            let tip = 14;
            let points = [
                at(rect.x + tip, rect.y),
                at(rect.right() - tip, rect.y),
                at(rect.right(), rect.middle()),
                at(rect.right() - tip, rect.bottom()),
                at(rect.x + tip, rect.bottom()),
                at(rect.x, rect.middle()),
            ];
            for class in ["box", "tint"] {
                let _ = writeln!(
                    out,
                    "<path class=\"{class}\" stroke-linejoin=\"round\" d=\"{}\"/>",
                    polygon(&points)
                );
            }
            content(out, art, *rect, PADDING + 9);
        }
        Form::Pill => {
            let radius = (rect.h / 2).min(26);
            rounded(out, "box", *rect, radius);
            rounded(out, "tint", *rect, radius);
            content(out, art, *rect, PADDING);
        }
        Form::Fork => {
            rounded(out, "box", *rect, 8);
            rounded(out, "tint", *rect, 8);
            let mut y = rect.y + (rect.h - height(&art.lines)) / 2;
            for line in &art.lines {
                y += line.font.line_height();
                text(out, rect.x + rect.w / 2, y - 5, line.font, "middle", &line.text);
            }
        }
        Form::Join => rounded(out, "bar", *rect, 4),
        Form::Frame | Form::ErrorFrame => paint_frame(out, art, *rect),
        Form::End => {
            rounded(out, "box", *rect, rect.h / 2);
            for line in &art.lines {
                text(
                    out,
                    rect.x + rect.w / 2,
                    rect.middle() + 4,
                    line.font,
                    "middle",
                    &line.text,
                );
            }
        }
    }
    out.push_str("</g>\n");
}

fn paint_frame(out: &mut String, art: &Art, rect: Rect) {
    rounded(out, "frame", rect, 14);
    let strip = art.strip();
    let y = rect.y + strip;
    if rect.h > strip {
        let _ = writeln!(
            out,
            "<path class=\"rule\" d=\"M{} {y}H{}\"/>",
            rect.x,
            rect.right()
        );
    }
    content(out, art, Rect { h: strip, ..rect }, PADDING + 2);
}

/// The icon at the left and the lines beside it.
fn content(out: &mut String, art: &Art, rect: Rect, indent: i32) {
    let lines = height(&art.lines);
    // Where a list follows, the head stands at the top; else in the middle.
    let middle = if art.fields.is_empty() {
        rect.middle()
    } else {
        rect.y + PADDING + lines.max(ICON) / 2
    };
    let (x, y) = (rect.x + indent, middle - ICON / 2);
    let radius = if art.form == Form::Pill { ICON / 2 } else { 7 };
    rounded(
        out,
        "tile",
        Rect {
            x,
            y,
            w: ICON,
            h: ICON,
        },
        radius,
    );
    let _ = writeln!(
        out,
        "<path class=\"icon\" transform=\"translate({} {})\" d=\"{}\"/>",
        x + (ICON - 16) / 2,
        y + (ICON - 16) / 2,
        theme::icon(art.card.kind)
    );
    let mut baseline = middle - lines / 2;
    for line in &art.lines {
        baseline += line.font.line_height();
        text(
            out,
            x + ICON + PADDING - 1,
            baseline - 5,
            line.font,
            "start",
            &line.text,
        );
    }
}

fn fields(out: &mut String, art: &Art, rect: Rect) {
    if art.fields.is_empty() {
        return;
    }
    let column = art
        .fields
        .iter()
        .map(|(name, ..)| width(name, Font::Code))
        .max()
        .unwrap_or(0);
    let pitch = Font::Code.line_height();
    let list = i32::try_from(art.fields.len()).unwrap_or(0) * pitch;
    let mut y = rect.bottom() - PADDING - list + 3;
    let rule = y - 5;
    let _ = writeln!(
        out,
        "<path class=\"rule\" d=\"M{} {rule}H{}\"/>",
        rect.x + PADDING,
        rect.right() - PADDING
    );
    for (name, description, aside) in &art.fields {
        y += pitch;
        let x = rect.x + PADDING + 3;
        text(
            out,
            x,
            y - 4,
            if *aside { Font::Small } else { Font::Code },
            "start",
            name,
        );
        if !description.is_empty() {
            text(out, x + column + 14, y - 4, Font::Small, "start", description);
        }
    }
}

fn paint_wire(out: &mut String, wire: &Wire, layout: &Layout, labels: &[Rect], mark: Option<Mark>) {
    let path_of = |number: usize| layout.node(number).map_or("", |node| node.art.card.path.as_str());
    let tone = if wire.tone == Tone::Error {
        "edge error"
    } else {
        "edge"
    };
    let (from, to) = (escape(path_of(wire.from)), escape(path_of(wire.to)));
    let _ = write!(
        out,
        "<g class=\"{tone}{}\" data-from=\"{from}\" data-to=\"{to}\">",
        class_of(mark)
    );
    if let Some(mark) = mark {
        let _ = write!(out, "<title>{}</title>", mark.of_way());
    }
    let _ = write!(out, "<path class=\"wire\" d=\"{}\"/>", bent(&wire.points, labels));
    if wire.head
        && let [.., a, b] = wire.points.as_slice()
    {
        let (dx, dy) = ((b.x - a.x).signum(), (b.y - a.y).signum());
        let back = |far: i32, wide: i32| at(b.x - dx * far + dy * wide, b.y - dy * far + dx * wide);
        let _ = write!(
            out,
            "<path class=\"head\" d=\"{}\"/>",
            polygon(&[*b, back(8, 4), back(6, 0), back(8, -4)])
        );
    }
    out.push_str("</g>\n");
}

fn paint_label(out: &mut String, label: &Label, mark: Option<Mark>) {
    let Label {
        rect,
        text: words,
        tone,
        ..
    } = label;
    let tone = (*tone == Tone::Error).then_some("error");
    let classes: Vec<&str> = tone.into_iter().chain(mark.map(Mark::class)).collect();
    if classes.is_empty() {
        out.push_str("<g>");
    } else {
        let _ = write!(out, "<g class=\"{}\">", classes.join(" "));
    }
    text(
        out,
        rect.x + rect.w / 2,
        rect.middle() + 4,
        Font::Label,
        "middle",
        words,
    );
    out.push_str("</g>\n");
}

/// A line with rounded corners that leaves out what is under labels, so that labels need no ground of their own.
fn bent(points: &[Point], labels: &[Rect]) -> String {
    let mut path = String::new();
    let mut pen = None;
    for (index, point) in points.iter().enumerate() {
        let corner = index
            .checked_sub(1)
            .and_then(|before| points.get(before))
            .zip(points.get(index + 1));
        let Some((before, after)) = corner else {
            match pen {
                Some(pen) => straight(&mut path, pen, *point, labels),
                None => {
                    let _ = write!(path, "M{} {}", point.x, point.y);
                }
            }
            pen = Some(*point);
            continue;
        };
        let length = |a: &Point, b: &Point| (a.x - b.x).abs() + (a.y - b.y).abs();
        let bend = BEND.min(length(before, point) / 2).min(length(point, after) / 2);
        let toward = |to: &Point| {
            at(
                point.x + (to.x - point.x).signum() * bend,
                point.y + (to.y - point.y).signum() * bend,
            )
        };
        let (a, b) = (toward(before), toward(after));
        straight(&mut path, pen.unwrap_or(*before), a, labels);
        let _ = write!(path, "Q{} {} {} {}", point.x, point.y, b.x, b.y);
        pen = Some(b);
    }
    path
}

/// A straight line to `end`, lifted where a label lies on it. A line carries one label at most.
fn straight(path: &mut String, start: Point, end: Point, labels: &[Rect]) {
    let low = at(start.x.min(end.x), start.y.min(end.y));
    let high = at(start.x.max(end.x), start.y.max(end.y));
    let on = labels.iter().find(|rect| {
        low.x < rect.right()
            && rect.x < high.x.max(low.x + 1)
            && low.y < rect.bottom()
            && rect.y < high.y.max(low.y + 1)
    });
    if let Some(rect) = on {
        // A corner may begin under a label: then the line begins or ends there.
        let into = |x: i32, y: i32| at(x.clamp(low.x, high.x), y.clamp(low.y, high.y));
        let (near, far) = (into(rect.x, rect.y), into(rect.right(), rect.bottom()));
        let (lift, land) = if start.x <= end.x && start.y <= end.y {
            (near, far)
        } else {
            (far, near)
        };
        let _ = write!(path, "L{} {}M{} {}", lift.x, lift.y, land.x, land.y);
    }
    let _ = write!(path, "L{} {}", end.x, end.y);
}

fn polygon(points: &[Point]) -> String {
    let corners: Vec<String> = points
        .iter()
        .map(|point| format!("{} {}", point.x, point.y))
        .collect();
    format!("M{}Z", corners.join("L"))
}

fn rounded(out: &mut String, class: &str, rect: Rect, radius: i32) {
    let Rect { x, y, w, h } = rect;
    let _ = writeln!(
        out,
        "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"{radius}\"/>"
    );
}

fn text(out: &mut String, x: i32, y: i32, font: Font, anchor: &str, words: &str) {
    let anchor = if anchor == "start" {
        String::new()
    } else {
        format!(" text-anchor=\"{anchor}\"")
    };
    let _ = writeln!(
        out,
        "<text class=\"{}\" x=\"{x}\" y=\"{y}\"{anchor}>{}</text>",
        font.class(),
        escape(words)
    );
}

/// Text for XML: escaped, and without the characters that XML 1.0 §2.2 forbids.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(character),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            control if control.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}
