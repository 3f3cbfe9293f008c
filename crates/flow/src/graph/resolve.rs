//! Names in expressions → slots.

use std::collections::{HashMap, HashSet};

use crate::expression::{Expression, Path, Segment, Slot};
use crate::syntax::{DataNode, FlowSyntax, Handler, Step, Verb, Wait};

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
    /// The slots of steps with `on_error: continue`.
    pub(super) keeping: HashSet<u32>,
    pub(super) variables: HashMap<String, u32>,
}

impl Names {
    /// The slot of a path, given the loops around it (outermost first). Unknown names stay unresolved; the
    /// checker reports them.
    pub(super) fn slot(&self, path: &Path, loops: &[Loop]) -> Slot {
        let Some(root) = path.root() else { return path.slot };
        let second = match path.segments.get(1) {
            Some(Segment::Key(name)) => Some(name.as_ref()),
            _ => None,
        };
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
            "steps" => second
                .and_then(|id| self.steps.get(id))
                .map_or(Slot::Unresolved, |slot| {
                    let error = path.segments.get(2) == Some(&Segment::Key("error".into()));
                    if error && self.keeping.contains(slot) {
                        Slot::StepError(*slot)
                    } else {
                        Slot::Step(*slot)
                    }
                }),
            "vars" => second
                .and_then(|name| self.variables.get(name))
                .map_or(Slot::Unresolved, |slot| Slot::Var(*slot)),
            _ => Slot::Unresolved,
        }
    }
}

/// Fills the slot of every path in a flow. Tells whether any of them is `request`.
pub(super) fn resolve(syntax: &mut FlowSyntax, names: &Names) -> bool {
    let mut resolver = Resolver {
        names,
        loops: Vec::new(),
        reads_request: false,
    };
    if let Some(concurrency) = &mut syntax.concurrency {
        resolver.optional(&mut concurrency.key);
    }
    resolver.steps(&mut syntax.steps);
    if let Some(steps) = &mut syntax.on_error {
        resolver.steps(&mut steps.value);
    }
    resolver.reads_request
}

struct Resolver<'a> {
    names: &'a Names,
    loops: Vec<Loop>,
    reads_request: bool,
}

impl Resolver<'_> {
    fn steps(&mut self, steps: &mut [Step]) {
        for step in steps {
            self.step(step);
        }
    }

    fn step(&mut self, step: &mut Step) {
        if let Some(condition) = &mut step.condition {
            self.expression(&mut condition.value);
        }
        match &mut step.verb {
            Verb::Action { with, .. } | Verb::Call { with, .. } => self.optional(with),
            Verb::Choose { then, otherwise } => {
                self.steps(then);
                self.steps(otherwise);
            }
            Verb::Switch {
                subject,
                cases,
                default,
            } => {
                self.expression(&mut subject.value);
                for case in cases {
                    self.steps(&mut case.steps);
                }
                self.steps(default.as_deref_mut().unwrap_or_default());
            }
            Verb::Parallel { branches } => {
                for branch in branches {
                    self.steps(&mut branch.steps);
                }
            }
            Verb::ForEach {
                list,
                item,
                steps,
                result,
                ..
            } => {
                self.expression(&mut list.value);
                self.loops.push(Loop {
                    item: item.value.clone(),
                });
                self.steps(steps);
                self.optional(result);
                self.loops.pop();
            }
            Verb::Set { variables } => variables.iter_mut().for_each(|(_, value)| self.data(value)),
            Verb::Wait(Wait::For(data) | Wait::Until(data)) => self.data(data),
            Verb::Respond {
                status,
                headers,
                body,
            } => {
                for part in [status, headers, body] {
                    self.optional(part);
                }
            }
            Verb::Return { value } => self.data(value),
            Verb::Redirect { to, .. } => self.data(to),
            Verb::Fail {
                code,
                message,
                status,
                details,
            } => {
                self.data(code);
                self.data(message);
                self.optional(status);
                self.optional(details);
            }
            Verb::Invalid => {}
        }
        for arm in step.on_error.iter_mut().flat_map(|on_error| &mut on_error.arms) {
            if let Handler::Steps(steps) = &mut arm.handler {
                self.steps(steps);
            }
        }
    }

    fn optional(&mut self, data: &mut Option<DataNode>) {
        if let Some(data) = data {
            self.data(data);
        }
    }

    fn data(&mut self, data: &mut DataNode) {
        data.paths_mut(&mut |path| self.path(path));
    }

    fn expression(&mut self, expression: &mut Expression) {
        expression.paths_mut(&mut |path| self.path(path));
    }

    fn path(&mut self, path: &mut Path) {
        path.slot = self.names.slot(path, &self.loops);
        self.reads_request |= path.slot == Slot::Request;
    }
}
