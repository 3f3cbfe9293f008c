//! Syntax tree → [`Outline`].

use serde_json::Value;

use crate::graph::Edge;
use crate::source::Source;
use crate::syntax::{FlowSyntax, Handler, HandlerArm, OnError, Step, Verb, path_segment};
use crate::yaml::Spanned;

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
                subtitle,
                marks,
                hover,
                ..Card::of_flow("trigger", Kind::Trigger, &title)
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
        shape: shape(source, step),
        handlers: step
            .on_error
            .as_ref()
            .map(|on_error| handlings(source, on_error, &step.path))
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
        key: format!("{}?", step.path),
        path: step.path.clone(),
        id: step.id.as_ref().map(|id| id.value.clone()),
        span: Some(step.span),
        hover: format!("if {text}\n{}", step.path),
        subtitle: Some(text),
        code: true,
        ..Card::of_flow("", Kind::Decision, "if")
    };
    let arms = vec![
        Arm {
            label: "yes".to_owned(),
            way: Edge::Then,
            list: None,
            body: vec![inner],
        },
        Arm {
            label: "no".to_owned(),
            way: Edge::Else,
            list: None,
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
    let icon = match &step.verb {
        Verb::Action { action, .. } => action.value.split('.').next().unwrap_or_default(),
        _ => said.kind.name(),
    };
    Card {
        key: step.path.clone(),
        path: step.path.clone(),
        id: step.id.as_ref().map(|id| id.value.clone()),
        span: Some(step.span),
        kind: said.kind,
        icon: icon.to_owned(),
        title: plain(&title),
        subtitle,
        code,
        marks: wording::marks(step),
        hover: hover.join("\n"),
    }
}

fn shape(source: &Source, step: &Step) -> Shape {
    let list = |end: &str| Some(format!("{}/{end}", step.path));
    match &step.verb {
        Verb::Choose { then, otherwise } => Shape::Choice(vec![
            Arm {
                label: "yes".to_owned(),
                way: Edge::Then,
                list: list("then"),
                body: blocks(source, then),
            },
            Arm {
                label: "no".to_owned(),
                way: Edge::Else,
                list: list("else"),
                body: blocks(source, otherwise),
            },
        ]),
        Verb::Switch { cases, default, .. } => {
            let mut arms: Vec<Arm> = (0..)
                .zip(cases)
                .map(|(index, case)| Arm {
                    label: literal(&case.value.value),
                    way: Edge::Case(index),
                    list: list(&format!("cases/{}", path_segment(&key(source, &case.value)))),
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
                list: list("default"),
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
                    list: list(&format!("parallel/{}", path_segment(&branch.name.value))),
                    body: blocks(source, &branch.steps),
                })
                .collect(),
        ),
        Verb::ForEach { steps, .. } => Shape::Loop(blocks(source, steps)),
        _ => Shape::Plain,
    }
}

/// A case's key as it was read: of a text its value, of all else (`1`, `true`) as it is written.
fn key(source: &Source, value: &Spanned<Value>) -> String {
    match &value.value {
        Value::String(text) => text.clone(),
        _ => source.slice(value.span).to_owned(),
    }
}

fn handlings(source: &Source, on_error: &OnError, path: &str) -> Vec<Handling> {
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
                    list: None,
                    body: Vec::new(),
                },
                Handler::Steps(steps) => Handling {
                    label,
                    way,
                    list: Some(match &arm.code {
                        Some(code) => format!("{path}/on_error/{}", path_segment(&code.value)),
                        None if is_plain(source, on_error) => format!("{path}/on_error"),
                        None => format!("{path}/on_error/*"),
                    }),
                    body: blocks(source, steps),
                },
            }
        })
        .collect()
}

/// Whether `on_error` is a plain list of steps, not a map with `"*"`.
fn is_plain(source: &Source, on_error: &OnError) -> bool {
    let [
        HandlerArm {
            code: None,
            handler: Handler::Steps(steps),
        },
    ] = on_error.arms.as_slice()
    else {
        return false;
    };
    if let Some(step) = steps.first() {
        let list = step.path.rsplit_once('/').map_or("", |(list, _)| list);
        return list.ends_with("/on_error");
    }
    // An empty list can be written in one way only.
    let after = source
        .text()
        .get(on_error.span.end as usize..)
        .unwrap_or_default();
    after
        .lines()
        .map(|line| line.trim_start_matches([':', ' ', '\t']))
        .find(|line| !line.is_empty() && !line.starts_with('#'))
        .is_some_and(|line| line.starts_with('['))
}
