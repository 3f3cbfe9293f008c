//! The values of a run: one frame for a flow, and one for each branch and iteration that is under way.
//!
//! A branch reads the frames around it and writes its own only, so branches need no lock. Its frame holds the slots
//! of its own region, a contiguous range.

use std::ops::Range;

use lockgate_flow::expression::{Scope, Slot};
use serde_json::Value;
use smallvec::SmallVec;

use super::walk::Walker;

/// The values of one region.
pub(super) struct Frame<'a> {
    parent: Option<&'a Frame<'a>>,
    first_slot: u32,
    values: Vec<Option<Value>>,
    /// What `set` has set here, by variable.
    variables: Vec<(u32, Value)>,
    /// What steps with `on_error: continue` have left behind instead of a result, by slot: `{"error": …}`.
    failures: Vec<(u32, Value)>,
    /// The errors that handlers of this region were entered with, by the path of the step whose handler it is.
    errors: Vec<(&'a str, Value)>,
    iteration: Option<Iteration<'a>>,
    /// The loop indices of step keys, outermost first.
    pub(super) indices: SmallVec<[u32; 4]>,
}

/// Where a frame stands in a loop.
pub(super) struct Iteration<'a> {
    pub(super) depth: u32,
    pub(super) item: &'a Value,
    pub(super) index: Value,
}

/// What a branch leaves behind.
pub(super) struct Remains {
    first_slot: u32,
    values: Vec<Option<Value>>,
    variables: Vec<(u32, Value)>,
    failures: Vec<(u32, Value)>,
}

impl<'a> Frame<'a> {
    /// The frame of a flow.
    pub(super) fn root(slots: &Range<u32>) -> Self {
        Self::new(None, slots, None, SmallVec::new())
    }

    /// The frame of a region inside.
    pub(super) fn branch(parent: &'a Frame<'a>, slots: &Range<u32>) -> Self {
        Self::new(Some(parent), slots, None, parent.indices.clone())
    }

    /// The frame of one turn of a loop.
    pub(super) fn iteration(
        parent: &'a Frame<'a>,
        slots: &Range<u32>,
        iteration: Iteration<'a>,
        turn: u32,
    ) -> Self {
        let mut indices = parent.indices.clone();
        indices.push(turn);
        Self::new(Some(parent), slots, Some(iteration), indices)
    }

    fn new(
        parent: Option<&'a Frame<'a>>,
        slots: &Range<u32>,
        iteration: Option<Iteration<'a>>,
        indices: SmallVec<[u32; 4]>,
    ) -> Self {
        Self {
            parent,
            first_slot: slots.start,
            values: vec![None; slots.len()],
            variables: Vec::new(),
            failures: Vec::new(),
            errors: Vec::new(),
            iteration,
            indices,
        }
    }

    /// Sets a step's result. A slot belongs to the region that its step is in, so it is always one of this frame.
    pub(super) fn set(&mut self, slot: u32, value: Value) {
        let at = slot
            .checked_sub(self.first_slot)
            .and_then(|at| self.values.get_mut(at as usize));
        debug_assert!(at.is_some(), "slot {slot} is not of this region");
        if let Some(place) = at {
            *place = Some(value);
        }
    }

    /// A step has failed and the run goes on.
    pub(super) fn set_failure(&mut self, slot: u32, failure: Value) {
        self.failures.push((slot, failure));
    }

    pub(super) fn set_variable(&mut self, variable: u32, value: Value) {
        match self.variables.iter_mut().find(|(known, _)| *known == variable) {
            Some((_, place)) => *place = value,
            None => self.variables.push((variable, value)),
        }
    }

    /// A handler of the step at this path has been entered.
    pub(super) fn set_error(&mut self, owner: &'a str, error: Value) {
        self.errors.retain(|(known, _)| *known != owner);
        self.errors.push((owner, error));
    }

    pub(super) fn into_remains(self) -> Remains {
        Remains {
            first_slot: self.first_slot,
            values: self.values,
            variables: self.variables,
            failures: self.failures,
        }
    }

    /// Takes over what a branch has set.
    pub(super) fn merge(&mut self, remains: Remains) {
        for (slot, value) in (remains.first_slot..).zip(remains.values) {
            if let Some(value) = value {
                self.set(slot, value);
            }
        }
        for (variable, value) in remains.variables {
            self.set_variable(variable, value);
        }
        self.failures.extend(remains.failures);
    }

    fn around(&self) -> impl Iterator<Item = &Frame<'a>> {
        std::iter::successors(Some(self), |frame| frame.parent)
    }

    fn step(&self, slot: u32) -> Option<&Value> {
        self.around()
            .find_map(|frame| {
                let at = slot.checked_sub(frame.first_slot)?;
                frame.values.get(at as usize)
            })?
            .as_ref()
    }

    fn failure(&self, slot: u32) -> Option<&Value> {
        let mut failures = self.around().flat_map(|frame| &frame.failures);
        failures
            .find(|(failed, _)| *failed == slot)
            .map(|(_, failure)| failure)
    }

    fn variable(&self, variable: u32) -> Option<&Value> {
        self.around().find_map(|frame| {
            frame
                .variables
                .iter()
                .find(|(known, _)| *known == variable)
                .map(|(_, value)| value)
        })
    }

    fn in_loop(&self, depth: u32) -> Option<&Iteration<'a>> {
        self.around()
            .filter_map(|frame| frame.iteration.as_ref())
            .find(|iteration| iteration.depth == depth)
    }

    /// The error of the innermost handler that the step at this path stands in.
    fn error(&self, path: &str) -> Option<&Value> {
        self.around()
            .flat_map(|frame| &frame.errors)
            .filter(|(owner, _)| {
                owner.is_empty()
                    || path
                        .strip_prefix(owner)
                        .is_some_and(|rest| rest.starts_with("/on_error"))
            })
            .max_by_key(|(owner, _)| owner.len())
            .map(|(_, error)| error)
    }
}

/// What an expression of one node sees.
pub(super) struct View<'a, J> {
    pub(super) walker: &'a Walker<'a, J>,
    pub(super) frame: &'a Frame<'a>,
    /// The node's path: `error` depends on the handler that it stands in.
    pub(super) path: &'a str,
}

impl<J> Scope for View<'_, J> {
    fn root(&self, slot: Slot) -> Option<&Value> {
        match slot {
            Slot::Input => Some(self.walker.input),
            Slot::Step(slot) => self.frame.step(slot),
            // A result may have a field `error` of its own.
            Slot::StepError(slot) => self.frame.failure(slot).or_else(|| self.frame.step(slot)),
            Slot::Var(variable) => self.frame.variable(variable),
            Slot::Config => Some(&self.walker.flow.config),
            Slot::Request => self.walker.run.request.as_ref(),
            Slot::Run => Some(self.walker.run.as_value()),
            Slot::Error => self.frame.error(self.path),
            Slot::Item(depth) => self.frame.in_loop(depth).map(|iteration| iteration.item),
            Slot::Index(depth) => self.frame.in_loop(depth).map(|iteration| &iteration.index),
            Slot::Unresolved | Slot::Other(_) | Slot::Block(_) | Slot::BlockLocal(..) => None,
        }
    }
}
