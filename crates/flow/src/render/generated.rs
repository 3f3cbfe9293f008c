//! Generated outlines, for the tests of all drawings.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::graph::Edge;

use super::outline::{Arm, Block, Card, Field, Handling, Kind, Outline, Shape};
use super::picture::way_name;

/// Any outline that the reader could give, with words that are hard to draw.
pub(super) fn outline() -> BoxedStrategy<Outline> {
    let field =
        (words(), words(), any::<bool>(), any::<bool>()).prop_map(|(name, description, optional, secret)| {
            Field {
                name,
                description,
                optional,
                secret,
            }
        });
    (
        words(),
        card(Just(Kind::Trigger)),
        vec(field, 0..14),
        vec(block(), 0..5),
        vec(block(), 0..2),
    )
        .prop_map(|(name, trigger, input, body, on_error)| Outline {
            description: Some(name.repeat(3)),
            name,
            trigger: Card {
                key: "trigger".to_owned(),
                path: "trigger".to_owned(),
                ..trigger
            },
            input,
            body: numbered(body, "steps"),
            on_error: numbered(on_error, "on_error"),
        })
        .boxed()
}

fn words() -> BoxedStrategy<String> {
    prop_oneof![
        "[a-z_]{1,12}",
        "[a-z ]{0,80}",
        "[A-Za-z0-9_./]{20,90}",
        Just("a <b> & \"c\" 'd' {{input.e}} ]]> --".to_owned()),
        Just("日本語のテキストと Überlänge … \u{1}".to_owned()),
    ]
    .boxed()
}

// Boxed, because the nested types of the strategies are larger than a test's stack.
fn card(kind: impl Strategy<Value = Kind> + 'static) -> BoxedStrategy<Card> {
    (
        kind,
        words(),
        proptest::option::of(words()),
        any::<bool>(),
        vec("[a-z ]{1,20}", 0..3),
    )
        .prop_map(|(kind, title, subtitle, code, marks)| Card {
            path: "steps/0".to_owned(),
            subtitle,
            code,
            marks,
            ..Card::of_flow("steps/0", kind, &title)
        })
        .boxed()
}

fn plain_kind() -> impl Strategy<Value = Kind> {
    use Kind::{Action, Call, Fail, Invalid, Redirect, Respond, Return, Set, Wait};
    prop::sample::select(vec![
        Action, Action, Action, Set, Wait, Call, Respond, Redirect, Return, Fail, Invalid,
    ])
}

fn block() -> BoxedStrategy<Block> {
    let plain = card(plain_kind()).prop_map(|card| Block {
        card,
        shape: Shape::Plain,
        handlers: Vec::new(),
    });
    let nested = plain.boxed().prop_recursive(4, 48, 4, |inner| {
        let arm = || (words(), vec(inner.clone(), 0..4)).prop_map(|(label, body)| Arm { label, body, way: Edge::Then, list: None }).boxed();
        let shape = prop_oneof![
            2 => card(plain_kind()).prop_map(|card| (card, Shape::Plain)),
            3 => (card(Just(Kind::Decision)), vec(arm(), 2)).prop_map(|(card, arms)| (card, Shape::Choice(arms))),
            1 => (card(Just(Kind::Switch)), vec(arm(), 0..5)).prop_map(|(card, arms)| (card, Shape::Choice(arms))),
            1 => (card(Just(Kind::Parallel)), vec(arm(), 0..5)).prop_map(|(card, arms)| (card, Shape::Parallel(arms))),
            1 => (card(Just(Kind::Loop)), vec(inner.clone(), 0..4)).prop_map(|(card, body)| (card, Shape::Loop(body))),
        ];
        // An `if` beside another verb; `numbered` gives both their path.
        let beside = (card(Just(Kind::Decision)), inner.clone()).prop_map(|(card, inner)| {
            let arms = [(Edge::Then, vec![inner]), (Edge::Else, vec![])];
            let arms = arms.map(|(way, body)| Arm { label: way_name(&way), way, list: None, body });
            Block { card: Card { key: "?".to_owned(), ..card }, shape: Shape::Choice(arms.into()), handlers: vec![] }
        });
        let handling = (words(), vec(inner.clone(), 0..3)).prop_map(|(label, body)| Handling { label, body, way: Edge::Error(0), list: None });
        let handlers = prop_oneof![2 => Just(Vec::new()), 1 => vec(handling, 1..4)];
        (shape.boxed(), handlers.boxed())
            .prop_map(|((card, shape), handlers)| Block { card, shape, handlers })
            .boxed()
            .prop_union(beside.boxed())
            .boxed()
    });
    nested.boxed()
}

/// Gives steps and lists the paths that the reader would give them.
fn numbered(blocks: Vec<Block>, list: &str) -> Vec<Block> {
    let of = |index: usize, block: Block| numbered_block(block, &format!("{list}/{index}"));
    blocks
        .into_iter()
        .enumerate()
        .map(|(index, block)| of(index, block))
        .collect()
}

fn numbered_block(mut block: Block, path: &str) -> Block {
    let is_condition = block.card.key == "?";
    block.card.path = path.to_owned();
    block.card.key = format!("{path}{}", if is_condition { "?" } else { "" });
    block.shape = match block.shape {
        Shape::Choice(mut arms) if is_condition => {
            for arm in &mut arms {
                arm.body = std::mem::take(&mut arm.body)
                    .into_iter()
                    // Of two `if` beside a verb, the inner one would be the same box.
                    .map(|inner| {
                        if inner.card.key == "?" {
                            plain_block()
                        } else {
                            inner
                        }
                    })
                    .map(|inner| numbered_block(inner, path))
                    .collect();
            }
            Shape::Choice(arms)
        }
        Shape::Choice(arms) => Shape::Choice(numbered_arms(arms, path, "cases")),
        Shape::Parallel(arms) => Shape::Parallel(numbered_arms(arms, path, "parallel")),
        Shape::Loop(body) => Shape::Loop(numbered(body, &format!("{path}/each/#/steps"))),
        Shape::Plain => Shape::Plain,
    };
    for (index, handling) in block.handlers.iter_mut().enumerate() {
        let list = format!("{path}/on_error/{index}");
        handling.body = numbered(std::mem::take(&mut handling.body), &list);
        handling.way = Edge::Error(u32::try_from(index).unwrap());
        // What has no steps is `continue` half of the time.
        handling.list = (!handling.body.is_empty() || handling.label.len() % 2 == 0).then_some(list);
    }
    block
}

fn numbered_arms(mut arms: Vec<Arm>, path: &str, of: &str) -> Vec<Arm> {
    for (index, arm) in arms.iter_mut().enumerate() {
        let list = format!("{path}/{of}/{index}");
        arm.body = numbered(std::mem::take(&mut arm.body), &list);
        arm.way = Edge::Case(u32::try_from(index).unwrap());
        arm.list = Some(list);
    }
    arms
}

fn plain_block() -> Block {
    Block {
        card: Card::of_flow("", Kind::Set, "set x"),
        shape: Shape::Plain,
        handlers: vec![],
    }
}
