//! Definite assignment on the graph: what is sure to have run at each node. Finds references to steps that may not
//! have run, second answers, steps that can never run, and variables that two branches set.

use std::collections::{HashMap, HashSet};

use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::state::{State, missed};
use super::{FlowCheck, references};
use crate::diagnostic::Code;
use crate::expression::{Expression, ValueTemplate};
use crate::graph::{Edge, Flow, Node, Op, Region, WaitOp};
use crate::schema::TypeSet;
use crate::source::Span;
use crate::syntax::{Branch, Step, Verb};

pub(super) fn check(check: &mut FlowCheck<'_>) {
    let flow = &check.lowered.flow;
    let start = State::new(flow.steps.len(), flow.variables.len());
    let mut analysis = Analysis {
        first_slots: first_slots(check),
        check,
        flow,
        visited: HashSet::new(),
        loops: Vec::new(),
        watched: None,
        seen: None,
    };
    analysis.region(&flow.body, start.clone());
    if let Some(on_error) = &flow.on_error {
        analysis.region(on_error, after_anything(start));
    }
    let visited = analysis.visited;
    unreachable_steps(check, &visited);
    parallel_variables(check);
    lost_variables(check);
    if check.steps.iter().any(|step| matches!(step.verb, Verb::Invalid)) {
        // Where a step could not be read, nobody knows which ways go through it: no findings out of thin air.
        check.diagnostics.retain(|finding| {
            !matches!(
                finding.code,
                Code::MayNotHaveRun | Code::UnknownVariable | Code::SecondRespond
            )
        });
    }
}

/// What is known where a step is, and the slots of the loops around, outermost first.
pub(super) type Place = (State, Vec<std::ops::Range<u32>>);

/// What is known where the values of a step are worked out. Checks nothing. `None` where no way leads there.
pub(super) fn known_at(check: &mut FlowCheck<'_>, path: &str) -> Option<Place> {
    let flow = &check.lowered.flow;
    let start = State::new(flow.steps.len(), flow.variables.len());
    let mut analysis = Analysis {
        first_slots: first_slots(check),
        check,
        flow,
        visited: HashSet::new(),
        loops: Vec::new(),
        watched: Some(path),
        seen: None,
    };
    match &flow.on_error {
        Some(region) if path.starts_with("on_error/") => analysis.region(region, after_anything(start)),
        _ => analysis.region(&flow.body, start),
    };
    analysis.seen
}

fn first_slots(check: &FlowCheck<'_>) -> Vec<usize> {
    let mut count = 0;
    let steps = check.steps.iter().map(|step| {
        let first = count;
        count += usize::from(step.id.is_some());
        first
    });
    steps.collect()
}

/// In the flow's own handler anything may have run, and nothing is sure to have.
fn after_anything(mut state: State) -> State {
    state.possible.insert_range(..);
    state.maybe_set.insert_range(..);
    state
}

struct Analysis<'c, 'a> {
    check: &'c mut FlowCheck<'a>,
    flow: &'a Flow,
    visited: HashSet<NodeIndex>,
    /// The slots of the loops around, outermost first.
    loops: Vec<std::ops::Range<u32>>,
    /// Of each step, in document order, how many slots are given out before it.
    first_slots: Vec<usize>,
    /// The path of the step that is asked about; then nothing is checked.
    watched: Option<&'c str>,
    /// What is known there.
    seen: Option<Place>,
}

impl<'a> Analysis<'_, 'a> {
    /// Analyses a region; gives the state at its end, or nothing where its end is never reached.
    fn region(&mut self, region: &Region, state: State) -> Option<State> {
        let Some(entry) = region.entry else {
            return Some(state);
        };
        let flow = self.flow;
        let mut states: HashMap<NodeIndex, State> = HashMap::from([(entry, state)]);
        let mut end: Option<State> = None;
        for index in order(flow, entry) {
            let Some(state) = states.remove(&index) else {
                continue;
            };
            let Some(node) = flow.graph.node_weight(index) else {
                continue;
            };
            self.visited.insert(index);
            let mut reach = |target: Option<NodeIndex>, state: State| {
                let place = match target {
                    Some(target) => states.get_mut(&target),
                    None => end.as_mut(),
                };
                match (place, target) {
                    (Some(known), _) => known.meet(&state),
                    (None, Some(target)) => {
                        states.insert(target, state);
                    }
                    (None, None) => end = Some(state),
                }
            };
            for handler in &node.handlers {
                let mut failed = state.clone();
                if let Some(slot) = node.slot.filter(|_| handler.keeps_error) {
                    failed.attempt(slot);
                }
                failed.possible.insert_range(self.inner_slots(index));
                reach(handler.target, failed);
            }
            for (edge, out) in self.node(node, state) {
                reach(flow.successor(index, &edge), out);
            }
        }
        end
    }

    /// The slots of the step of a node and of all that stands in it: slots are given out in document order.
    fn inner_slots(&self, index: NodeIndex) -> std::ops::Range<usize> {
        let Some(origin) = self.check.lowered.origins.get(index.index()) else {
            return 0..0;
        };
        let Some((step, after)) = self.check.steps.get(origin.step..).and_then(<[_]>::split_first) else {
            return 0..0;
        };
        let own = step.path.as_str();
        let is_inside = |inner: &&&Step| {
            let rest = inner.path.strip_prefix(own);
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        let inside = after.iter().take_while(is_inside);
        let has_slot = |step: &&&Step| step.id.is_some();
        let count = [step].into_iter().chain(inside).filter(has_slot).count();
        let start = self.first_slots.get(origin.step).copied().unwrap_or(0);
        start..start + count
    }

    /// Whether a step that has succeeded has a result that is not null, so that its absence shows that it has not.
    fn gives_something(&self, slot: u32) -> bool {
        self.check
            .slot_steps
            .get(slot as usize)
            .and_then(|step| self.check.action(step))
            .is_some_and(|spec| !spec.output.view().types().overlaps(TypeSet::NULL))
    }

    /// Checks what a node uses, and gives the states after it, by way out.
    fn node(&mut self, node: &'a Node, mut state: State) -> Vec<(Edge, State)> {
        self.uses(node, &state);
        match &node.op {
            Op::If(condition) => {
                let (mut yes, mut no) = (state.clone(), state);
                yes.assume(condition, true);
                no.assume(condition, false);
                for (state, truth) in [(&mut yes, true), (&mut no, false)] {
                    for slot in missed(condition, truth) {
                        if self.gives_something(slot) {
                            state.miss(slot);
                        }
                    }
                }
                return vec![(Edge::Then, yes), (Edge::Else, no)];
            }
            Op::Switch { subject, cases } => {
                let mut outs: Vec<(Edge, State)> = (0..)
                    .zip(cases)
                    .map(|(index, _)| (Edge::Case(index), state.clone()))
                    .collect();
                // Where the cases name every value that the subject can have, one of them is always taken.
                let exhaustive = self
                    .check
                    .values_of(subject)
                    .is_some_and(|values| values.iter().all(|value| cases.contains(value)));
                if !exhaustive || node_has_default(self.check, node) {
                    outs.push((Edge::Default, state));
                }
                return outs;
            }
            Op::Return(_) | Op::Fail { .. } => return Vec::new(),
            Op::Parallel(branches) => {
                let mut after = state.clone();
                let mut ends = false;
                for branch in branches {
                    let mut from = state.clone();
                    // Another branch may have answered already.
                    from.responded = after.responded;
                    match self.region(&branch.region, from) {
                        Some(end) => after.join(&end),
                        None => ends = true,
                    }
                }
                // A branch that always ends the run leaves nothing to come after.
                if ends {
                    return Vec::new();
                }
                state = after;
            }
            Op::Block(region) => match self.region(region, state.clone()) {
                Some(end) => state = end,
                None => return Vec::new(),
            },
            Op::ForEach(each) => {
                self.loops.push(each.body.slots.clone());
                let end = self.region(&each.body, state.clone());
                if let Some(end) = end {
                    if let Some(result) = &each.result {
                        self.template(node, &end, result);
                    }
                    state.responded = state.responded.or(end.responded);
                }
                self.loops.pop();
            }
            Op::Set(variables) => {
                for (slot, _) in variables {
                    state.set.insert(*slot as usize);
                    state.maybe_set.insert(*slot as usize);
                }
            }
            Op::Respond { .. } | Op::Redirect { .. } => self.respond(node, &mut state),
            Op::Action(_) | Op::Wait(_) | Op::Call { .. } => {}
        }
        if let Some(slot) = node.slot {
            state.succeed(slot);
        }
        vec![(Edge::Next, state)]
    }

    fn respond(&mut self, node: &Node, state: &mut State) {
        if let Some(first) = state.responded {
            let source = std::sync::Arc::clone(self.check.source());
            let finding = self.check.report(
                Code::SecondRespond,
                verb_line(node.span, &source),
                "a second answer: the caller has its answer already on some way here",
            );
            *finding = finding
                .clone()
                .and_in(&source, verb_line(first, &source), "the first answer")
                .help("end the run with `return` or `fail` after the first, or put the second under `else`");
        } else if !self.loops.is_empty() {
            let source = std::sync::Arc::clone(self.check.source());
            self.check
                .report(
                    Code::SecondRespond,
                    verb_line(node.span, &source),
                    "a loop may answer more than once",
                )
                .help = Some("answer after the loop".to_owned());
        }
        state.responded = Some(state.responded.unwrap_or(node.span));
    }

    fn uses(&mut self, node: &Node, state: &State) {
        if let Some(path) = self.watched {
            if *node.path == *path && node.part.is_empty() {
                self.seen = Some((state.clone(), self.loops.clone()));
            }
            return;
        }
        match &node.op {
            Op::If(expression)
            | Op::Switch {
                subject: expression, ..
            } => {
                let tolerant = matches!(node.op, Op::If(_));
                self.expression(node, state, expression, tolerant);
            }
            Op::ForEach(each) => self.expression(node, state, &each.list, false),
            Op::Action(action) => self.template(node, state, &action.input),
            Op::Call { input, .. } => self.template(node, state, input),
            Op::Set(variables) => {
                // Each sees those before it.
                let mut state = state.clone();
                for (slot, value) in variables {
                    self.template(node, &state, value);
                    state.set.insert(*slot as usize);
                    state.maybe_set.insert(*slot as usize);
                }
            }
            Op::Respond {
                status,
                headers,
                body,
            } => {
                for part in [Some(status), Some(headers), body.as_ref()].into_iter().flatten() {
                    self.template(node, state, part);
                }
            }
            Op::Return(value)
            | Op::Redirect { to: value, .. }
            | Op::Wait(WaitOp::ForValue(value) | WaitOp::Until(value)) => self.template(node, state, value),
            Op::Fail {
                code,
                message,
                status,
                details,
            } => {
                for part in [code, message, status].into_iter().chain(details) {
                    self.template(node, state, part);
                }
            }
            Op::Wait(WaitOp::For(_)) | Op::Parallel(_) | Op::Block(_) => {}
        }
    }

    fn template(&mut self, node: &Node, state: &State, template: &ValueTemplate) {
        if self.watched.is_some() {
            return;
        }
        let mut expressions = Vec::new();
        template.templates(&mut |template| expressions.push(template));
        for template in expressions {
            let place = references::UsePlace {
                node,
                state,
                loops: &self.loops,
                tolerant: false,
            };
            references::template(self.check, &place, template);
        }
    }

    fn expression(&mut self, node: &Node, state: &State, expression: &Expression, tolerant: bool) {
        let place = references::UsePlace {
            node,
            state,
            loops: &self.loops,
            tolerant,
        };
        references::expression(self.check, &place, expression);
    }
}

/// Whether the `switch` of a node has a `default`.
fn node_has_default(check: &FlowCheck<'_>, node: &Node) -> bool {
    check
        .steps
        .iter()
        .any(|step| *step.path == *node.path && matches!(step.verb, Verb::Switch { default: Some(_), .. }))
}

/// The first line of a step.
fn verb_line(span: Span, source: &crate::source::Source) -> Span {
    let first = source.slice(span).lines().next().unwrap_or_default().len();
    Span::new(span.start as usize, span.start as usize + first)
}

/// The nodes of a region, each after all that lead to it. Bodies and branches are regions of their own.
fn order(flow: &Flow, entry: NodeIndex) -> Vec<NodeIndex> {
    let mut post = Vec::new();
    let mut seen = HashSet::new();
    let mut stack = vec![(entry, false)];
    while let Some((node, done)) = stack.pop() {
        if done {
            post.push(node);
            continue;
        }
        // Marked when it is visited, not when it is pushed: a node that two edges lead to must wait for both.
        if !seen.insert(node) {
            continue;
        }
        stack.push((node, true));
        for edge in flow.graph.edges(node) {
            let inner = matches!(edge.weight(), Edge::Branch(_) | Edge::Body);
            if !inner && !seen.contains(&edge.target()) {
                stack.push((edge.target(), false));
            }
        }
    }
    post.reverse();
    post
}

fn unreachable_steps(check: &mut FlowCheck<'_>, visited: &HashSet<NodeIndex>) {
    let reached: HashSet<usize> = visited
        .iter()
        .filter_map(|index| check.lowered.origins.get(index.index()))
        .map(|origin| origin.step)
        .collect();
    let mut reported: Vec<String> = Vec::new();
    for (index, step) in check.steps.clone().into_iter().enumerate() {
        if reached.contains(&index) || matches!(step.verb, Verb::Invalid) {
            continue;
        }
        // One finding for a whole tail of a list, and none for what stands inside it.
        let list = step.path.rsplit_once('/').map_or("", |(list, _)| list);
        if reported
            .iter()
            .any(|known| known == list || step.path.starts_with(&format!("{known}/")))
        {
            continue;
        }
        reported.push(list.to_owned());
        let place = verb_line(step.span, check.source());
        let handler = step.path.contains("/on_error/");
        let (message, help) = if handler {
            (
                "this handler can never run",
                "nothing in the step can fail this way",
            )
        } else {
            (
                "this step can never run",
                "every way to it ends before, by `return` or `fail`",
            )
        };
        check.report(Code::Unreachable, place, message).help = Some(help.to_owned());
    }
}

/// Two branches of one `parallel` that set the same variable: which of the two stands would be chance.
fn parallel_variables(check: &mut FlowCheck<'_>) {
    for step in check.steps.clone() {
        let Verb::Parallel { branches } = &step.verb else {
            continue;
        };
        let mut seen: HashMap<&str, (usize, Span)> = HashMap::new();
        for (number, branch) in branches.iter().enumerate() {
            for (name, span) in variables_of(branch) {
                match seen.get(name) {
                    Some((other, first)) if *other != number => {
                        let source = std::sync::Arc::clone(check.source());
                        let message = format!("two branches set `{name}` at the same time");
                        let finding = check.report(Code::BranchesSetSame, span, message);
                        *finding = finding
                            .clone()
                            .and_in(&source, *first, "also set here")
                            .help("give each branch a variable of its own");
                    }
                    Some(_) => {}
                    None => {
                        seen.insert(name, (number, span));
                    }
                }
            }
        }
    }
}

/// Variables that a loop sets over one from outside, and that are read as if that lasted: each element begins with the
/// value from before the loop, and so do the steps after it.
fn lost_variables(check: &mut FlowCheck<'_>) {
    let sets: Vec<(&str, &str, Span)> = check
        .steps
        .iter()
        .filter_map(|step| match &step.verb {
            Verb::Set { variables } => Some((step.path.as_str(), variables)),
            _ => None,
        })
        .flat_map(|(path, variables)| {
            variables
                .iter()
                .map(move |(name, _)| (path, name.value.as_str(), name.span))
        })
        .collect();
    let mut reported: HashSet<(String, &str)> = HashSet::new();
    for (path, name, place) in &sets {
        let Some((each, _)) = path.rsplit_once("/each/#/") else {
            continue;
        };
        let inside = |path: &str| {
            path.strip_prefix(each)
                .is_some_and(|rest| rest.starts_with("/each/"))
        };
        let same = || sets.iter().filter(|(_, other, _)| other == name);
        if !same().any(|(path, ..)| !inside(path)) {
            continue;
        }
        let is_first = !same().any(|(path, _, other)| inside(path) && other.start < place.start);
        let lost = check.variable_uses.iter().find(|used| {
            let accumulates = is_first && used.path == *path && used.span.start > place.start;
            let is_set_again = || {
                same().any(|(path, _, other)| {
                    !inside(path) && other.start > place.start && other.start < used.span.start
                })
            };
            let comes_after =
                !inside(&used.path) && used.path != each && used.span.start > place.start && !is_set_again();
            used.name == *name && (accumulates || comes_after)
        });
        let Some(lost) = lost.map(|used| used.span) else {
            continue;
        };
        if !reported.insert((each.to_owned(), name)) {
            continue;
        }
        let source = std::sync::Arc::clone(check.source());
        let message = format!(
            "`vars.{name}` is set for this element only: after it, the value from before the loop is back"
        );
        let finding = check.report(Code::LostVariable, *place, message);
        *finding = finding
            .clone()
            .and_in(&source, lost, "read here")
            .help("give each element's part with `yield`, and put the parts together after the loop");
    }
}

fn variables_of(branch: &Branch) -> Vec<(&str, Span)> {
    fn collect<'a>(step: &'a Step, found: &mut Vec<(&'a str, Span)>) {
        if let Verb::Set { variables } = &step.verb {
            found.extend(variables.iter().map(|(name, _)| (name.value.as_str(), name.span)));
        }
        // What a loop sets stays in the loop.
        if !matches!(step.verb, Verb::ForEach { .. }) {
            for list in crate::graph::nested_lists(step) {
                for inner in list {
                    collect(inner, found);
                }
            }
        }
    }
    let mut found = Vec::new();
    branch.steps.iter().for_each(|step| collect(step, &mut found));
    found
}
