//! Names and their uses: ids of steps, variables, input fields. Uses are found in the parsed expressions, never as plain
//! text.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::Value;

use super::change::{EditError, apply};
use super::chunk::Chunk;
use super::draft::Draft;
use super::meaning::{Key, Meaning};
use super::tree::{Data, Id, Style, Tree};
use super::{path, scalar};
use crate::expression::{Expression, Path, Segment, Template};
use crate::syntax::is_identifier;

/// The keys of a step whose texts are templates.
const TEMPLATES: &[&str] = &[
    "with", "set", "respond", "return", "fail", "redirect", "wait", "yield",
];

/// The keys of a step that are bare expressions.
const EXPRESSIONS: &[&str] = &["if", "switch", "for_each"];

/// Stretches of a scalar's text that get another text.
type Patches = BTreeMap<Id, Vec<(Range<usize>, String)>>;

/// All steps of a flow, or of a list of steps, in the order of the text.
pub(super) fn all_steps(tree: &Tree<'_>) -> Vec<Id> {
    let mut steps = Vec::new();
    let Some(root) = tree.root else { return steps };
    let mut lists: Vec<Id> = match &tree.node(root).data {
        Data::List(_) => vec![root],
        _ => ["on_error", "steps"]
            .iter()
            .filter_map(|key| tree.get(root, key))
            .collect(),
    };
    while let Some(list) = lists.pop() {
        for item in tree.items(list) {
            if tree.is_map(item.node) {
                steps.push(item.node);
                lists.extend(lists_of(tree, item.node));
            }
        }
    }
    steps.sort_unstable();
    steps
}

/// The lists of steps in a step.
pub(super) fn lists_of(tree: &Tree<'_>, step: Id) -> Vec<Id> {
    let mut lists = Vec::new();
    for entry in tree.entries(step) {
        match tree.key(entry) {
            "cases" | "parallel" => lists.extend(tree.entries(entry.value).iter().map(|entry| entry.value)),
            "on_error" if tree.is_map(entry.value) => {
                lists.extend(tree.entries(entry.value).iter().map(|entry| entry.value));
            }
            "then" | "else" | "default" | "steps" | "on_error" => lists.push(entry.value),
            _ => {}
        }
    }
    lists.retain(|list| tree.is_list(*list));
    lists
}

/// The ids of all steps.
pub(super) fn ids(tree: &Tree<'_>) -> BTreeSet<String> {
    id_nodes(tree).into_iter().map(|(_, id)| id).collect()
}

/// Whether one of these steps, or a step in them, has an id.
pub(super) fn have_ids(tree: &Tree<'_>, steps: &[Id]) -> bool {
    let mut left = steps.to_vec();
    while let Some(step) = left.pop() {
        if tree.get(step, "id").is_some() {
            return true;
        }
        for list in lists_of(tree, step) {
            left.extend(tree.items(list).iter().map(|item| item.node));
        }
    }
    false
}

fn id_nodes(tree: &Tree<'_>) -> Vec<(Id, String)> {
    all_steps(tree)
        .into_iter()
        .filter_map(|step| tree.get(step, "id"))
        .filter_map(|node| Some((node, tree.scalar(node)?.text.clone().into_owned())))
        .collect()
}

/// A name that is not taken: `user`, `user_2`, ….
pub(super) fn free(name: &str, taken: &BTreeSet<String>) -> String {
    if !taken.contains(name) {
        return name.to_owned();
    }
    let stem = match name.rsplit_once('_') {
        Some((stem, number)) if !stem.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => stem,
        _ => name,
    };
    // One of so many is not taken.
    (2..taken.len() + 3)
        .map(|number| format!("{stem}_{number}"))
        .find(|name| !taken.contains(name))
        .unwrap_or_default()
}

/// Gives ids that are taken another number, and their uses within the same steps too.
pub(super) fn renumber(chunks: Vec<Chunk>, taken: &BTreeSet<String>) -> Result<Vec<Chunk>, EditError> {
    let text: String = chunks.iter().map(|chunk| chunk.at(0, "\n")).collect();
    let tree = Tree::read(&text).map_err(|_| {
        EditError::new("the steps use an anchor that stands outside of them: write its value out first")
    })?;
    let own = id_nodes(&tree);
    let mut all: BTreeSet<String> = taken
        .iter()
        .chain(own.iter().map(|(_, id)| id))
        .cloned()
        .collect();
    let mut patches = Patches::new();
    for (node, id) in own.iter().filter(|(_, id)| taken.contains(id)) {
        let new = free(id, &all);
        patches.entry(*node).or_default().push((0..id.len(), new.clone()));
        add_uses(&tree, &["steps", id], &new, &mut patches);
        all.insert(new);
    }
    if patches.is_empty() {
        return Ok(chunks);
    }
    let mut draft = Draft::new(&tree);
    draft.patch(patches)?;
    let changed = draft.finish(&text)?;
    Ok(vec![Chunk::read(apply(&text, &changed.changes))?])
}

/// Finds the uses of what a path leads to, `steps.user` or `input.email`.
fn add_uses(tree: &Tree<'_>, names: &[&str; 2], new: &str, patches: &mut Patches) {
    let mut look = |node: Id, is_template: bool| {
        let Some(scalar) = tree.scalar(node) else { return };
        if !scalar.text.contains(names[1]) || scalar.as_str().is_none() {
            return;
        }
        let mut found = Vec::new();
        if is_template {
            if scalar.text.contains("{{")
                && let Ok(template) = Template::parse(&scalar.text)
            {
                found.extend(
                    template
                        .references()
                        .iter()
                        .filter_map(|it| place_in(it.path, names)),
                );
            }
        } else if let Ok(bare) = Expression::parse(&scalar.text) {
            found.extend(
                bare.expression
                    .references()
                    .iter()
                    .filter_map(|it| place_in(it.path, names)),
            );
        }
        if !found.is_empty() {
            let own = patches.entry(node).or_default();
            own.extend(found.into_iter().map(|range| (range, new.to_owned())));
        }
    };
    for step in all_steps(tree) {
        for entry in tree.entries(step) {
            let key = tree.key(entry);
            if EXPRESSIONS.contains(&key) {
                look(entry.value, false);
            } else if TEMPLATES.contains(&key) {
                leaves(tree, entry.value, &mut |node| look(node, true));
            }
        }
    }
    let concurrency = tree.root.and_then(|root| tree.get(root, "concurrency"));
    if let Some(key) = concurrency.and_then(|map| tree.get(map, "key")) {
        leaves(tree, key, &mut |node| look(node, true));
    }
}

/// Where the second name of a path stands, if the path begins with these names.
fn place_in(path: &Path, names: &[&str; 2]) -> Option<Range<usize>> {
    if path.slot.is_block_local() {
        return None;
    }
    let is = |at: usize| matches!(path.segments.get(at), Some(Segment::Key(key)) if **key == *names[at]);
    if is(0) && is(1) {
        path.segment_spans.get(1).cloned()
    } else {
        None
    }
}

/// Visits the scalars under a node.
fn leaves(tree: &Tree<'_>, node: Id, visit: &mut dyn FnMut(Id)) {
    match &tree.node(node).data {
        Data::Scalar(_) => visit(node),
        Data::Alias(_) => {}
        Data::List(list) => list.items.iter().for_each(|item| leaves(tree, item.node, visit)),
        Data::Map(map) => map
            .entries
            .iter()
            .for_each(|entry| leaves(tree, entry.value, visit)),
    }
}

impl Draft<'_, '_> {
    /// Gives stretches of scalars another text.
    fn patch(&mut self, patches: Patches) -> Result<(), EditError> {
        let tree = self.tree;
        for (node, mut patches) in patches {
            let Some(scalar) = tree.scalar(node) else { continue };
            patches.sort_by_key(|(range, _)| range.start);
            patches.dedup();
            let mut text = scalar.text.clone().into_owned();
            for (range, new) in patches.iter().rev() {
                text.replace_range(range.clone(), new);
            }
            let own = tree.node(node);
            let raw = &tree.text[own.at..own.end];
            let places: Option<Vec<usize>> = patches
                .iter()
                .map(|(range, _)| same_place(&scalar.text, raw, range))
                .collect();
            let Some(places) = places else {
                self.replace_value(node, &Value::String(text))?;
                continue;
            };
            self.means_value(node, Meaning::Scalar(Value::String(text)));
            for (at, (range, new)) in places.into_iter().zip(patches) {
                let start = own.at + at;
                self.replace(start..start + range.len(), new);
            }
        }
        Ok(())
    }

    /// Gives an entry's key another name, in the style of the one before.
    fn rename_entry(&mut self, map: Id, position: usize, to: &str, is_case: bool) -> Result<(), EditError> {
        let tree = self.tree;
        if tree.position(map, to).is_some() {
            return Err(EditError::new(format!("there is a `{to}` already")));
        }
        let entry = tree.entries(map)[position];
        let Some(old) = tree.scalar(entry.key) else {
            return Err(EditError::new("this key is no text"));
        };
        let style = matches!(old.style, Style::Single | Style::Double).then_some(old.style);
        let (written, key) = match style {
            // A case may be a number, as where it is written anew; a number elsewhere stays one. What stands in quotes is
            // a text and stays one.
            None if is_case || old.as_str().is_none() => super::put::key_of_list(to, Some("cases")),
            None => (scalar::key(to, None), Key::text(to)),
            Some(_) => (scalar::key(to, style), Key::text(to)),
        };
        let node = tree.node(entry.key);
        self.replace(node.at..node.end, written);
        self.means_key(entry.value, key);
        Ok(())
    }
}

/// Where a stretch of a scalar's text stands in what is written: the same occurrence of the same text, where both have as
/// many.
fn same_place(text: &str, raw: &str, range: &Range<usize>) -> Option<usize> {
    let wanted = text.get(range.clone()).filter(|wanted| !wanted.is_empty())?;
    let nth = text.match_indices(wanted).position(|(at, _)| at == range.start)?;
    if raw.matches(wanted).count() != text.matches(wanted).count() {
        return None;
    }
    raw.match_indices(wanted).nth(nth).map(|(at, _)| at)
}

fn check_name(to: &str) -> Result<(), EditError> {
    if is_identifier(to) {
        return Ok(());
    }
    Err(EditError::new(format!(
        "`{to}` is no name: letters, digits and `_`, not beginning with a digit"
    )))
}

/// Gives a step another id, or one where it has none.
pub(super) fn rename_id(draft: &mut Draft<'_, '_>, step: &str, to: &str) -> Result<(), EditError> {
    let tree = draft.tree;
    let node = path::step(tree, step)?;
    draft.select_node(node);
    check_name(to)?;
    let own = tree.get(node, "id");
    let old = own
        .and_then(|id| tree.scalar(id))
        .map(|scalar| scalar.text.clone().into_owned());
    if old.as_deref() == Some(to) {
        return Ok(());
    }
    if ids(tree).contains(to) {
        return Err(EditError::new(format!("another step has the id `{to}`")));
    }
    match own.zip(old).filter(|(_, old)| !old.is_empty()) {
        Some((id, old)) => {
            let mut patches = Patches::new();
            add_uses(tree, &["steps", &old], to, &mut patches);
            draft.replace_value(id, &Value::String(to.to_owned()))?;
            draft.patch(patches)
        }
        None => super::set::set(
            draft,
            Some(node),
            &["id".to_owned()],
            &Value::String(to.to_owned()),
        ),
    }
}

/// Gives a key another name. The uses of a variable, an input field follow.
pub(super) fn rename(draft: &mut Draft<'_, '_>, step: &str, key: &str, to: &str) -> Result<(), EditError> {
    let tree = draft.tree;
    let lost = || EditError::new(format!("there is no key `{key}`"));
    let node = path::step_or_flow(tree, step)?.ok_or_else(lost)?;
    if !step.is_empty() {
        draft.select_node(node);
    }
    let tokens = path::tokens(key)?;
    let (name, around) = tokens.split_last().ok_or_else(lost)?;
    let map = path::below(tree, node, around)?.ok_or_else(lost)?;
    let position = tree.position(map, name).ok_or_else(lost)?;
    if name == to {
        return Ok(());
    }
    let around: Vec<&str> = around.iter().map(String::as_str).collect();
    let mut patches = Patches::new();
    match around[..] {
        ["set"] if !step.is_empty() => {
            check_name(to)?;
            // A variable may be set in many places; it is one.
            let sets: Vec<Id> = all_steps(tree)
                .into_iter()
                .filter_map(|step| tree.get(step, "set"))
                .collect();
            if sets.iter().any(|set| tree.position(*set, to).is_some()) {
                return Err(EditError::new(format!("there is a variable `{to}` already")));
            }
            for set in sets {
                if let Some(position) = tree.position(set, name) {
                    draft.rename_entry(set, position, to, false)?;
                }
            }
            add_uses(tree, &["vars", name], to, &mut patches);
        }
        ["input"] if step.is_empty() => {
            check_name(to)?;
            draft.rename_entry(map, position, to, false)?;
            add_uses(tree, &["input", name], to, &mut patches);
            trigger_uses(tree, node, name, to, &mut patches);
        }
        _ => draft.rename_entry(map, position, to, !step.is_empty() && around == ["cases"])?,
    }
    draft.patch(patches)
}

/// An input field is also a parameter of the route, and what calls are counted by.
fn trigger_uses(tree: &Tree<'_>, root: Id, name: &str, to: &str, patches: &mut Patches) {
    let Some(http) = tree
        .get(root, "trigger")
        .and_then(|trigger| tree.get(trigger, "http"))
    else {
        return;
    };
    let route = tree.get(http, "path").unwrap_or(http);
    if let Some(text) = tree.str(route) {
        let mut at = 0;
        for segment in text.split_inclusive(['/', ' ']) {
            let own = segment.trim_end_matches(['/', ' ']);
            if own.strip_prefix(':') == Some(name) {
                let start = at + 1;
                patches
                    .entry(route)
                    .or_default()
                    .push((start..start + name.len(), to.to_owned()));
            }
            at += segment.len();
        }
    }
    let by = tree
        .get(http, "rate_limit")
        .and_then(|limit| tree.get(limit, "by"));
    if let Some(by) = by
        && let Some(text) = tree.str(by)
        && text.strip_prefix("input.") == Some(name)
    {
        patches
            .entry(by)
            .or_default()
            .push(("input.".len()..text.len(), to.to_owned()));
    }
}
