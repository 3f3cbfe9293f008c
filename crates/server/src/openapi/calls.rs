//! What the flows that others `call` give back: a result, or an error of the calling step.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use lockgate_flow::graph::{Flow, Op};
use serde_json::{Value, json};

use super::components::{Components, describe, pascal_case};
use super::infer::Inference;
use super::places::Places;
use super::reach::{Caller, Failure, Failures, reach};
use super::schema::{is_worth_a_name, union};

/// The called flows, by name.
#[derive(Debug, Default)]
pub(super) struct Calls<'a>(HashMap<&'a str, Called<'a>>);

#[derive(Debug)]
struct Called<'a> {
    result: Value,
    failures: Failures<'a>,
}

impl<'a> Calls<'a> {
    /// Everything that is called from these flows, directly or by a called one.
    pub(super) fn of(
        roots: &[&'a Flow],
        flows: &BTreeMap<&'a str, &'a Arc<Flow>>,
        components: &mut Components,
    ) -> Self {
        let mut calls = Self::default();
        for flow in callees_first(roots, flows) {
            let called = Called::of(flow, &calls, components);
            calls.0.insert(&flow.name, called);
        }
        calls
    }

    /// The schema of what a flow returns.
    pub(super) fn result(&self, flow: &str) -> Option<&Value> {
        self.0.get(flow).map(|called| &called.result)
    }

    /// Adds the errors that a flow can end with, as errors of the step that calls it.
    pub(super) fn failures(&self, flow: &str, failures: &mut Failures<'a>) {
        if let Some(called) = self.0.get(flow) {
            let of_call = |(failure, when): (&Failure<'a>, &Cow<'a, str>)| (failure.of_call(), when.clone());
            failures.extend(called.failures.iter().map(of_call));
        } else {
            // One that is not there, or that calls itself: the checker reports both.
            let when = Cow::Borrowed("the flow that is called cannot be run");
            failures.insert(Failure::new(500, "unknown_flow"), when);
        }
    }
}

impl<'a> Called<'a> {
    fn of(flow: &'a Flow, calls: &Calls<'a>, components: &mut Components) -> Self {
        let reached = reach(flow, Caller::Flow, calls);
        let places = Places::of(flow);
        let mut inference = Inference::new(flow, &places, calls, components);
        let mut results = Vec::new();
        for index in reached.answers {
            if let Op::Return(template) = &flow.graph[index].op {
                results.push(inference.value(template, index));
            }
        }
        if reached.ends {
            results.push(json!({ "type": "null" }));
        }
        let mut result = union(results);
        if is_worth_a_name(&result) {
            let name = components.claim(&format!("{}Result", pascal_case(&flow.name)));
            describe(&mut result, &format!("What the flow `{}` returns.", flow.name));
            result = components.put(name, result);
        }
        Self {
            result,
            failures: reached.failures,
        }
    }
}

/// The flows that are called, each after those that it calls itself. A loop, not a recursion: a chain of calls may be as
/// long as there are flows.
fn callees_first<'a>(roots: &[&'a Flow], flows: &BTreeMap<&'a str, &'a Arc<Flow>>) -> Vec<&'a Flow> {
    enum Task<'a> {
        Enter(&'a Flow),
        Leave(&'a Flow),
    }
    let called = |flow: &'a Flow| {
        let names = flow.graph.node_weights().filter_map(|node| match &node.op {
            Op::Call { flow, .. } => Some(&**flow),
            _ => None,
        });
        names
            .filter_map(|name| flows.get(name))
            .map(|flow| Task::Enter(flow))
            .collect::<Vec<_>>()
    };
    let mut entered: HashSet<&str> = HashSet::new();
    let mut order = Vec::new();
    for root in roots {
        let mut todo = called(root);
        while let Some(task) = todo.pop() {
            match task {
                Task::Enter(flow) => {
                    if entered.insert(&flow.name) {
                        todo.push(Task::Leave(flow));
                        todo.extend(called(flow));
                    }
                }
                Task::Leave(flow) => order.push(flow),
            }
        }
    }
    order
}
