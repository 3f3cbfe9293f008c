//! Syntax tree → [`Outline`].

use crate::graph::Edge;
use crate::source::Source;
use crate::syntax::{FlowSyntax, Handler, OnError, Step, Verb};

use super::outline::{Arm, Block, Card, Handling, Kind, Outline, Shape};
use super::wording::{self, literal, plain, words, written};

impl Outline {
    /// Reads what is to be drawn from a flow's syntax.
    pub fn of(flow: &FlowSyntax) -> Self {
        let (title, subtitle, marks) = wording::trigger(&flow.trigger);
        let hover = [Some(title.clone()), subtitle.clone()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("\n");
        Self {
            name: flow.name.value.clone(),
            description: flow.description.as_deref().map(plain),
            trigger: Card {
                path: "trigger".to_owned(),
                kind: Kind::Trigger,
                title,
                subtitle,
                code: false,
                marks,
                hover,
            },
            input: flow.input.iter().map(wording::field).collect(),
            body: blocks(&flow.source, &flow.steps),
            on_error: flow
                .on_error
                .as_ref()
                .map(|steps| blocks(&flow.source, &steps.value))
                .unwrap_or_default(),
        }
    }
}

fn blocks(source: &Source, steps: &[Step]) -> Vec<Block> {
    steps.iter().map(|step| block(source, step)).collect()
}

/// `if` beside another verb and `if` with `then` are drawn alike: a decision whose `yes` holds the step.
fn block(source: &Source, step: &Step) -> Block {
    let inner = Block {
        card: card(source, step),
        shape: shape(source, &step.verb),
        handlers: step
            .on_error
            .as_ref()
            .map(|on_error| handlings(source, on_error))
            .unwrap_or_default(),
    };
    let Some(condition) = step
        .condition
        .as_ref()
        .filter(|_| !matches!(step.verb, Verb::Choose { .. }))
    else {
        return inner;
    };
    let text = written(source, condition.span);
    let card = Card {
        path: step.path.clone(),
        kind: Kind::Decision,
        hover: format!("if {text}\n{}", step.path),
        title: "if".to_owned(),
        subtitle: Some(text),
        code: true,
        marks: Vec::new(),
    };
    let arms = vec![
        Arm {
            label: "yes".to_owned(),
            way: Edge::Then,
            body: vec![inner],
        },
        Arm {
            label: "no".to_owned(),
            way: Edge::Else,
            body: Vec::new(),
        },
    ];
    Block {
        card,
        shape: Shape::Choice(arms),
        handlers: Vec::new(),
    }
}

fn card(source: &Source, step: &Step) -> Card {
    let said = words(source, step);
    let named = step
        .name
        .clone()
        .or_else(|| step.id.as_ref().map(|id| id.value.clone()));
    let mut hover: Vec<String> = Vec::new();
    hover.extend(named.clone());
    hover.push(said.what.clone());
    hover.extend(said.detail.clone());
    hover.extend(step.notes.as_deref().map(plain));
    hover.push(step.path.clone());
    // A decision and a loop are understood by their condition and list, whatever their name is.
    let (title, subtitle, code) = match (named, said.kind) {
        (Some(name), Kind::Decision | Kind::Switch) => (name, said.detail, true),
        (Some(name), Kind::Loop) => {
            let detail = said
                .detail
                .map(|detail| format!(" · {detail}"))
                .unwrap_or_default();
            (name, Some(format!("{}{detail}", said.what)), false)
        }
        (Some(name), Kind::Action) => (name, Some(said.what), true),
        (Some(name), _) => (name, Some(said.what), false),
        (None, kind) => (
            said.what,
            said.detail,
            !matches!(kind, Kind::Parallel | Kind::Loop | Kind::Fail),
        ),
    };
    Card {
        path: step.path.clone(),
        kind: said.kind,
        title: plain(&title),
        subtitle,
        code,
        marks: wording::marks(step),
        hover: hover.join("\n"),
    }
}

fn shape(source: &Source, verb: &Verb) -> Shape {
    match verb {
        Verb::Choose { then, otherwise } => Shape::Choice(vec![
            Arm {
                label: "yes".to_owned(),
                way: Edge::Then,
                body: blocks(source, then),
            },
            Arm {
                label: "no".to_owned(),
                way: Edge::Else,
                body: blocks(source, otherwise),
            },
        ]),
        Verb::Switch { cases, default, .. } => {
            let mut arms: Vec<Arm> = (0..)
                .zip(cases)
                .map(|(index, case)| Arm {
                    label: literal(&case.value.value),
                    way: Edge::Case(index),
                    body: blocks(source, &case.steps),
                })
                .collect();
            // Without a `default`, a value that no case equals goes straight on.
            let label = if default.is_some() { "default" } else { "no match" };
            let body = default
                .as_deref()
                .map(|steps| blocks(source, steps))
                .unwrap_or_default();
            arms.push(Arm {
                label: label.to_owned(),
                way: Edge::Default,
                body,
            });
            Shape::Choice(arms)
        }
        Verb::Parallel { branches } => Shape::Parallel(
            (0..)
                .zip(branches)
                .map(|(index, branch)| Arm {
                    label: branch.name.value.clone(),
                    way: Edge::Branch(index),
                    body: blocks(source, &branch.steps),
                })
                .collect(),
        ),
        Verb::ForEach { steps, .. } => Shape::Loop(blocks(source, steps)),
        _ => Shape::Plain,
    }
}

fn handlings(source: &Source, on_error: &OnError) -> Vec<Handling> {
    let alone = on_error.arms.len() == 1;
    (0..)
        .zip(&on_error.arms)
        .map(|(index, arm)| {
            let way = Edge::Error(index);
            let label = match &arm.code {
                Some(code) => code.value.clone(),
                None if alone => "any error".to_owned(),
                None => "other errors".to_owned(),
            };
            match &arm.handler {
                Handler::Continue => Handling {
                    label: format!("{label} · continue"),
                    way,
                    body: Vec::new(),
                },
                Handler::Steps(steps) => Handling {
                    label,
                    way,
                    body: blocks(source, steps),
                },
            }
        })
        .collect()
}
