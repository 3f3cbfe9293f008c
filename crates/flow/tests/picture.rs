//! The picture of every flow that ships: where its boxes stand, and that a step can be put wherever a way leads.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lockgate_flow::render::picture::{Card, Form, SlotPlace, way_name};
use lockgate_flow::render::{Picture, PictureOptions, SvgOptions, TextOptions, picture, svg, text};
use lockgate_flow::source::Source;
use lockgate_flow::syntax::{FlowSyntax, Handler, Step, Verb, parse};

mod support;

fn read(path: &str, text: &str) -> FlowSyntax {
    let parsed = parse(&Source::new(path, text));
    parsed
        .flow
        .unwrap_or_else(|| panic!("{path}: {:#?}", parsed.diagnostics))
}

fn drawn(text: &str) -> Picture {
    picture(&read("flow.yaml", text), &PictureOptions::default())
}

/// The flows under a folder, by the paths of their files.
fn flows_in(folder: &Path, found: &mut BTreeMap<PathBuf, FlowSyntax>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            flows_in(&path, found);
        } else if folder.ends_with("flows")
            && path.extension() == Some("yaml".as_ref())
            && !name.ends_with(".test.yaml")
        {
            let text = std::fs::read_to_string(&path).unwrap();
            found.insert(path.clone(), read(&name, &text));
        }
    }
}

fn flows_of(folder: &str) -> BTreeMap<PathBuf, FlowSyntax> {
    let mut found = BTreeMap::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    flows_in(&root.join(folder), &mut found);
    assert!(!found.is_empty(), "{folder} has flows");
    found
}

/// A picture in a line for each part.
fn compact(picture: &Picture) -> String {
    let mut out = format!("{} × {}\n", picture.width, picture.height);
    for card in &picture.cards {
        let _ = write!(
            out,
            "{} [{} {} {}] {},{} {}×{}",
            card.key,
            card.form.name(),
            card.kind,
            card.icon,
            card.x,
            card.y,
            card.width,
            card.height
        );
        if let Some(parent) = &card.parent {
            let _ = write!(out, " in {parent}");
        }
        if card.can_collapse {
            let _ = write!(out, " hides {}", card.hides);
        }
        let lines: Vec<&str> = card.lines.iter().map(|line| line.text.as_str()).collect();
        let _ = writeln!(out, "  {}", lines.join(" | "));
    }
    for wire in &picture.wires {
        let points: Vec<String> = wire.points.iter().map(|[x, y]| format!("{x},{y}")).collect();
        let (arrow, way) = (if wire.is_error { "⇢" } else { "→" }, way_name(&wire.way));
        let _ = writeln!(
            out,
            "{} {arrow} {} {way}  {}",
            wire.from,
            wire.to,
            points.join(" ")
        );
    }
    for label in &picture.labels {
        let _ = writeln!(
            out,
            "“{}” {},{} of {} {}",
            label.text,
            label.x,
            label.y,
            label.of,
            way_name(&label.way)
        );
    }
    for SlotPlace { list, index, x, y } in &picture.slots {
        let _ = writeln!(out, "+ {list} {index}  {x},{y}");
    }
    out
}

#[test]
fn the_flows_that_ship() {
    for (path, flow) in flows_of("flows") {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        insta::assert_snapshot!(name, compact(&picture(&flow, &PictureOptions::default())));
    }
}

/// Whether a point lies on a line between corners.
fn is_on(points: &[[u32; 2]], [x, y]: [u32; 2]) -> bool {
    points.windows(2).any(|pair| {
        let ([ax, ay], [bx, by]) = (pair[0], pair[1]);
        (ax.min(bx)..=ax.max(bx)).contains(&x) && (ay.min(by)..=ay.max(by)).contains(&y)
    })
}

/// How far a point is from a card, along the axis on which it is farther; negative inside.
fn distance(card: &Card, slot: &SlotPlace) -> i64 {
    let outside = |at: u32, from: u32, length: u32| {
        let (at, from, to) = (i64::from(at), i64::from(from), i64::from(from + length));
        (from - at).max(at - to)
    };
    outside(slot.x, card.x, card.width).max(outside(slot.y, card.y, card.height))
}

fn check_slots(name: &str, picture: &Picture) {
    for (index, slot) in picture.slots.iter().enumerate() {
        let point = [slot.x, slot.y];
        assert!(
            picture.wires.iter().any(|wire| is_on(&wire.points, point)),
            "{name}: {slot:?}"
        );
        for card in &picture.cards {
            let is_frame = matches!(card.form, Form::Frame | Form::ErrorFrame);
            let far = distance(card, slot);
            assert!(
                far >= 11 || (is_frame && far <= -11),
                "{name}: {slot:?} is {far} from {}",
                card.key
            );
        }
        for other in &picture.slots[index + 1..] {
            let apart = slot.x.abs_diff(other.x).max(slot.y.abs_diff(other.y));
            assert!(apart >= 20, "{name}: {slot:?} {other:?}");
            assert!(
                (&slot.list, slot.index) != (&other.list, other.index),
                "{name}: {slot:?}"
            );
        }
    }
}

/// The lists of steps that there are, with the paths of their steps.
fn lists<'f>(list: &str, steps: &'f [Step], found: &mut BTreeMap<String, Vec<&'f Step>>) {
    for step in steps {
        let own = |end: &str| format!("{}/{end}", step.path);
        // A list that has steps has its path from them, whatever its key looks like.
        let of = |steps: &[Step], else_: String| {
            let path = steps.first().and_then(|first| first.path.rsplit_once('/'));
            path.map_or(else_, |(list, _)| list.to_owned())
        };
        match &step.verb {
            Verb::Choose { then, otherwise } => {
                lists(&own("then"), then, found);
                lists(&own("else"), otherwise, found);
            }
            Verb::Switch { cases, default, .. } => {
                for case in cases {
                    let key = case.value.value.as_str().unwrap_or_default();
                    lists(&of(&case.steps, own(&format!("cases/{key}"))), &case.steps, found);
                }
                lists(&own("default"), default.as_deref().unwrap_or_default(), found);
            }
            Verb::Parallel { branches } => {
                for branch in branches {
                    lists(
                        &own(&format!("parallel/{}", branch.name.value)),
                        &branch.steps,
                        found,
                    );
                }
            }
            Verb::ForEach { steps, .. } => lists(&own("each/#/steps"), steps, found),
            _ => {}
        }
        for arm in step.on_error.iter().flat_map(|on_error| &on_error.arms) {
            if let Handler::Steps(steps) = &arm.handler {
                let code = arm.code.as_ref().map_or("", |code| code.value.as_str());
                lists(&of(steps, own(&format!("on_error/{code}"))), steps, found);
            }
        }
    }
    assert!(
        found.insert(list.to_owned(), steps.iter().collect()).is_none(),
        "{list} twice"
    );
}

/// The slots are those of the lists that the reader knows, before each step by its path, and behind the last.
fn check_lists(name: &str, flow: &FlowSyntax, picture: &Picture) {
    let mut found = BTreeMap::new();
    lists("steps", &flow.steps, &mut found);
    if let Some(steps) = flow.on_error.as_ref().filter(|steps| !steps.value.is_empty()) {
        lists("on_error", &steps.value, &mut found);
    }
    let mut expected = BTreeSet::new();
    for (list, steps) in &found {
        for step in steps {
            let (before, index) = step.path.rsplit_once('/').unwrap();
            assert_eq!(before, list, "{name}");
            expected.insert((list.clone(), index.parse::<usize>().unwrap()));
        }
        expected.insert((list.clone(), steps.len()));
    }
    let slots: BTreeSet<(String, usize)> = picture
        .slots
        .iter()
        .map(|slot| (slot.list.clone(), slot.index))
        .collect();
    let strange: Vec<_> = slots.difference(&expected).collect();
    assert!(strange.is_empty(), "{name}: {strange:?}");
    // What is missing stands behind a step that ends the run: no way leaves it.
    for (list, index) in expected.difference(&slots) {
        let before = index.checked_sub(1).map(|before| format!("{list}/{before}"));
        let card = picture
            .cards
            .iter()
            .find(|card| Some(&card.key) == before.as_ref());
        let key = &card
            .unwrap_or_else(|| panic!("{name}: no slot at {list} {index}"))
            .key;
        let leaves = picture
            .wires
            .iter()
            .any(|wire| wire.from == *key && way_name(&wire.way) == "next");
        assert!(!leaves, "{name}: no slot at {list} {index}");
    }
}

#[test]
fn a_step_can_be_put_wherever_a_way_leads() {
    let mut all = flows_of("flows");
    all.extend(flows_of("scenarios"));
    all.insert(
        "everything".into(),
        read("everything.yaml", support::seeds::EVERYTHING),
    );
    for (path, flow) in all {
        let name = path.display().to_string();
        let open = picture(&flow, &PictureOptions::default());
        check_slots(&name, &open);
        check_lists(&name, &flow, &open);
        // All that can be is collapsed.
        let shut = open
            .cards
            .iter()
            .filter(|card| card.can_collapse)
            .map(|card| card.key.clone());
        let options = PictureOptions {
            collapsed: shut.collect(),
        };
        let shut = picture(&flow, &options);
        check_slots(&name, &shut);
        for card in &shut.cards {
            assert_eq!(card.hides > 0, card.can_collapse, "{name}: {}", card.key);
        }
    }
}

#[test]
fn every_card_tells_its_step() {
    let mut all = flows_of("flows");
    all.extend(flows_of("scenarios"));
    for (path, flow) in all {
        let picture = picture(&flow, &PictureOptions::default());
        let mut found = BTreeMap::new();
        lists("steps", &flow.steps, &mut found);
        if let Some(steps) = &flow.on_error {
            lists("on_error", &steps.value, &mut found);
        }
        let steps: BTreeMap<&str, &Step> = found
            .values()
            .flatten()
            .map(|step| (step.path.as_str(), *step))
            .collect();
        let mut keys = BTreeSet::new();
        for card in &picture.cards {
            assert!(keys.insert(&card.key), "{}: {} twice", path.display(), card.key);
            let Some(path) = &card.path else {
                assert_eq!((card.span, &card.id), (None, &None), "{}", card.key);
                continue;
            };
            let step = steps[path.as_str()];
            assert_eq!(card.span, Some(step.span));
            assert_eq!(card.id.as_ref(), step.id.as_ref().map(|id| &id.value));
            let is_condition = step.condition.is_some() && !matches!(step.verb, Verb::Choose { .. });
            let own = if card.kind == "if" && is_condition {
                format!("{path}?")
            } else {
                path.clone()
            };
            assert_eq!(card.key, own);
        }
        for path in steps.keys() {
            assert!(keys.contains(&(*path).to_owned()), "{path} has no card");
        }
        let parents = picture.cards.iter().filter_map(|card| card.parent.as_ref());
        assert!(parents.into_iter().all(|parent| keys.contains(parent)));
        for wire in &picture.wires {
            assert!(keys.contains(&wire.from) && keys.contains(&wire.to), "{wire:?}");
        }
        for label in &picture.labels {
            assert!(keys.contains(&label.of), "{label:?}");
        }
    }
}

/// The slots of a flow, each list with its places.
fn slots(text: &str) -> Vec<String> {
    let picture = drawn(text);
    check_slots(text, &picture);
    let mut found: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for slot in picture.slots {
        assert!(found.entry(slot.list).or_default().insert(slot.index));
    }
    let said = |(list, places): (String, BTreeSet<usize>)| {
        let places: Vec<String> = places.iter().map(ToString::to_string).collect();
        format!("{list} {}", places.join(" "))
    };
    found.into_iter().map(said).collect()
}

#[test]
fn lists_that_are_not_written_have_a_place_too() {
    for (text, expected) in [
        ("name: empty\nsteps: []\n", vec!["steps 0"]),
        (
            "steps:\n  - if: input.a\n    then: []\n",
            vec!["steps 0 1", "steps/0/else 0", "steps/0/then 0"],
        ),
        // A guard: its other way and the way on follow one another.
        (
            "steps:\n  - if: input.a\n    then: [{ return: 1 }]\n",
            vec!["steps 0 1", "steps/0/else 0", "steps/0/then 0"],
        ),
        // A detour.
        (
            "steps:\n  - if: input.a\n    else: [{ set: { a: 1 } }]\n",
            vec!["steps 0 1", "steps/0/else 0 1", "steps/0/then 0"],
        ),
        // Of an `if` beside another verb only the step as a whole has places around it.
        ("steps:\n  - if: input.a\n    set: { a: 1 }\n", vec!["steps 0 1"]),
        ("steps:\n  - if: input.a\n    return: 1\n", vec!["steps 0 1"]),
        (
            "steps:\n  - switch: input.a\n    cases:\n      pro: []\n      'a/b #1': []\n      1: []\n      true: []\n      \"02\": []\n",
            vec![
                "steps 0 1",
                "steps/0/cases/02 0",
                "steps/0/cases/1 0",
                "steps/0/cases/a%2Fb %231 0",
                "steps/0/cases/pro 0",
                "steps/0/cases/true 0",
                "steps/0/default 0",
            ],
        ),
        (
            "steps:\n  - parallel:\n      a: []\n      b: [{ fail: { code: x, message: y } }]\n",
            vec!["steps 0", "steps/0/parallel/a 0", "steps/0/parallel/b 0"],
        ),
        (
            "steps:\n  - for_each: input.a\n    steps: []\n",
            vec!["steps 0 1", "steps/0/each/#/steps 0"],
        ),
        (
            "steps:\n  - call: a\n    on_error: # now what\n      []\n",
            vec!["steps 0 1", "steps/0/on_error 0"],
        ),
        (
            "steps:\n  - call: a\n    on_error: { \"*\": [] }\n",
            vec!["steps 0 1", "steps/0/on_error/* 0"],
        ),
        (
            "steps:\n  - call: a\n    on_error: { \"*\": [{ wait: 1s }], timeout: continue, x: [] }\n",
            vec!["steps 0 1", "steps/0/on_error/* 0 1", "steps/0/on_error/x 0"],
        ),
        (
            "steps:\n  - call: a\n    on_error:\n      - wait: 1s\n",
            vec!["steps 0 1", "steps/0/on_error 0 1"],
        ),
        ("steps:\n  - call: a\n    on_error: continue\n", vec!["steps 0 1"]),
        // What could not be read keeps its number.
        ("steps:\n  - text\n  - call: a\n", vec!["steps 1 2"]),
        (
            "steps: []\non_error:\n  - wait: 1s\n",
            vec!["on_error 0 1", "steps 0"],
        ),
        ("steps:\n  - return: 1\n", vec!["steps 0"]),
    ] {
        assert_eq!(slots(text), expected, "{text}");
    }
}

const NESTED: &str = "
steps:
  - switch: input.plan
    cases:
      pro:
        - parallel:
            a: [{ set: { a: 1 } }, { set: { b: 2 } }]
            b: [{ return: 1 }]
    default:
      - return: 2
  - id: called
    call: other
    on_error:
      timeout: [{ wait: 1s }]
  - for_each: input.list
    steps: [{ set: { c: 1 } }]
on_error:
  - respond: { status: 500 }
";

#[test]
fn what_is_collapsed_is_one_card() {
    let flow = read("flow.yaml", NESTED);
    let shut = |keys: &[&str]| {
        let collapsed = keys.iter().map(|key| (*key).to_owned()).collect();
        picture(&flow, &PictureOptions { collapsed })
    };
    let can = |key: &str| {
        shut(&[])
            .cards
            .iter()
            .find(|card| card.key == key)
            .unwrap()
            .can_collapse
    };
    for key in ["steps/0", "steps/0/cases/pro/0", "steps/1", "steps/2", "on_error"] {
        assert!(can(key), "{key}");
    }
    for key in ["trigger", "steps/0/default/0", "steps/1/on_error/timeout/0"] {
        assert!(!can(key), "{key}");
    }
    let all = shut(&["steps/0", "steps/1", "steps/2", "on_error", "nowhere", "trigger"]);
    let hides: Vec<(&str, usize, Form)> = all
        .cards
        .iter()
        .map(|card| (card.key.as_str(), card.hides, card.form))
        .collect();
    assert_eq!(
        hides,
        [
            ("trigger", 0, Form::Card),
            ("steps/0", 5, Form::Card),
            ("steps/1", 1, Form::Card),
            ("steps/2", 1, Form::Card),
            ("end", 0, Form::End),
            ("on_error", 1, Form::Card),
        ]
    );
    insta::assert_snapshot!("collapsed", compact(&shut(&["steps/0/cases/pro/0", "steps/1"])));
}

#[test]
fn wide_flows_keep_everything_apart() {
    let mut switch = "steps:\n  - switch: input.a\n    cases:\n".to_owned();
    for case in 0..40 {
        let _ = writeln!(switch, "      case_{case}: [{{ set: {{ a: {case} }} }}]");
    }
    let mut parallel = "steps:\n  - parallel:\n".to_owned();
    for branch in 0..20 {
        let _ = writeln!(
            parallel,
            "      branch_{branch}: [{{ call: other }}, {{ wait: 1s }}]"
        );
    }
    for text in [switch, parallel] {
        let picture = drawn(&text);
        check_slots(&text, &picture);
        let rects: Vec<[u32; 4]> = picture
            .cards
            .iter()
            .map(|card| [card.x, card.y, card.width, card.height])
            .chain(
                picture
                    .labels
                    .iter()
                    .map(|label| [label.x, label.y, label.width, label.height]),
            )
            .collect();
        for (index, [ax, ay, aw, ah]) in rects.iter().enumerate() {
            for [bx, by, bw, bh] in &rects[index + 1..] {
                let meet = ax < &(bx + bw) && bx < &(ax + aw) && ay < &(by + bh) && by < &(ay + ah);
                assert!(!meet, "{:?}", rects[index]);
            }
        }
    }
}

/// Flows of about so many steps, each of another shape.
fn large(steps: usize) -> Vec<(&'static str, String)> {
    let repeated = |count: usize, step: &dyn Fn(usize) -> String| {
        (0..count).fold("steps:\n".to_owned(), |text, index| text + &step(index))
    };
    let mut nested = "steps:\n".to_owned();
    for index in 0..steps / 40 {
        let mut indent = "  ".to_owned();
        for depth in 0..20 {
            let _ = write!(
                nested,
                "{indent}- if: input.a\n{indent}  then:\n{indent}    - set: {{ a_{index}: {depth} }}\n"
            );
            indent += "    ";
        }
    }
    vec![
        (
            "plain",
            repeated(steps, &|index| {
                format!("  - name: Step {index} of a long flow\n    action: http.request\n")
            }),
        ),
        (
            "guards",
            repeated(steps / 2, &|_| {
                "  - if: input.a\n    then: [{ fail: { code: wrong, message: It is wrong. } }]\n".to_owned()
            }),
        ),
        (
            "handlers",
            repeated(steps / 4, &|_| {
                "  - call: other\n    on_error:\n      timeout: [{ wait: 1s }]\n      gone: [{ return: 1 }]\n      \"*\": [{ wait: 2s }]\n"
                    .to_owned()
            }),
        ),
        ("nested", nested),
        (
            "switch",
            "steps:\n  - switch: input.a\n    cases:\n".to_owned()
                + &(0..steps).fold(String::new(), |text, index| {
                    text + &format!("      c{index}: [{{ set: {{ a: 1 }} }}]\n")
                }),
        ),
        (
            "loops",
            repeated(steps / 4, &|_| {
                "  - for_each: input.list\n    steps:\n      - parallel:\n          a: [{ call: other }]\n          b: [{ call: other }]\n"
                    .to_owned()
            }),
        ),
    ]
}

#[test]
#[ignore = "measures: cargo test --release -p lockgate-flow --test picture -- --ignored --nocapture"]
#[expect(clippy::print_stderr, reason = "it is read by who runs it")]
fn how_long_large_flows_take() {
    for steps in [1000, 10_000] {
        for (name, written) in large(steps) {
            let flow = read("flow.yaml", &written);
            let best = (0..5)
                .map(|_| {
                    let start = std::time::Instant::now();
                    let drawn = picture(&flow, &PictureOptions::default());
                    (start.elapsed(), drawn.cards.len())
                })
                .min();
            let (time, cards) = best.unwrap();
            let timed = |draw: &dyn Fn() -> String| {
                let start = std::time::Instant::now();
                (draw().len(), start.elapsed())
            };
            let (svg, text) = (
                timed(&|| svg(&flow, &SvgOptions::default())),
                timed(&|| text(&flow, &TextOptions::default())),
            );
            eprintln!("{name}: {steps} steps, {cards} cards: {time:?}; SVG {svg:?}; text {text:?}");
        }
    }
}
