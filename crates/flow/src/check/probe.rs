//! What the check knows at one place of a flow: for editors, who ask before anything is written there.
//!
//! A step that does nothing is put where the question is, and the flow is lowered with it. So the answer comes from the
//! rules that find mistakes, also in a flow with mistakes, and in a list of steps that is still empty.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use super::assignment::{Place, known_at};
use super::references::{in_handler, is_scheduled, is_shown, standing};
use super::state::State;
use super::{FlowCheck, Surroundings, secrets};
use crate::catalog::Catalog;
use crate::expression::Expression;
use crate::graph::{self, Lowered, Op};
use crate::source::Span;
use crate::syntax::{FlowSyntax, Handler, Step, Verb, path_segment};
use crate::yaml::Spanned;

pub(crate) use super::references::Standing;

/// Where expressions stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    /// In the values of a step: its own `if` has let it pass.
    Step(String),
    /// In the `if` of a step.
    Condition(String),
    /// In the `yield` of a loop.
    Yield(String),
    /// In a step that is not there yet: a list, and an index in it.
    New(String, usize),
}

/// A flow with a step put in where a question is.
#[derive(Debug)]
pub(crate) struct Probed {
    lowered: Lowered,
    config: Arc<Value>,
    path: String,
    /// Where the place is in the text, for what cannot be reached.
    at: u32,
}

impl Probed {
    /// Puts a step of this verb where the site is. `None` where there is no such place.
    pub(crate) fn new(
        syntax: &FlowSyntax,
        site: &Site,
        verb: Verb,
        catalog: &Catalog,
        config: &Arc<Value>,
    ) -> Option<Self> {
        let mut syntax = syntax.clone();
        let (path, at) = insert(&mut syntax, site, verb)?;
        // Nothing runs: no input is validated.
        let mut validators = catalog.actions().map(|spec| (spec.name.clone(), None)).collect();
        let lowered = graph::lower(syntax, catalog, config, &|_, _| None, &mut validators);
        Some(Self {
            lowered,
            config: Arc::clone(config),
            path,
            at,
        })
    }

    /// The operation of the step that was put in.
    pub(crate) fn op(&self) -> Option<&Op> {
        let mut nodes = self.lowered.flow.graph.node_weights();
        let own = nodes.find(|node| *node.path == *self.path && node.part.is_empty());
        own.map(|node| &node.op)
    }

    /// The flow with the step in it.
    pub(crate) fn flow(&self) -> &graph::Flow {
        &self.lowered.flow
    }

    /// What is known there.
    pub(crate) fn look<'a>(&'a self, catalog: &'a Catalog, is_known: bool) -> Probe<'a> {
        static NO_FLOWS: BTreeMap<String, super::Signature> = BTreeMap::new();
        let known = Surroundings {
            catalog,
            is_known,
            config: &self.config,
            signatures: &NO_FLOWS,
        };
        let mut check = FlowCheck::new(&self.lowered, known, BTreeMap::new());
        secrets::secret_variables(&mut check);
        let (state, loops) = known_at(&mut check, &self.path).unwrap_or_else(|| self.out_of_reach(&check));
        Probe {
            check,
            state,
            loops,
            path: &self.path,
        }
    }

    /// What no way leads to: whatever stands before it may have run.
    fn out_of_reach(&self, check: &FlowCheck<'_>) -> Place {
        let flow = &self.lowered.flow;
        let mut state = State::new(flow.steps.len(), flow.variables.len());
        for (slot, step) in check.slot_steps.iter().enumerate() {
            if step.span.start < self.at {
                state.possible.insert(slot);
            }
        }
        for step in check.steps.iter().filter(|step| step.span.start < self.at) {
            if let Verb::Set { variables } = &step.verb {
                for (name, _) in variables {
                    let slot = flow.variables.iter().position(|known| *known == name.value);
                    if let Some(slot) = slot {
                        state.maybe_set.insert(slot);
                    }
                }
            }
        }
        let loops = flow.graph.node_weights().filter_map(|node| match &node.op {
            Op::ForEach(each) => is_in_loop(&self.path, &node.path).then(|| each.body.slots.clone()),
            _ => None,
        });
        (state, loops.collect())
    }
}

/// Whether a path leads through the body of a loop.
fn is_in_loop(path: &str, each: &str) -> bool {
    path.strip_prefix(each)
        .is_some_and(|rest| rest.starts_with("/each/"))
}

/// What is known at one place.
pub(crate) struct Probe<'a> {
    pub(crate) check: FlowCheck<'a>,
    state: State,
    loops: Vec<Range<u32>>,
    path: &'a str,
}

impl<'a> Probe<'a> {
    /// How a step's result (or its error) stands; `text` is the path as it would be written.
    pub(crate) fn step(&self, slot: u32, text: &str, of_error: bool) -> Option<Standing> {
        standing(&self.check, (&self.state, &self.loops), text, slot, of_error)
    }

    /// How a variable stands.
    pub(crate) fn variable(&self, slot: u32) -> Standing {
        if self.state.set.contains(slot as usize) {
            Standing::Sure
        } else if self.state.maybe_set.contains(slot as usize) {
            Standing::Unsure
        } else {
            Standing::NotBefore
        }
    }

    /// A variable is set: by the step at which the place is, in front of it.
    pub(crate) fn assume_set(&mut self, name: &str) {
        let variables = &self.check.lowered.flow.variables;
        if let Some(slot) = variables.iter().position(|known| known == name) {
            self.state.set.insert(slot);
            self.state.maybe_set.insert(slot);
        }
    }

    /// Whether a condition has shown a path, or what is above it, to be there.
    pub(crate) fn is_shown(&self, text: &str) -> bool {
        is_shown(&self.state, text)
    }

    /// Whether exactly this path has been shown to be there.
    pub(crate) fn is_present(&self, text: &str) -> bool {
        self.state.present.contains(text)
    }

    /// How `request` stands; `None` without an HTTP trigger.
    pub(crate) fn request(&self) -> Option<Standing> {
        let is_sure = !is_scheduled(&self.check);
        let standing = if is_sure { Standing::Sure } else { Standing::Unsure };
        self.check.syntax.trigger.has_http.then_some(standing)
    }

    /// Whether `error` is in scope.
    pub(crate) fn is_in_handler(&self) -> bool {
        in_handler(self.path)
    }

    /// Whether the place is in the `on_error` of a step.
    pub(crate) fn handles(&self, step: &Step) -> bool {
        self.path
            .strip_prefix(step.path.as_str())
            .is_some_and(|rest| rest.starts_with("/on_error"))
    }

    /// The loops around, outermost first.
    pub(crate) fn loops_around(&self) -> Vec<&'a Step> {
        let around =
            |step: &&'a Step| matches!(step.verb, Verb::ForEach { .. }) && is_in_loop(self.path, &step.path);
        self.check.steps.iter().copied().filter(around).collect()
    }
}

/// Puts a step in; gives its path, and where it is in the text.
fn insert(syntax: &mut FlowSyntax, site: &Site, verb: Verb) -> Option<(String, u32)> {
    let (list, index) = match site {
        Site::Step(path) | Site::Condition(path) => path.rsplit_once('/')?,
        Site::Yield(path) => {
            // What `yield` gives is worked out when the steps of the loop have run.
            let list = format!("{path}/each/#/steps");
            return put(syntax, &list, usize::MAX, verb, None);
        }
        Site::New(list, index) => return put(syntax, list, *index, verb, None),
    };
    let index = index.parse().ok()?;
    let condition = match site {
        Site::Step(path) => {
            let steps = graph::flatten(syntax);
            let step = steps.iter().find(|step| step.path == *path);
            let guarded = step.filter(|step| !matches!(step.verb, Verb::Choose { .. }));
            guarded.and_then(|step| step.condition.clone())
        }
        _ => None,
    };
    put(syntax, list, index, verb, condition)
}

fn put(
    syntax: &mut FlowSyntax,
    list: &str,
    index: usize,
    verb: Verb,
    condition: Option<Spanned<Expression>>,
) -> Option<(String, u32)> {
    if list == "on_error" && syntax.on_error.is_none() {
        syntax.on_error = Some(Spanned::new(Vec::new(), Span::default()));
    }
    let end = u32::try_from(syntax.source.text().len()).unwrap_or(u32::MAX);
    let steps = find_list(syntax, list)?;
    let number = |step: &Step| {
        step.path
            .rsplit('/')
            .next()
            .and_then(|last| last.parse::<usize>().ok())
    };
    let position = steps
        .iter()
        .position(|step| number(step).is_some_and(|own| own >= index))
        .unwrap_or(steps.len());
    let at = match steps.get(position) {
        Some(next) => next.span.start,
        None => steps.last().map_or(end, |last| last.span.end),
    };
    // No step of the flow has this path: `?` stands in none.
    let path = format!("{list}/{position}?");
    steps.insert(position, probe(path.clone(), at, verb, condition));
    Some((path, at))
}

fn probe(path: String, at: u32, verb: Verb, condition: Option<Spanned<Expression>>) -> Step {
    let span = Span { start: at, end: at };
    Step {
        path,
        span,
        id: None,
        name: None,
        notes: None,
        condition,
        verb,
        verb_span: span,
        timeout: None,
        retry: None,
        on_error: None,
        secret: false,
    }
}

/// The list of steps with this structural path.
fn find_list<'s>(syntax: &'s mut FlowSyntax, list: &str) -> Option<&'s mut Vec<Step>> {
    let (root, steps) = if list.split('/').next() == Some("on_error") {
        ("on_error", &mut syntax.on_error.as_mut()?.value)
    } else {
        ("steps", &mut syntax.steps)
    };
    descend(root, steps, list)
}

fn descend<'s>(own: &str, steps: &'s mut Vec<Step>, list: &str) -> Option<&'s mut Vec<Step>> {
    if own == list {
        return Some(steps);
    }
    let leads_there = |path: &str| {
        list.strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let step = steps.iter_mut().find(|step| leads_there(&step.path))?;
    let inner = lists_of(step).into_iter().find(|(path, _)| leads_there(path))?;
    descend(&inner.0, inner.1, list)
}

/// The lists of steps in a step, with their structural paths.
fn lists_of(step: &mut Step) -> Vec<(String, &mut Vec<Step>)> {
    let path = &step.path;
    let named = |kind: &str, name: &str| format!("{path}/{kind}/{}", path_segment(name));
    let mut lists: Vec<(String, &mut Vec<Step>)> = match &mut step.verb {
        Verb::Choose { then, otherwise } => {
            vec![
                (format!("{path}/then"), then),
                (format!("{path}/else"), otherwise),
            ]
        }
        Verb::Switch { cases, default, .. } => {
            let cases = cases.iter_mut().map(|case| {
                let value = &case.value.value;
                let key = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                (named("cases", &key), &mut case.steps)
            });
            let rest = default.iter_mut().map(|steps| (format!("{path}/default"), steps));
            cases.chain(rest).collect()
        }
        Verb::Parallel { branches } => branches
            .iter_mut()
            .map(|branch| (named("parallel", &branch.name.value), &mut branch.steps))
            .collect(),
        Verb::ForEach { steps, .. } => vec![(format!("{path}/each/#/steps"), steps)],
        _ => Vec::new(),
    };
    for arm in step.on_error.iter_mut().flat_map(|on_error| &mut on_error.arms) {
        if let Handler::Steps(steps) = &mut arm.handler {
            let code = arm.code.as_ref().map_or("*", |code| code.value.as_str());
            lists.push((named("on_error", code), steps));
        }
    }
    for (own, steps) in &mut lists {
        // The steps know it better: a key may be written in several ways, and `on_error` may be a list itself.
        if let Some((list, _)) = steps.first().and_then(|first| first.path.rsplit_once('/')) {
            list.clone_into(own);
        }
    }
    lists
}
