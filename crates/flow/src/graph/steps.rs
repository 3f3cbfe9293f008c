//! Going through the steps of a syntax tree, and what a step is called.

use serde_json::Value;

use crate::syntax::{FlowSyntax, Handler, Step, Verb};

/// The steps of a flow in document order, nested ones after the step that holds them; the flow's handler last.
pub fn flatten(syntax: &FlowSyntax) -> Vec<&Step> {
    let mut steps = Vec::new();
    for step in syntax
        .steps
        .iter()
        .chain(syntax.on_error.iter().flat_map(|steps| &steps.value))
    {
        collect(step, &mut steps);
    }
    steps
}

fn collect<'a>(step: &'a Step, steps: &mut Vec<&'a Step>) {
    steps.push(step);
    for list in nested_lists(step) {
        for inner in list {
            collect(inner, steps);
        }
    }
}

/// The lists of steps that stand in a step: what its verb holds, then its handlers.
pub fn nested_lists(step: &Step) -> Vec<&[Step]> {
    let mut lists: Vec<&[Step]> = match &step.verb {
        Verb::Choose { then, otherwise } => vec![then, otherwise],
        Verb::Switch { cases, default, .. } => cases
            .iter()
            .map(|case| case.steps.as_slice())
            .chain(default.as_deref())
            .collect(),
        Verb::Parallel { branches } => branches.iter().map(|branch| branch.steps.as_slice()).collect(),
        Verb::ForEach { steps, .. } => vec![steps],
        _ => Vec::new(),
    };
    lists.extend(handler_lists(step));
    lists
}

pub(super) fn handler_lists(step: &Step) -> impl Iterator<Item = &[Step]> {
    step.on_error
        .iter()
        .flat_map(|on_error| &on_error.arms)
        .filter_map(|arm| match &arm.handler {
            Handler::Steps(steps) => Some(steps.as_slice()),
            Handler::Continue => None,
        })
}

/// Whether a step goes on after an error and leaves `steps.<id>.error` behind.
pub fn keeps_error(step: &Step) -> bool {
    step.on_error
        .iter()
        .flat_map(|on_error| &on_error.arms)
        .any(|arm| matches!(arm.handler, Handler::Continue))
}

/// What people see of a step: its name, its id, or its verb with what it is about.
pub fn title(step: &Step) -> String {
    if let Some(name) = &step.name {
        return name.clone();
    }
    if let Some(id) = &step.id {
        return id.value.clone();
    }
    match &step.verb {
        Verb::Action { action, .. } => action.value.clone(),
        Verb::Call { flow, .. } => format!("call {}", flow.value),
        Verb::Fail { code, .. } => match code.constant() {
            Some(Value::String(code)) => format!("fail {code}"),
            _ => "fail".to_owned(),
        },
        Verb::Set { variables } => {
            format!(
                "set {}",
                variables
                    .iter()
                    .map(|(name, _)| name.value.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        }
        verb => verb.name().to_owned(),
    }
}
