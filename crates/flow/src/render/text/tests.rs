//! Whole flows as text, and over generated outlines what the eye would notice.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::super::generated::outline;
use super::super::layout::{Layout, LayoutOptions, is_frame};
use super::super::outline::{Card, Kind, Outline};
use super::place::{Places, Spot};
use super::{TextOptions, text, text_outline, words};
use crate::source::Source;
use crate::syntax::parse;

fn drawn(flow: &str, columns: usize) -> String {
    let parsed = parse(&Source::new("flow.yaml", flow));
    let options = TextOptions {
        columns,
        ..TextOptions::default()
    };
    text(&parsed.flow.unwrap(), &options)
}

#[test]
fn every_way_to_part_and_join() {
    let flow = super::super::tests::ALL_VERBS;
    insta::assert_snapshot!("all_verbs", drawn(flow, 140));
}

#[test]
fn the_columns_that_there_are_decide() {
    let flow = super::super::tests::SIGN_UP;
    for columns in [80, 120, 200] {
        let picture = drawn(flow, columns);
        let widest = picture.lines().map(words::width).max().unwrap();
        assert!(widest <= columns, "{widest}\n{picture}");
        insta::assert_snapshot!(format!("sign_up_{columns}"), picture);
    }
}

#[test]
fn wide_characters_take_two_columns() {
    let flow = r#"
name: 登録
description: "e\u0301tape, 日本語の説明文"
steps:
  - name: 利用者を作成する手順の長い名前です
    if: input.承認
    then: [{ name: "caf\u0065\u0301 ☕", set: { a: 1 } }]
    else: [{ return: 終わり }]
"#;
    insta::assert_snapshot!("wide_characters", drawn(flow, 80));
}

#[test]
fn nothing_steers_the_terminal() {
    let trigger = Card::of_flow("trigger", Kind::Trigger, "\u{1b}[2J\u{7}a\tb\u{202e}c\u{200e}");
    let hostile = Outline {
        name: "\u{1b}]0;title\u{7}".to_owned(),
        description: Some("a\u{8}\r\nb".to_owned()),
        trigger,
        input: vec![],
        body: vec![],
        on_error: vec![],
    };
    let picture = text_outline(&hostile, &TextOptions::default());
    assert!(
        picture.contains("» \u{fffd}[2J\u{fffd}a b\u{fffd}c\u{fffd}"),
        "{picture}"
    );
    assert!(
        !picture.contains(|c: char| c != '\n' && c.is_control()),
        "{picture:?}"
    );
}

fn meet(a: &Spot, b: &Spot) -> bool {
    a.left <= b.right && b.left <= a.right && a.top <= b.bottom && b.top <= a.bottom
}

/// The same as a box without lines.
fn boxed(row: i32, column: i32, text: &str) -> Spot {
    Spot {
        left: column,
        right: column + i32::try_from(words::width(text)).unwrap() - 1,
        top: row,
        bottom: row,
        lines: vec![],
    }
}

fn check(outline: &Outline, columns: usize) -> Result<(), TestCaseError> {
    let layout = Layout::of(outline, &LayoutOptions::default());
    let places = Places::fitting(&layout, columns);
    let said = |number: usize| layout.node(number).map_or("", |node| node.art.card.key.as_str());
    let is_around = |number: usize| layout.node(number).is_some_and(is_frame);
    for (number, spot) in &places.boxes {
        prop_assert!(spot.left >= 0 && spot.top >= 0);
        let rows = i32::try_from(spot.lines.len()).unwrap();
        prop_assert!(
            spot.bottom - spot.top > rows || rows == 0,
            "{} is too low",
            said(*number)
        );
        for line in &spot.lines {
            let wide = i32::try_from(words::width(line)).unwrap();
            prop_assert!(
                wide + 4 <= spot.right - spot.left + 1,
                "{line:?} does not fit {}",
                said(*number)
            );
        }
        for (other, beside) in places.boxes.range(number + 1..) {
            let inside = |a: &Spot, b: &Spot| {
                a.left < b.left && b.right < a.right && a.top + 1 < b.top && b.bottom < a.bottom
            };
            let is_in =
                (is_around(*number) && inside(spot, beside)) || (is_around(*other) && inside(beside, spot));
            prop_assert!(
                !meet(spot, beside) || is_in,
                "{} and {}",
                said(*number),
                said(*other)
            );
        }
    }
    for (index, label) in places.labels.iter().enumerate() {
        let label = boxed(label.row, label.column, &label.text);
        for (number, spot) in places.boxes.iter().filter(|(number, _)| !is_around(**number)) {
            prop_assert!(!meet(&label, spot), "a label and {}", said(*number));
        }
        for other in &places.labels[index + 1..] {
            prop_assert!(
                !meet(&label, &boxed(other.row, other.column, &other.text)),
                "two labels"
            );
        }
    }
    for wire in &layout.wires {
        let corners = || {
            wire.points
                .iter()
                .map(|point| (places.rows.of(point.y), places.columns.of(point.x)))
        };
        for ((ar, ac), (br, bc)) in corners().zip(corners().skip(1)) {
            prop_assert!(ar == br || ac == bc, "{wire:?} is slanted");
            for (number, spot) in places.boxes.iter().filter(|(number, _)| !is_around(**number)) {
                let crosses = if ar == br {
                    spot.top < ar && ar < spot.bottom && ac.min(bc) < spot.right && spot.left < ac.max(bc)
                } else {
                    spot.left < ac && ac < spot.right && ar.min(br) < spot.bottom && spot.top < ar.max(br)
                };
                let touches = [wire.from, wire.to].contains(number);
                prop_assert!(!crosses || touches, "{wire:?} runs through {}", said(*number));
            }
        }
    }
    Ok(())
}

proptest! {
    // The same cases each time; `PROPTEST_RNG_SEED` and `PROPTEST_CASES` ask for others.
    #![proptest_config(ProptestConfig { cases: 128, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_meets_in_the_grid(outline in outline(), columns in prop::sample::select(vec![40_usize, 80, 120, 200])) {
        check(&outline, columns)?;
    }

    #[test]
    fn lines_end_where_something_is_and_hold_what_they_should(outline in outline()) {
        let picture = text_outline(&outline, &TextOptions::default());
        prop_assert_eq!(&picture, &text_outline(&outline, &TextOptions::default()));
        for line in picture.lines() {
            prop_assert_eq!(line, line.trim_end());
            prop_assert!(!line.contains(char::is_control), "{:?}", line);
        }
        let layout = Layout::of(&outline, &LayoutOptions::default());
        let heads = layout.wires.iter().filter(|wire| wire.head).map(|wire| (wire.to, wire.points.last())).collect::<std::collections::BTreeSet<_>>();
        let drawn = picture.matches(['▼', '►']).count();
        prop_assert_eq!(drawn, heads.len());
    }
}
