//! Definite assignment against a model: random flows are walked on every path, with every outcome of every action.
//!
//! Sound: what the check lets through is never missing. Exact: what it refuses is missing on some path.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use lockgate_flow::diagnostic::Code;
use proptest::prelude::*;

/// A small language: what matters to definite assignment, and nothing else.
#[derive(Clone, Debug)]
enum Step {
    /// An action with an id; it may fail.
    Act {
        id: u8,
        handler: Handler,
        guarded: bool,
    },
    /// Uses the result of an action.
    Use(u8),
    /// Uses it where a condition has shown it to be there.
    UseIfThere(u8),
    /// Sets a variable.
    Set(u8),
    /// Uses a variable.
    Read(u8),
    If {
        then: Vec<Step>,
        otherwise: Vec<Step>,
        handler: Handler,
    },
    Switch {
        cases: Vec<Vec<Step>>,
        default: Option<Vec<Step>>,
    },
    Parallel(Vec<Vec<Step>>),
    Return,
    Fail,
}

#[derive(Clone, Debug)]
enum Handler {
    None,
    Continue,
    Steps(Vec<Step>),
}

fn steps(depth: u32) -> BoxedStrategy<Vec<Step>> {
    prop::collection::vec(step(depth), 0..3).boxed()
}

fn handler(depth: u32) -> BoxedStrategy<Handler> {
    let simple = prop_oneof![3 => Just(Handler::None), 1 => Just(Handler::Continue)];
    if depth == 0 {
        return simple.boxed();
    }
    prop_oneof![2 => simple, 1 => steps(depth - 1).prop_map(Handler::Steps)].boxed()
}

fn step(depth: u32) -> BoxedStrategy<Step> {
    let name = 0_u8..4;
    let leaf = prop_oneof![
        4 => (name.clone(), handler(0), any::<bool>()).prop_map(|(id, handler, guarded)| Step::Act { id, handler, guarded }),
        3 => name.clone().prop_map(Step::Use),
        1 => name.clone().prop_map(Step::UseIfThere),
        2 => name.clone().prop_map(Step::Set),
        2 => name.prop_map(Step::Read),
        1 => Just(Step::Return),
        1 => Just(Step::Fail),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let inner = depth - 1;
    prop_oneof![
        4 => leaf,
        2 => (0_u8..4, handler(depth), any::<bool>()).prop_map(|(id, handler, guarded)| Step::Act { id, handler, guarded }),
        2 => (steps(inner), steps(inner), handler(inner))
            .prop_map(|(then, otherwise, handler)| Step::If { then, otherwise, handler }),
        1 => (prop::collection::vec(steps(inner), 1..3), prop::option::of(steps(inner)))
            .prop_map(|(cases, default)| Step::Switch { cases, default }),
        1 => prop::collection::vec(steps(inner), 1..3).prop_map(Step::Parallel),
    ]
    .boxed()
}

/// Writes the flow. Every action gets an id of its own; a use of `n` means the last action of that number before it in
/// the text.
struct Writer {
    text: String,
    ids: u32,
    latest: BTreeMap<u8, u32>,
}

impl Writer {
    fn list(&mut self, steps: &mut [Step], indent: usize, named: &mut Names) {
        for step in steps {
            self.step(step, indent, named);
        }
    }

    fn line(&mut self, indent: usize, line: &str) {
        let _ = writeln!(self.text, "{}{line}", " ".repeat(indent));
    }

    fn block(&mut self, key: &str, steps: &mut [Step], indent: usize, named: &mut Names) {
        if steps.is_empty() {
            self.line(indent, &format!("{key}: []"));
        } else {
            self.line(indent, &format!("{key}:"));
            self.list(steps, indent + 2, named);
        }
    }

    fn handler(&mut self, handler: &mut Handler, indent: usize, named: &mut Names) {
        match handler {
            Handler::None => {}
            Handler::Continue => self.line(indent, "on_error: continue"),
            Handler::Steps(steps) => self.block("on_error", steps, indent, named),
        }
    }

    fn step(&mut self, step: &mut Step, indent: usize, named: &mut Names) {
        match step {
            Step::Act { id, handler, guarded } => {
                let own = self.ids;
                self.ids += 1;
                named.acts.push(own);
                if *guarded {
                    self.line(indent, "- if: input.flag");
                } else {
                    self.line(indent, "- notes: act");
                }
                self.line(indent, &format!("  id: s{own}"));
                self.line(indent, "  action: auth0.get_user");
                self.line(indent, "  with: { user_id: x }");
                self.latest.insert(*id, own);
                self.handler(handler, indent + 2, named);
            }
            Step::Use(id) => {
                let target = self.latest.get(id).copied();
                named.uses.push(target);
                match target {
                    Some(target) => self.line(
                        indent,
                        &format!(
                            "- {{ action: log, with: {{ message: \"{{{{steps.s{target}.user_id}}}}\" }} }}"
                        ),
                    ),
                    None => self.line(indent, "- { action: log, with: { message: x } }"),
                }
            }
            Step::UseIfThere(id) => {
                let target = self.latest.get(id).copied();
                named.uses.push(target);
                match target {
                    Some(target) => self.line(
                        indent,
                        &format!("- {{ if: exists steps.s{target}.user_id, action: log, with: {{ message: \"{{{{steps.s{target}.user_id}}}}\" }} }}"),
                    ),
                    None => self.line(indent, "- { action: log, with: { message: x } }"),
                }
            }
            Step::Set(name) => self.line(indent, &format!("- set: {{ v{name}: 1 }}")),
            Step::Read(name) => self.line(
                indent,
                &format!("- {{ action: log, with: {{ message: \"{{{{vars.v{name}}}}} read\" }} }}"),
            ),
            Step::If {
                then,
                otherwise,
                handler,
            } => {
                self.line(indent, "- if: input.flag");
                self.block("then", then, indent + 2, named);
                self.block("else", otherwise, indent + 2, named);
                self.handler(handler, indent + 2, named);
            }
            Step::Switch { cases, default } => {
                self.line(indent, "- switch: input.text");
                self.line(indent + 2, "cases:");
                for (number, case) in cases.iter_mut().enumerate() {
                    self.block(&format!("c{number}"), case, indent + 4, named);
                }
                if let Some(default) = default {
                    self.block("default", default, indent + 2, named);
                }
            }
            Step::Parallel(branches) => {
                self.line(indent, "- parallel:");
                for (number, branch) in branches.iter_mut().enumerate() {
                    self.block(&format!("b{number}"), branch, indent + 6, named);
                }
            }
            Step::Return => self.line(indent, "- return: x"),
            Step::Fail => self.line(indent, "- fail: { code: x, message: y }"),
        }
    }
}

/// The ids of actions and uses, in the order of the text, which is the order of the walk below.
#[derive(Default)]
struct Names {
    acts: Vec<u32>,
    uses: Vec<Option<u32>>,
}

/// What is there at a point of a path.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    steps: BTreeSet<u32>,
    variables: BTreeSet<u8>,
}

/// How a path leaves a list of steps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Exit {
    Next(Seen),
    Error(Seen),
    End,
}

/// Walks all paths at once: sets of states, which is exact because each choice is free.
struct Walk {
    acts: Vec<u32>,
    uses: Vec<Option<u32>>,
    next_act: usize,
    next_use: usize,
    /// Whether some path reaches a use whose value is missing.
    missing: bool,
    /// Whether a condition tests what is never there.
    pointless: bool,
}

type Exits = BTreeSet<Exit>;

impl Walk {
    fn list(&mut self, steps: &[Step], from: &BTreeSet<Seen>) -> Exits {
        let (mut states, mut out) = (from.clone(), Exits::new());
        for step in steps {
            let mut next = BTreeSet::new();
            for exit in self.step(step, &states) {
                match exit {
                    Exit::Next(seen) => {
                        next.insert(seen);
                    }
                    other => {
                        out.insert(other);
                    }
                }
            }
            states = next;
        }
        out.extend(states.into_iter().map(Exit::Next));
        out
    }

    /// Passes errors to a handler.
    fn handled(&mut self, exits: Exits, handler: &Handler) -> Exits {
        let (errors, mut out): (Exits, Exits) =
            exits.into_iter().partition(|exit| matches!(exit, Exit::Error(_)));
        let errors: BTreeSet<Seen> = errors
            .into_iter()
            .filter_map(|exit| match exit {
                Exit::Error(seen) => Some(seen),
                _ => None,
            })
            .collect();
        match handler {
            Handler::None => out.extend(errors.into_iter().map(Exit::Error)),
            Handler::Continue => out.extend(errors.into_iter().map(Exit::Next)),
            Handler::Steps(steps) => out.extend(self.list(steps, &errors)),
        }
        out
    }

    fn step(&mut self, step: &Step, from: &BTreeSet<Seen>) -> Exits {
        let stay = |from: &BTreeSet<Seen>| -> Exits { from.iter().cloned().map(Exit::Next).collect() };
        // Any step may fail by itself: its time may be over.
        let or_error = |exits: Exits| -> Exits {
            let errors: Exits = from.iter().cloned().map(Exit::Error).collect();
            exits.into_iter().chain(errors).collect()
        };
        match step {
            Step::Act { handler, guarded, .. } => {
                let own = self.acts[self.next_act];
                self.next_act += 1;
                let mut exits = Exits::new();
                for seen in from {
                    let mut done = seen.clone();
                    done.steps.insert(own);
                    exits.insert(Exit::Next(done));
                    exits.insert(Exit::Error(seen.clone()));
                    if *guarded {
                        exits.insert(Exit::Next(seen.clone()));
                    }
                }
                self.handled(exits, handler)
            }
            Step::Use(_) => {
                let target = self.uses[self.next_use];
                self.next_use += 1;
                if let Some(target) = target {
                    self.missing |= from.iter().any(|seen| !seen.steps.contains(&target));
                }
                or_error(stay(from))
            }
            Step::UseIfThere(_) => {
                let target = self.uses[self.next_use];
                self.next_use += 1;
                // A test of what never runs on a way that leads here is always false. The check may say so.
                if let Some(target) = target {
                    self.pointless |=
                        !from.is_empty() && from.iter().all(|seen| !seen.steps.contains(&target));
                }
                or_error(stay(from))
            }
            Step::Set(name) => {
                let set = from.iter().cloned().map(|mut seen| {
                    seen.variables.insert(*name);
                    Exit::Next(seen)
                });
                or_error(set.collect())
            }
            Step::Read(name) => {
                self.missing |= from.iter().any(|seen| !seen.variables.contains(name));
                or_error(stay(from))
            }
            Step::If {
                then,
                otherwise,
                handler,
            } => {
                let mut exits = self.list(then, from);
                exits.extend(self.list(otherwise, from));
                self.handled(or_error(exits), handler)
            }
            Step::Switch { cases, default } => {
                let mut exits = Exits::new();
                for case in cases {
                    exits.extend(self.list(case, from));
                }
                exits.extend(self.list(default.as_deref().unwrap_or_default(), from));
                or_error(exits)
            }
            Step::Parallel(branches) => {
                // The states after are all combinations of what the branches leave behind.
                let ends: Vec<Exits> = branches.iter().map(|branch| self.list(branch, from)).collect();
                let mut exits: Exits = from.iter().cloned().map(Exit::Error).collect();
                for seen in from {
                    let mut together = BTreeSet::from([seen.clone()]);
                    for branch in &ends {
                        let mut next = BTreeSet::new();
                        for before in &together {
                            for exit in branch {
                                if let Exit::Next(after) = exit
                                    && seen.steps.is_subset(&after.steps)
                                    && seen.variables.is_subset(&after.variables)
                                {
                                    let mut joined = before.clone();
                                    joined.steps.extend(&after.steps);
                                    joined.variables.extend(&after.variables);
                                    next.insert(joined);
                                }
                            }
                        }
                        together = next;
                    }
                    exits.extend(together.into_iter().map(Exit::Next));
                }
                exits
            }
            Step::Return | Step::Fail => Exits::from([Exit::End])
                .into_iter()
                .chain(or_error(Exits::new()))
                .collect(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, max_shrink_iters: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn definite_assignment_is_sound_and_exact(mut flow in prop::collection::vec(step(2), 1..5)) {
        let mut writer = Writer { text: "input: { flag: boolean, text: string }\nsteps:\n".to_owned(), ids: 0, latest: BTreeMap::new() };
        let mut names = Names::default();
        writer.list(&mut flow, 2, &mut names);
        // The number of states doubles with each action.
        prop_assume!(names.acts.len() <= 7);
        let mut walk = Walk { acts: names.acts, uses: names.uses, next_act: 0, next_use: 0, missing: false, pointless: false };
        walk.list(&flow, &BTreeSet::from([Seen::default()]));
        let findings = support::check_flow(&writer.text);
        let refused = findings.iter().any(|finding| {
            matches!(finding.code, Code::MayNotHaveRun | Code::LaterStep | Code::UnknownVariable)
        });
        let agrees = refused == walk.missing || (refused && walk.pointless);
        prop_assert!(agrees, "refused: {refused}, missing: {}\n{}\n{}", walk.missing, writer.text, support::shown(&findings));
    }
}
