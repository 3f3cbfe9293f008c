//! Which step of an edited flow is which step of the recorded one.
//!
//! A key tells where in its flow a step stands; a step that is put before others moves them all. So the lists of steps are
//! compared, list by list: what has the same id, the same text, the same action belongs together.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use lockgate_engine::step_key::StepKey;
use lockgate_flow::graph::{Flow, Op};

/// The steps of an edited flow, and of those that it calls. Without any, keys stay as they are.
#[derive(Debug, Default)]
pub(super) struct Alignment {
    /// By the flow's name; that of the flow itself is empty.
    flows: HashMap<String, Aligned>,
}

#[derive(Debug, Default)]
struct Aligned {
    /// From the path of a step to its path in the recorded flow; `None`: it is new.
    paths: HashMap<String, Option<String>>,
    /// The flows that steps call, by path.
    calls: HashMap<String, String>,
}

/// A step, as it is compared.
struct Step<'a> {
    path: &'a str,
    id: Option<&'a str>,
    what: String,
    is_action: bool,
    text: &'a str,
}

/// The steps of a flow: those of each list, in their order, by the list's path.
type Lists<'a> = HashMap<&'a str, Vec<Step<'a>>>;

impl Alignment {
    /// Compares two versions of a flow; `called` gives the two versions of a flow that both call.
    pub(super) fn of<'a>(
        recorded: &'a Flow,
        edited: &'a Flow,
        called: impl Fn(&str) -> Option<(&'a Arc<Flow>, &'a Arc<Flow>)>,
    ) -> Self {
        let mut flows = HashMap::new();
        let mut open = vec![(String::new(), recorded, edited)];
        while let Some((name, recorded, edited)) = open.pop() {
            if flows.contains_key(&name) {
                continue;
            }
            for call in edited.calls() {
                if let Some((recorded, edited)) = called(call) {
                    open.push((call.to_owned(), recorded, edited));
                }
            }
            flows.insert(name, Aligned::of(recorded, edited));
        }
        Self { flows }
    }

    /// The key that the step had when it was recorded; a key that no step had, where it is new.
    pub(super) fn recorded_key(&self, key: &StepKey<'_>) -> String {
        if self.flows.is_empty() {
            return key.to_string();
        }
        let Some((text, aligned)) = self.path(key) else {
            return new_key(key);
        };
        let Some(path) = aligned.map_or_else(|| Some(key.path.to_owned()), |aligned| aligned.path(key.path))
        else {
            return new_key(key);
        };
        let moved = StepKey {
            parent: None,
            path: &path,
            indices: key.indices,
            part: key.part,
        };
        format!("{text}{moved}")
    }

    /// What stands before a key in its flow, and the alignment of that flow; `None` where the call is new.
    fn path(&self, key: &StepKey<'_>) -> Option<(String, Option<&Aligned>)> {
        let Some(parent) = key.parent else {
            return Some((String::new(), self.flows.get("")));
        };
        let (mut text, around) = self.path(parent)?;
        let called = around.and_then(|around| around.calls.get(parent.path));
        let path = around.map_or_else(|| Some(parent.path.to_owned()), |around| around.path(parent.path))?;
        let moved = StepKey {
            parent: None,
            path: &path,
            indices: parent.indices,
            part: "",
        };
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{moved}/call/");
        Some((text, called.and_then(|name| self.flows.get(name))))
    }
}

/// A key that is recorded nowhere.
fn new_key(key: &StepKey<'_>) -> String {
    format!("new:{key}")
}

impl Aligned {
    fn of(recorded: &Flow, edited: &Flow) -> Self {
        let (was, is) = (lists(recorded), lists(edited));
        let mut aligned = Self::default();
        for list in ["steps", "on_error"] {
            aligned.align(&was, &is, list, list);
        }
        for steps in is.values() {
            for step in steps {
                aligned.paths.entry(step.path.to_owned()).or_insert(None);
            }
        }
        for node in edited.graph.node_weights() {
            if let Op::Call { flow, .. } = &node.op {
                aligned.calls.insert(node.path.to_string(), flow.to_string());
            }
        }
        aligned
    }

    /// The recorded path of a step, or of something inside it; `None` where it is new.
    fn path(&self, path: &str) -> Option<String> {
        let mut end = path.len();
        loop {
            match self.paths.get(&path[..end]) {
                Some(recorded) => {
                    return recorded
                        .as_ref()
                        .map(|recorded| format!("{recorded}{}", &path[end..]));
                }
                None => end = path[..end].rfind('/')?,
            }
        }
    }

    /// Compares the list at one path with the list at another, and what is inside of the steps that belong together.
    fn align(&mut self, was: &Lists<'_>, is: &Lists<'_>, was_at: &str, is_at: &str) {
        let none = Vec::new();
        let (recorded, edited) = (was.get(was_at).unwrap_or(&none), is.get(is_at).unwrap_or(&none));
        for (old, new) in pairs(recorded, edited) {
            self.paths.insert(new.path.to_owned(), Some(old.path.to_owned()));
            let inside: Vec<&str> = is
                .keys()
                .filter(|list| owner(list, is) == Some(new.path))
                .filter_map(|list| list.strip_prefix(new.path))
                .collect();
            for rest in inside {
                let (old, new) = (format!("{}{rest}", old.path), format!("{}{rest}", new.path));
                self.align(was, is, &old, &new);
            }
        }
    }
}

/// The step that a list of steps is directly in.
fn owner<'l>(list: &'l str, lists: &Lists<'_>) -> Option<&'l str> {
    let mut path = list;
    loop {
        let around = path.rfind('/').map(|end| &path[..end])?;
        let is_step = |step: &Step<'_>| step.path == path;
        if lists.get(around).is_some_and(|steps| steps.iter().any(is_step)) {
            return Some(path);
        }
        path = around;
    }
}

/// The steps of a flow by their lists.
fn lists(flow: &Flow) -> Lists<'_> {
    let mut lists: Lists<'_> = HashMap::new();
    let text = flow.source.text();
    for node in flow.graph.node_weights().filter(|node| node.part.is_empty()) {
        let Some((list, _)) = node.path.rsplit_once('/') else {
            continue;
        };
        let step = Step {
            path: &node.path,
            id: node.id.as_deref(),
            what: match &node.op {
                Op::Action(action) => format!("action {}", action.spec.name),
                Op::Call { flow, .. } => format!("call {flow}"),
                op => op.verb().to_owned(),
            },
            is_action: matches!(node.op, Op::Action(_)),
            text: text.get(node.span.range()).unwrap_or_default(),
        };
        lists.entry(list).or_default().push(step);
    }
    for steps in lists.values_mut() {
        steps.sort_by_key(|step| number(step.path));
        steps.dedup_by_key(|step| number(step.path));
    }
    lists
}

fn number(path: &str) -> Option<u32> {
    path.rsplit_once('/').and_then(|(_, number)| number.parse().ok())
}

/// The steps of two lists that belong together: the way through both with the most in common (a longest common subsequence,
/// weighted), then those that changed places.
fn pairs<'s, 'a>(was: &'s [Step<'a>], is: &'s [Step<'a>]) -> Vec<(&'s Step<'a>, &'s Step<'a>)> {
    let score = |old: &Step<'_>, new: &Step<'_>| -> u32 {
        let elsewhere =
            |id: Option<&str>, list: &[Step<'_>]| id.is_some() && list.iter().any(|step| step.id == id);
        if old.id.is_some() && old.id == new.id {
            16
        } else if elsewhere(old.id, is) || elsewhere(new.id, was) {
            0
        } else if old.text == new.text {
            8
        } else if old.what == new.what {
            4
        } else {
            u32::from(old.is_action && new.is_action)
        }
    };
    let mut best = vec![vec![0; is.len() + 1]; was.len() + 1];
    for (i, old) in was.iter().enumerate().rev() {
        for (j, new) in is.iter().enumerate().rev() {
            let both = match score(old, new) {
                0 => 0,
                score => score + best[i + 1][j + 1],
            };
            best[i][j] = both.max(best[i + 1][j]).max(best[i][j + 1]);
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    let (mut left_old, mut left_new) = (Vec::new(), Vec::new());
    while i < was.len() && j < is.len() {
        let score = score(&was[i], &is[j]);
        if score > 0 && best[i][j] == score + best[i + 1][j + 1] {
            pairs.push((&was[i], &is[j]));
            (i, j) = (i + 1, j + 1);
        } else if best[i][j] == best[i][j + 1] {
            left_new.push(&is[j]);
            j += 1;
        } else {
            left_old.push(&was[i]);
            i += 1;
        }
    }
    left_old.extend(&was[i..]);
    left_new.extend(&is[j..]);
    // What changed places: the most alike first.
    let mut moved: Vec<_> = left_old
        .iter()
        .flat_map(|old| left_new.iter().map(move |new| (score(old, new), *old, *new)))
        .filter(|(score, ..)| *score > 1)
        .collect();
    moved.sort_by_key(|(score, ..)| std::cmp::Reverse(*score));
    for (_, old, new) in moved {
        if !pairs
            .iter()
            .any(|pair| pair.0.path == old.path || pair.1.path == new.path)
        {
            pairs.push((old, new));
        }
    }
    pairs
}
