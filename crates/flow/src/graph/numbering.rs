//! Slots for steps and variables.

use std::collections::HashMap;
use std::ops::Range;

use super::compiled::StepInfo;
use super::resolve::Names;
use super::steps::{keeps_error, nested_lists};
use crate::syntax::{FlowSyntax, Step, Verb};

/// Slots for steps and variables, given out in document order, so that every region has one range.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    pub(super) steps: Vec<StepInfo>,
    pub(super) variables: Vec<String>,
    pub(super) names: Names,
    /// Slot and index in document order, by the step's path.
    pub(super) by_path: HashMap<String, (Option<u32>, usize)>,
    /// Slot ranges, by the path of the first step of a list.
    lists: HashMap<String, Range<u32>>,
}

impl Numbering {
    pub(super) fn of(syntax: &FlowSyntax) -> Self {
        let mut numbering = Self::default();
        numbering.list(&syntax.steps);
        if let Some(steps) = &syntax.on_error {
            numbering.list(&steps.value);
        }
        numbering
    }

    fn next_slot(&self) -> u32 {
        u32::try_from(self.steps.len()).unwrap_or(u32::MAX)
    }

    fn list(&mut self, steps: &[Step]) {
        let start = self.next_slot();
        for step in steps {
            let slot = step.id.as_ref().map(|id| {
                let slot = self.next_slot();
                self.names.steps.entry(id.value.clone()).or_insert(slot);
                if keeps_error(step) {
                    self.names.keeping.insert(slot);
                }
                self.steps.push(StepInfo {
                    id: id.value.clone(),
                    path: step.path.clone(),
                    span: id.span,
                });
                slot
            });
            let index = self.by_path.len();
            self.by_path.insert(step.path.clone(), (slot, index));
            if let Verb::Set { variables } = &step.verb {
                for (name, _) in variables {
                    let next = u32::try_from(self.variables.len()).unwrap_or(u32::MAX);
                    if !self.names.variables.contains_key(&name.value) {
                        self.names.variables.insert(name.value.clone(), next);
                        self.variables.push(name.value.clone());
                    }
                }
            }
            for nested in nested_lists(step) {
                self.list(nested);
            }
        }
        if let Some(first) = steps.first() {
            self.lists.insert(first.path.clone(), start..self.next_slot());
        }
    }

    pub(super) fn range(&self, steps: &[Step]) -> Range<u32> {
        steps
            .first()
            .and_then(|first| self.lists.get(&first.path))
            .cloned()
            .unwrap_or(0..0)
    }
}
