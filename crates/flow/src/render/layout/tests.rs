//! Properties of the layout over generated outlines: what the eye would notice, checked by arithmetic.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::super::generated::outline;
use super::super::outline::{Block, Outline, Shape};
use super::super::{Scheme, SvgOptions, svg_outline};
use super::card::{Art, Form, ICON, PADDING};
use super::geometry::{Node, Place, Point, Rect, Wire};
use super::text::width;
use super::whole::{Layout, LayoutOptions, is_frame};

/// The places that a list has, and those of the lists in it.
fn places(blocks: &[Block], list: &str, found: &mut Vec<Place>) {
    let mut reached = true;
    for (index, block) in blocks.iter().enumerate() {
        if reached {
            found.push(Place {
                list: list.to_owned(),
                index,
            });
        }
        reached = block.goes_on();
        places_inside(block, found);
    }
    if reached {
        found.push(Place {
            list: list.to_owned(),
            index: blocks.len(),
        });
    }
}

fn places_inside(block: &Block, found: &mut Vec<Place>) {
    match &block.shape {
        Shape::Plain => {}
        Shape::Choice(arms) | Shape::Parallel(arms) => {
            for arm in arms {
                match &arm.list {
                    Some(list) => places(&arm.body, list, found),
                    None => arm.body.iter().for_each(|inner| places_inside(inner, found)),
                }
            }
        }
        Shape::Loop(body) => places(body, &format!("{}/each/#/steps", block.card.path), found),
    }
    for handling in &block.handlers {
        if let Some(list) = &handling.list {
            places(&handling.body, list, found);
        }
    }
}

fn places_of(outline: &Outline) -> Vec<Place> {
    let mut found = Vec::new();
    places(&outline.body, "steps", &mut found);
    if !outline.on_error.is_empty() {
        places(&outline.on_error, "on_error", &mut found);
    }
    found.sort();
    found
}

/// The square around a point that reaches so far.
fn around(point: Point, reach: i32) -> Rect {
    Rect {
        x: point.x - reach,
        y: point.y - reach,
        w: 2 * reach,
        h: 2 * reach,
    }
}

/// A button of 20 pixels fits everywhere, lies on a connector, and stands for one place.
fn check_slots(layout: &Layout) -> Result<(), TestCaseError> {
    let page = Rect {
        x: 0,
        y: 0,
        w: layout.w,
        h: layout.h,
    };
    for (index, slot) in layout.slots.iter().enumerate() {
        let button = around(slot.point, 10);
        prop_assert!(contains(page, button), "{slot:?} leaves the page");
        let on = layout
            .wires
            .iter()
            .flat_map(segments)
            .any(|segment| contains(segment, around(slot.point, 0)));
        prop_assert!(on, "{slot:?} lies on no connector");
        for node in &layout.nodes {
            let rect = node.rect;
            let is_near = overlap(around(slot.point, 11), rect);
            let is_inside = is_frame(node) && contains(rect, around(slot.point, 11));
            prop_assert!(
                !is_near || is_inside,
                "{slot:?} is near {rect:?} {}",
                node.art.card.key
            );
        }
        for label in &layout.labels {
            prop_assert!(!overlap(button, label.rect), "{slot:?} lies on {label:?}");
        }
        for other in &layout.slots[index + 1..] {
            prop_assert!(
                !overlap(button, around(other.point, 10)),
                "{slot:?} and {other:?}"
            );
            prop_assert!(slot.place != other.place, "{slot:?} and {other:?}");
        }
    }
    Ok(())
}

/// Whether a box stands for a step, and not for a part of one or of the flow.
fn is_step(node: &Node) -> bool {
    let card = &node.art.card;
    card.key == card.path && card.path.contains('/')
}

fn overlap(a: Rect, b: Rect) -> bool {
    a.x < b.right() && b.x < a.right() && a.y < b.bottom() && b.y < a.bottom()
}

fn contains(outer: Rect, inner: Rect) -> bool {
    outer.x <= inner.x
        && inner.right() <= outer.right()
        && outer.y <= inner.y
        && inner.bottom() <= outer.bottom()
}

fn on_border(rect: Rect, point: Point) -> bool {
    let across = rect.x <= point.x && point.x <= rect.right();
    let along = rect.y <= point.y && point.y <= rect.bottom();
    (across && (point.y == rect.y || point.y == rect.bottom()))
        || (along && (point.x == rect.x || point.x == rect.right()))
}

/// The segments of a connector as boxes without width.
fn segments(wire: &Wire) -> impl Iterator<Item = Rect> {
    wire.points.windows(2).filter_map(|pair| {
        let [a, b] = pair else { return None };
        Some(Rect {
            x: a.x.min(b.x),
            y: a.y.min(b.y),
            w: (a.x - b.x).abs(),
            h: (a.y - b.y).abs(),
        })
    })
}

/// Whether a segment runs through the inside of a box.
fn crosses(segment: Rect, rect: Rect) -> bool {
    let inside = |low: i32, high: i32, from: i32, to: i32| low < to && from < high;
    let (x, y) = (segment.x, segment.y);
    if segment.w == 0 {
        rect.x < x && x < rect.right() && inside(y, segment.bottom(), rect.y, rect.bottom())
    } else {
        rect.y < y && y < rect.bottom() && inside(x, segment.right(), rect.x, rect.right())
    }
}

fn check(layout: &Layout) -> Result<(), TestCaseError> {
    let page = Rect {
        x: 0,
        y: 0,
        w: layout.w,
        h: layout.h,
    };
    let (frames, boxes): (Vec<_>, Vec<_>) = layout.nodes.iter().partition(|node| is_frame(node));
    let flat: Vec<Rect> = boxes
        .iter()
        .map(|node| node.rect)
        .chain(layout.labels.iter().map(|label| label.rect))
        .collect();
    for (index, a) in flat.iter().enumerate() {
        prop_assert!(contains(page, *a), "{a:?} lies outside {page:?}");
        for b in &flat[index + 1..] {
            prop_assert!(!overlap(*a, *b), "{a:?} and {b:?} overlap");
        }
    }
    for (index, frame) in frames.iter().enumerate() {
        prop_assert!(contains(page, frame.rect));
        for rect in flat
            .iter()
            .copied()
            .chain(frames[..index].iter().map(|other| other.rect))
        {
            let apart = !overlap(frame.rect, rect);
            prop_assert!(
                apart || contains(frame.rect, rect) || contains(rect, frame.rect),
                "{rect:?} {:?}",
                frame.rect
            );
        }
    }
    for label in &layout.labels {
        let Rect { x, y, w, h } = label.rect;
        let middle = Rect {
            x: x + w / 2,
            y: y + h / 2,
            w: 0,
            h: 0,
        };
        let on = layout
            .wires
            .iter()
            .flat_map(segments)
            .any(|segment| contains(segment, middle));
        prop_assert!(on, "{label:?} lies on no connector");
        for wire in layout.wires.iter().filter(|wire| wire.from != label.of.0) {
            let meets = segments(wire).any(|segment| crosses(segment, label.rect));
            prop_assert!(!meets, "{wire:?} runs through {label:?}");
        }
    }
    for node in &layout.nodes {
        let room = node.rect.w
            - if matches!(node.art.form, Form::Fork | Form::End) {
                16
            } else {
                ICON + 2 * PADDING
            };
        for line in &node.art.lines {
            prop_assert!(
                width(&line.text, line.font) <= room,
                "{line:?} does not fit {:?}",
                node.rect
            );
        }
    }
    for wire in &layout.wires {
        for (number, point) in [(wire.from, wire.points.first()), (wire.to, wire.points.last())] {
            let node = layout.nodes.iter().find(|node| node.number == number).unwrap();
            let point = *point.unwrap();
            // A frame's steps hang on the line under its title.
            let inside = is_frame(node)
                && contains(
                    node.rect,
                    Rect {
                        x: point.x,
                        y: point.y,
                        w: 0,
                        h: 0,
                    },
                );
            prop_assert!(
                inside || on_border(node.rect, point),
                "{wire:?} does not touch {:?}",
                node.rect
            );
        }
        for segment in segments(wire) {
            prop_assert!(segment.w == 0 || segment.h == 0, "{wire:?} is slanted");
            prop_assert!(contains(page, segment), "{wire:?} leaves the page");
            for node in &boxes {
                prop_assert!(
                    !crosses(segment, node.rect),
                    "{wire:?} runs through {:?}",
                    node.rect
                );
            }
        }
    }
    Ok(())
}

proptest! {
    // The same cases each time; `PROPTEST_RNG_SEED` and `PROPTEST_CASES` ask for others.
    #![proptest_config(ProptestConfig { cases: 192, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_overlaps_and_every_connector_touches_its_boxes(outline in outline()) {
        check(&Layout::of(&outline, &LayoutOptions { heading: true, ..LayoutOptions::default() }))?;
        check(&Layout::of(&outline, &LayoutOptions::default()))?;
    }

    #[test]
    fn a_step_can_be_put_wherever_a_way_leads(outline in outline()) {
        let layout = Layout::of(&outline, &LayoutOptions::default());
        check_slots(&layout)?;
        let mut found: Vec<Place> = layout.slots.iter().map(|slot| slot.place.clone()).collect();
        found.sort();
        prop_assert_eq!(found, places_of(&outline));
    }

    #[test]
    fn every_box_has_a_name_of_its_own(outline in outline()) {
        let layout = Layout::of(&outline, &LayoutOptions::default());
        let keys: BTreeSet<&str> = layout.nodes.iter().map(|node| node.art.card.key.as_str()).collect();
        prop_assert_eq!(keys.len(), layout.nodes.len());
    }

    #[test]
    fn what_is_collapsed_shows_nothing_of_its_inside(outline in outline(), picks in vec(any::<prop::sample::Index>(), 0..4)) {
        let open = Layout::of(&outline, &LayoutOptions::default());
        let collapsed: BTreeSet<String> = picks.iter().map(|pick| pick.get(&open.nodes).art.card.key.clone()).collect();
        let layout = Layout::of(&outline, &LayoutOptions { collapsed: collapsed.clone(), ..LayoutOptions::default() });
        check(&layout)?;
        check_slots(&layout)?;
        for node in &layout.nodes {
            let Art { card, is_collapsed, inside, .. } = &node.art;
            prop_assert_eq!(*is_collapsed, *inside > 0 && collapsed.contains(&card.key), "{}", card.key);
        }
        for shut in open.nodes.iter().filter(|node| node.art.inside > 0 && collapsed.contains(&node.art.card.key)) {
            let inside = format!("{}/", shut.art.card.key);
            prop_assert!(layout.nodes.iter().all(|node| !node.art.card.path.starts_with(&inside)), "{inside}");
            prop_assert!(layout.slots.iter().all(|slot| !slot.place.list.starts_with(&inside)), "{inside}");
        }
        let steps = |layout: &Layout| layout.nodes.iter().map(|node| usize::from(is_step(node)) + if node.art.is_collapsed { node.art.inside } else { 0 }).sum::<usize>();
        prop_assert_eq!(steps(&layout), steps(&open));
    }

    #[test]
    fn the_text_is_well_formed_and_the_same_each_time(outline in outline()) {
        let options = SvgOptions { scheme: Scheme::Dark, ..SvgOptions::default() };
        let text = svg_outline(&outline, &options);
        prop_assert_eq!(&text, &svg_outline(&outline, &options));
        let mut open: Vec<&str> = Vec::new();
        for piece in text.split('<').skip(1) {
            let (tag, words) = piece.split_once('>').ok_or_else(|| TestCaseError::fail(piece.to_owned()))?;
            prop_assert!(!words.chars().any(|c| c.is_control() && c != '\n'), "{words:?}");
            prop_assert_eq!(tag.matches('"').count() % 2, 0, "{}", tag);
            if let Some(name) = tag.strip_prefix('/') {
                prop_assert_eq!(open.pop(), Some(name));
            } else if !tag.ends_with('/') {
                open.extend(tag.split_whitespace().next());
            }
        }
        prop_assert!(open.is_empty(), "{open:?}");
    }
}
