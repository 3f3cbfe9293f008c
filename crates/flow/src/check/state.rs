//! What is known at a point of a flow: which steps have run, which variables are set, whether it has answered.

use std::collections::{BTreeMap, BTreeSet};

use fixedbitset::FixedBitSet;

use crate::expression::{Expression, Slot};
use crate::source::Span;

/// The state at a point. Meeting two paths keeps what both promise and adds up what either may have done.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    /// Steps that have succeeded on every path.
    pub(super) succeeded: FixedBitSet,
    /// Steps that have run on every path, if only to fail and go on (`on_error: continue`).
    pub(super) attempted: FixedBitSet,
    /// Steps that have run on some path.
    pub(super) possible: FixedBitSet,
    /// Variables that are set on every path.
    pub(super) set: FixedBitSet,
    /// Variables that are set on some path.
    pub(super) maybe_set: FixedBitSet,
    /// By step: variables that are set on every path on which it has not succeeded, where those are more than `set`.
    without: BTreeMap<u32, FixedBitSet>,
    /// Paths that a condition has shown to be there.
    pub(super) present: BTreeSet<String>,
    /// A `respond` or `redirect` that some path has passed.
    pub(super) responded: Option<Span>,
}

impl State {
    pub(super) fn new(steps: usize, variables: usize) -> Self {
        Self {
            succeeded: FixedBitSet::with_capacity(steps),
            attempted: FixedBitSet::with_capacity(steps),
            possible: FixedBitSet::with_capacity(steps),
            set: FixedBitSet::with_capacity(variables),
            maybe_set: FixedBitSet::with_capacity(variables),
            without: BTreeMap::new(),
            present: BTreeSet::new(),
            responded: None,
        }
    }

    /// Where two paths join.
    pub(super) fn meet(&mut self, other: &Self) {
        let without = self.meet_without(other);
        self.succeeded.intersect_with(&other.succeeded);
        self.attempted.intersect_with(&other.attempted);
        self.possible.union_with(&other.possible);
        self.set.intersect_with(&other.set);
        self.maybe_set.union_with(&other.maybe_set);
        self.without = without;
        self.present.retain(|path| other.present.contains(path));
        self.responded = self.responded.or(other.responded);
    }

    /// What is set without a step where two paths join: one that has the step counts for nothing.
    fn meet_without(&self, other: &Self) -> BTreeMap<u32, FixedBitSet> {
        let mut both = self.set.clone();
        both.intersect_with(&other.set);
        let differing = self.succeeded.symmetric_difference(&other.succeeded);
        let steps: BTreeSet<u32> = differing
            .filter_map(|slot| u32::try_from(slot).ok())
            .chain(self.without.keys().copied())
            .chain(other.without.keys().copied())
            .collect();
        steps
            .into_iter()
            .filter_map(|slot| {
                let set = match (self.set_without(slot), other.set_without(slot)) {
                    (None, None) => return None,
                    (Some(set), None) | (None, Some(set)) => set,
                    (Some(mut set), Some(other)) => {
                        set.intersect_with(&other);
                        set
                    }
                };
                (!set.is_subset(&both)).then_some((slot, set))
            })
            .collect()
    }

    /// The variables that are set on every path on which a step has not succeeded; nothing where there is none.
    fn set_without(&self, slot: u32) -> Option<FixedBitSet> {
        if self.succeeded.contains(slot as usize) {
            return None;
        }
        let mut set = self.set.clone();
        if let Some(more) = self.without.get(&slot) {
            set.union_with(more);
        }
        Some(set)
    }

    /// Learns that a step has not succeeded.
    pub(super) fn miss(&mut self, slot: u32) {
        if let Some(more) = self.without.get(&slot) {
            self.set.union_with(more);
        }
    }

    /// After branches that have all run: what each did counts.
    pub(super) fn join(&mut self, branch: &Self) {
        self.succeeded.union_with(&branch.succeeded);
        self.attempted.union_with(&branch.attempted);
        self.possible.union_with(&branch.possible);
        self.set.union_with(&branch.set);
        self.maybe_set.union_with(&branch.maybe_set);
        for (slot, set) in &branch.without {
            let own = self.without.entry(*slot).or_default();
            own.grow(set.len());
            own.union_with(set);
        }
        self.responded = self.responded.or(branch.responded);
    }

    /// After a step that has succeeded.
    pub(super) fn succeed(&mut self, slot: u32) {
        self.succeeded.insert(slot as usize);
        self.attempt(slot);
    }

    /// After a step that has run.
    pub(super) fn attempt(&mut self, slot: u32) {
        self.attempted.insert(slot as usize);
        self.possible.insert(slot as usize);
    }

    /// Learns from a condition that came out as `truth`.
    pub(super) fn assume(&mut self, condition: &Expression, truth: bool) {
        match condition {
            Expression::Literal(_) => {}
            Expression::Path(path) => {
                if truth {
                    self.learn(path);
                } else {
                    self.learn_absent(path);
                }
            }
            Expression::Call(call) => {
                let arguments = call.arguments.iter();
                match (call.function.name, truth) {
                    ("and", true) | ("or", false) => {
                        arguments.for_each(|argument| self.assume(argument, truth));
                    }
                    ("not", truth) => arguments.for_each(|argument| self.assume(argument, !truth)),
                    ("exists", truth) => arguments.for_each(|argument| self.assume(argument, truth)),
                    ("is_empty", false) => arguments.for_each(|argument| self.assume(argument, true)),
                    // A comparison that takes no missing value has shown that its operands are there, or failed.
                    (
                        "eq" | "ne" | "lt" | "le" | "gt" | "ge" | "includes" | "starts_with" | "ends_with"
                        | "matches",
                        _,
                    ) => {
                        for argument in arguments {
                            self.assume_evaluated(argument);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// An expression has been evaluated without error: its strict references are there.
    fn assume_evaluated(&mut self, expression: &Expression) {
        if let Expression::Path(path) = expression {
            self.learn(path);
        }
    }

    fn learn(&mut self, path: &crate::expression::Path) {
        self.present.insert(path.text.to_string());
        match path.slot {
            Slot::StepError(slot) => self.attempt(slot),
            Slot::Step(slot) => self.succeed(slot),
            Slot::Var(slot) => self.set.insert(slot as usize),
            _ => {}
        }
    }

    /// A step that has run has either a result or an error: the absence of one shows the other.
    fn learn_absent(&mut self, path: &crate::expression::Path) {
        match path.slot {
            Slot::StepError(slot) if self.attempted.contains(slot as usize) => self.succeed(slot),
            Slot::Step(slot) if path.rest().is_empty() && self.attempted.contains(slot as usize) => {
                self.present.insert(format!("{}.error", path.text));
            }
            _ => {}
        }
    }
}

/// The steps that have no result where a condition came out as `truth`.
pub(super) fn missed(condition: &Expression, truth: bool) -> Vec<u32> {
    let Expression::Call(call) = condition else {
        return Vec::new();
    };
    match (call.function.name, truth, call.arguments.as_slice()) {
        ("exists", false, [Expression::Path(path)]) => match path.slot {
            Slot::Step(slot) if path.rest().is_empty() => vec![slot],
            _ => Vec::new(),
        },
        ("not", truth, [argument]) => missed(argument, !truth),
        ("and", true, arguments) | ("or", false, arguments) => arguments
            .iter()
            .flat_map(|argument| missed(argument, truth))
            .collect(),
        _ => Vec::new(),
    }
}
