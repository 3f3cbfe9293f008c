//! Names in expressions → slots.

use std::collections::HashMap;

use crate::expression::{Path, Slot};

/// A `for_each` around an expression.
#[derive(Clone, Debug)]
pub(super) struct Loop {
    /// `as`.
    pub(super) item: String,
}

/// The names of a flow.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) steps: HashMap<String, u32>,
    pub(super) variables: HashMap<String, u32>,
}

impl Names {
    /// The slot of a path, given the loops around it (outermost first). Unknown names stay unresolved; the
    /// checker reports them.
    pub(super) fn slot(&self, path: &Path, loops: &[Loop]) -> Slot {
        let Some(root) = path.root() else { return path.slot };
        let second = path.segments.get(1).map(ToString::to_string);
        let depth_of = |found: Option<usize>| found.and_then(|depth| u32::try_from(depth).ok());
        let item = depth_of(loops.iter().rposition(|around| around.item == root));
        if path.slot.is_block_local() && !path.bare_in_block {
            return path.slot;
        }
        if let Some(depth) = item {
            return Slot::Item(depth);
        }
        if path.slot.is_block_local() {
            return path.slot;
        }
        match root {
            "input" => Slot::Input,
            "config" => Slot::Config,
            "request" => Slot::Request,
            "run" => Slot::Run,
            "error" => Slot::Error,
            "index" => depth_of(loops.len().checked_sub(1)).map_or(Slot::Unresolved, Slot::Index),
            "steps" => second.and_then(|id| self.steps.get(&id)).map_or(Slot::Unresolved, |slot| Slot::Step(*slot)),
            "vars" => second.and_then(|name| self.variables.get(&name)).map_or(Slot::Unresolved, |slot| Slot::Var(*slot)),
            _ => Slot::Unresolved,
        }
    }
}
